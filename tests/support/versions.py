"""Which version of each client is here, read from what really runs."""

import json
import re
import subprocess
from importlib.metadata import version

import toolchains


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _python(name):
    return lambda: f"{name} {version(name)}, botocore {version('botocore')}"


def _cli2():
    return re.match(r"aws-cli/(\S+)", _said("/usr/bin/aws", "--version"))[1]


def _js():
    modules = toolchains.JS.folder / "node_modules" / "@aws-sdk"
    sdk, http = (
        json.loads((modules / name / "package.json").read_text())["version"]
        for name in ("client-sts", "credential-provider-http")
    )
    return f"client-sts {sdk}, credential-provider-http {http}, Node {_node()}"


def _js2():
    sdk = json.loads(toolchains.JS2.made.read_text())["version"]
    return f"aws-sdk {sdk}, Node {_node()}"


def _node():
    return _said("node", "--version").strip()[1:]


def _go():
    built = _said("go", "version", "-m", str(toolchains.GO.made))
    part = dict(re.findall(r"dep\tgithub\.com/aws/aws-sdk-go-v2/(config|credentials)\tv(\S+)", built))
    go = re.search(r"go(\d\S*)", built)[1]
    return f"config {part['config']}, credentials {part['credentials']}, Go {go}"


def _java(toolchain, artifact):
    def found():
        [jar] = (toolchain.made.parent / "dependency").glob(f"{artifact}-*.jar")
        jdk = re.search(r"(?m)^java.runtime.version = (.+)$", _properties())[1]
        return f"{artifact} {jar.stem.removeprefix(f'{artifact}-')}, JDK {jdk}"

    return found


def _properties():
    asked = subprocess.run(
        ["java", "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=True
    )
    return re.sub(r"(?m)^\s+", "", asked.stderr)


def _rust():
    lock = (toolchains.RUST.folder / "Cargo.lock").read_text()
    part = dict(re.findall(r'name = "(aws-config|aws-smithy-runtime)"\nversion = "(.+)"', lock))
    return f"aws-config {part['aws-config']}, aws-smithy-runtime {part['aws-smithy-runtime']}"


_OF = {
    "boto3": _python("boto3"),
    "aiobotocore": _python("aiobotocore"),
    "awscli1": lambda: f"{version('awscli')}, botocore {version('botocore')}",
    "awscli2": _cli2,
    "js3": _js,
    "js2": _js2,
    "go2": _go,
    "java2": _java(toolchains.JAVA, "sts"),
    "java1": _java(toolchains.JAVA1, "aws-java-sdk-sts"),
    "rust": _rust,
    "obstore": lambda: f"obstore {version('obstore')}",
}


def of(client):
    """The version of a client that runs here, with what under it decides about credentials."""
    return _OF[client.name]()
