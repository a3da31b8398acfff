"""Where a role's calls go: what its own profile says, and next to nothing of the environment."""

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import two_resolvers as two
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from virtual_time import Clock

from xacct import errors
from xacct.aws import inifiles, profiles, sdk, targets
from xacct.aws.sts import Sts, region_of
from xacct.clock import AwsClock
from xacct.model import Credentials, Role, Source, StsTarget

KEYS = "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n"
ROLE = "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"


@pytest.fixture
def read(tmp_path):
    def read(config, credentials=KEYS, **env):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(credentials)
        files = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/credentials"}
        return profiles.read({**files, **env})

    return read


def test_default_has_no_say(read):
    default = (
        "[default]\nregion = eu-west-1\nendpoint_url = http://localhost:1\nca_bundle = /x\nuse_fips_endpoint = true\n"
        "sts_regional_endpoints = legacy\nservices = s\n[services s]\nsts =\n  endpoint_url = http://localhost:2\n"
    )
    prod = read(f"{default}[profile prod]\n{ROLE}").roles["prod"]
    assert (prod.region, prod.target) == (None, StsTarget())


def test_a_source_has_no_say(read):
    prod = read(f"[profile base]\nendpoint_url = http://localhost:1\nca_bundle = /x\n[profile prod]\n{ROLE}").roles[
        "prod"
    ]
    assert prod.target == StsTarget()


def test_its_own_profile_has(read):
    own = "ca_bundle = /ca\nsts_regional_endpoints = legacy\nproxy_ca_bundle = /p\nproxy_client_cert = /c\n"
    found = read(
        f"[profile a]\n{ROLE}{own}[profile b]\n{ROLE}endpoint_url = http://localhost:1\n"
        f"[profile c]\n{ROLE}services = s\nendpoint_url = http://localhost:1\n"
        f"[profile d]\n{ROLE}use_fips_endpoint = true\nuse_dualstack_endpoint = true\n"
        f"[profile e]\n{ROLE}endpoint_url = http://localhost:1\nignore_configured_endpoint_urls = true\n"
        "[services s]\nsts =\n  endpoint_url = http://localhost:2\n"
    )
    assert found.roles["a"].target == StsTarget(
        ca_bundle="/ca", legacy=True, proxy_ca_bundle="/p", proxy_client_cert="/c"
    )
    assert found.roles["b"].target == StsTarget(endpoint_url="http://localhost:1")
    assert found.roles["c"].target == StsTarget(endpoint_url="http://localhost:2")
    assert found.roles["d"].target == StsTarget(fips=True, dualstack=True)
    assert found.roles["e"].target == StsTarget()


def test_the_daemons_environment_has_a_say_only_where_the_profile_has_none(read):
    env = {"AWS_ENDPOINT_URL_STS": "http://localhost:9", "AWS_CA_BUNDLE": "/env"}
    found = read(
        f"[profile a]\n{ROLE}[profile b]\n{ROLE}endpoint_url = http://localhost:1\nca_bundle = /own\n"
        f"[profile c]\n{ROLE}use_fips_endpoint = true\n[profile d]\n{ROLE}ignore_configured_endpoint_urls = true\n",
        **env,
    )
    assert found.roles["a"].target == StsTarget(endpoint_url="http://localhost:9", ca_bundle="/env")
    assert found.roles["b"].target == StsTarget(endpoint_url="http://localhost:1", ca_bundle="/own")
    assert found.roles["c"].target == StsTarget(fips=True, ca_bundle="/env")
    assert found.roles["d"].target == StsTarget(ca_bundle="/env")
    assert "AWS_ENDPOINT_URL_STS" in found.roles["a"].target.origin("endpoint_url")


def test_no_other_variable_steers_the_client(read, monkeypatch):
    """Neither what is read at the start of the daemon, nor what the SDK would look up by itself."""
    others = {
        variables for _, variables, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if isinstance(variables, str)
    }
    counts = {*targets.VARIABLES, "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    for name in {*others, "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"} - counts:
        monkeypatch.setenv(name, "http://localhost:1" if "ENDPOINT_URL" in name else "bogus")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://localhost:1")  # of the process: what counts is in the target
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "bogus")
    prod = read(f"[profile prod]\n{ROLE}region = eu-west-1\n", AWS_ENDPOINT_URL="http://localhost:1").roles["prod"]
    clients = two.Recording(lambda: 1.8e9)
    client = asyncio.run(clients.get(prod.target, "eu-west-1"))
    assert client.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:iam::1:role/r", "us-east-1"),
        ("arn:aws-us-gov:iam::1:role/r", "us-gov-west-1"),
        ("arn:aws-cn:iam::1:role/r", "cn-northwest-1"),
        ("arn:aws-eusc:iam::1:role/r", "eusc-de-east-1"),
        ("arn:of-tomorrow:iam::1:role/r", "us-east-1"),
        ("no arn", "us-east-1"),
    ],
)
def test_where_nothing_names_a_region_the_partition_follows_the_arn(arn, region):
    assert region_of(Role("x", Source("base", "profile"), arn)) == region
    assert region_of(Role("x", Source("base", "profile"), arn, region="eu-west-1")) == "eu-west-1"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("region = eu-central-1  # home", "region of [profile x] in {} is 'eu-central-1  # home'"),
        ('region = "eu-central-1"', "no region of AWS's"),
        ("region = eu-central-1a", "no region of AWS's"),
        ("region = EU Frankfurt", "no region of AWS's"),
        ("endpoint_url = localhost:4566", "endpoint_url of [profile x] in {} has to begin with http://"),
        ("services = nope", "services of [profile x] in {} names [services nope], which does not exist"),
        (
            "sts_regional_endpoints = bogus",
            "sts_regional_endpoints of [profile x] in {} is neither regional nor legacy",
        ),
        ("use_fips_endpoint = yes", "use_fips_endpoint of [profile x] in {} is neither true nor false"),
        ("ca_bundle =", "ca_bundle of [profile x] in {} is empty"),
        ("external_id =", "external_id of [profile x] in {} is empty"),
        ("credential_source = Environment", "both source_profile and credential_source"),
        ("proxy_use_forwarding_for_https = true", "proxy_use_forwarding_for_https of [profile x]"),
    ],
)
def test_what_cant_be_meant_names_the_setting_and_the_file(read, tmp_path, line, says):
    found = read(f"[profile x]\n{ROLE}{line}\n[profile y]\n{ROLE}")
    assert says.format(tmp_path / "config") in found.unusable["x"].sentence
    assert set(found.roles) == {"y", "base"}


def test_a_chain_whose_hops_have_other_addresses_is_refused(read):
    config = "[profile a]\n{}[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = a\nendpoint_url = http://localhost:1\n"
    assert "endpoint_url" in read(config.format(ROLE)).unusable["b"].sentence
    assert "b" in read(config.format(f"{ROLE}endpoint_url = http://localhost:1\n")).roles


def test_what_hangs_from_a_role_that_is_refused_is_refused_with_it(read):
    hop = "[profile {}]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = {}\n"
    found = read(f"[profile a]\n{ROLE}endpoint_url = http://localhost:1\n{hop.format('b', 'a')}{hop.format('c', 'b')}")
    assert set(found.roles) == {"a", "base"}
    assert found.unusable["c"].sentence == "The chain of 'c' ends at 'b', which can't be used."


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"ca_bundle": "/nonexistent.pem"}, "ca_bundle names /nonexistent.pem, which can't be read"),
        ({"ca_bundle": __file__}, "holds no usable certificate"),
        ({"proxy_ca_bundle": "/nonexistent.pem"}, "proxy_ca_bundle names /nonexistent.pem"),
        ({"proxy_client_cert": "/nonexistent.pem"}, "proxy_client_cert names /nonexistent.pem"),
        ({"endpoint_url": "localhost:4566"}, "endpoint_url has to begin with http://"),
    ],
)
async def test_what_no_client_can_be_made_of_names_the_setting(target, says):
    with pytest.raises(errors.ConfigError) as caught:
        await asked(StsTarget(**target))
    assert says in caught.value.sentence


@pytest.mark.parametrize(
    ("proxy", "says"), [("socks5://127.0.0.1:1", "SOCKS"), ("ftp://x", "has to begin"), ("http://", "names no host")]
)
async def test_a_proxy_that_cant_be_used_is_named_with_its_variable(monkeypatch, proxy, says):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(errors.ConfigError, match="HTTPS_PROXY") as caught:
        await asked(StsTarget())
    assert says in caught.value.sentence


async def asked(target):
    """What comes of a call with a code."""
    clock = AwsClock(Clock().read)
    sts = Sts(clock)
    role = Role("prod", Source("base", "profile"), None, mfa_serial="arn:aws:iam::123456789012:mfa/u", target=target)
    try:
        return await sts.get_session_token(Credentials("AKIABASE", "s"), role, code="123456", duration=900)
    finally:
        await sts.close()


@contextmanager
def answering(status, body, **headers):
    """An HTTP server in the place of STS; what it is sent is in `heard`."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
    finally:
        server.shutdown()
        server.server_close()


WITHOUT_A_DATE = b"""<GetSessionTokenResponse><GetSessionTokenResult><Credentials><AccessKeyId>A</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>soon</Expiration></Credentials>
</GetSessionTokenResult></GetSessionTokenResponse>"""

NOT_STS = [
    b"<html><body><p>Please log in<br></body></html>",
    b"<html><body>Please log in</body></html>",
    b"",
    b"{}",
    b"<GetSessionTokenResponse/>",
    b"<R><GetSessionTokenResult><Credentials/></GetSessionTokenResult></R>",
    WITHOUT_A_DATE,
]


@pytest.mark.parametrize("body", NOT_STS, ids=lambda body: body[:30].decode())
@pytest.mark.parametrize("status", [200, 302, 511])
async def test_an_answer_without_credentials_is_the_networks_fault(body, status):
    with answering(status, body) as (url, _), pytest.raises(errors.Temporary) as caught:
        await asked(StsTarget(endpoint_url=url))
    assert "report" not in caught.value.sentence


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_code_follows_no_redirect(status):
    with answering(200, b"") as (elsewhere, heard), answering(status, b"", Location=elsewhere) as (url, asked_for):
        with pytest.raises(errors.Temporary):
            await asked(StsTarget(endpoint_url=url))
        assert len(asked_for) == 1
        assert heard == []


async def test_a_proxy_that_wants_a_password_is_said_so():
    with answering(407, b"<html>") as (url, _), pytest.raises(errors.ConfigError, match="407"):
        await asked(StsTarget(endpoint_url=url))


async def test_the_global_endpoint_is_signed_for_its_own_region(read):
    prod = read(f"[profile prod]\n{ROLE}region = eu-central-1\nsts_regional_endpoints = legacy\n").roles["prod"]
    sts = Sts(AwsClock(Clock().read))
    sts._clients = two.Recording(lambda: 1.8e9)
    await sts.assume_role(Credentials("AKIABASE", "s"), prod, session_name="me", duration=900, code=None)
    assert sts._clients.calls[0].where == ("https://sts.amazonaws.com", "us-east-1")


def iam_of(name, config, tmp_path, **env):
    (tmp_path / "config").write_text(config)
    found = inifiles.read(tmp_path / "config", tmp_path / "none")
    return targets.of_iam(name, found, env).endpoint_url


def test_iam_is_where_the_profile_says_or_the_variable_or_where_sts_is_if_that_is_not_awss(tmp_path):
    plain, sandbox = "[profile p]\nregion = eu-west-1\n", "http://localhost:1"
    assert iam_of("p", plain, tmp_path) is None
    assert iam_of("p", plain, tmp_path, AWS_ENDPOINT_URL_STS=sandbox) == sandbox
    assert iam_of("p", plain, tmp_path, AWS_ENDPOINT_URL_STS="https://v.sts.eu-west-1.vpce.amazonaws.com") is None
    both = {"AWS_ENDPOINT_URL_STS": sandbox, "AWS_ENDPOINT_URL_IAM": "http://localhost:2"}
    assert iam_of("p", plain, tmp_path, **both) == "http://localhost:2"
    own = "[profile p]\nservices = s\n[services s]\nsts =\n  endpoint_url = http://localhost:3\n"
    assert iam_of("p", own, tmp_path) == "http://localhost:3", "nobody else is to see what is signed with such keys"
    assert iam_of("p", f"{own}iam =\n  endpoint_url = http://localhost:4\n", tmp_path, **both) == "http://localhost:4"
    assert iam_of("p", f"{plain}endpoint_url = http://localhost:5\n", tmp_path) == "http://localhost:5"
    with pytest.raises(errors.ConfigError, match="AWS_ENDPOINT_URL_IAM"):
        iam_of("p", plain, tmp_path, AWS_ENDPOINT_URL_IAM="nowhere")


@pytest.mark.parametrize(
    ("region", "host", "signed"),
    [
        ("eu-central-1", "iam.amazonaws.com", "us-east-1"),
        ("cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
    ],
)
def test_iam_is_one_of_each_partition(region, host, signed):
    endpoint = sdk._endpoint("iam", region, fips=False, dualstack=False)
    assert endpoint.url == f"https://{host}"
    assert sdk._signing_region(endpoint) == signed
