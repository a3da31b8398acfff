"""credential_source = EcsContainer and Ec2InstanceMetadata, against doubles on loopback, beside botocore."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from botocore.credentials import ContainerProvider

from xacct import catalogue, errors
from xacct.aws import profiles
from xacct.aws.sources import FileSources
from xacct.aws.sources.ec2_metadata import EC2, Ec2Metadata
from xacct.aws.sources.ecs_container import ECS_CONTAINER, EcsContainer
from xacct.host import ec2

KEYS = {
    "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
    "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG",
    "Token": "IQoJb3JpZ2lu",
    "Expiration": "2999-01-01T00:00:00Z",
    "AccountId": "123456789012",
}


class Double:
    """What a container's endpoint and EC2's metadata service answer, as AWS documents them."""

    def __init__(self):
        self.seen, self.answer, self.token, self.role = [], web.json_response, "T0KEN", "instance-role"
        self.body = {"Code": "Success", **KEYS}

    async def container(self, request):
        self.seen.append((request.path_qs, request.headers.get("Authorization")))
        if request.headers.get("Authorization") not in (None, "Bearer right"):
            return web.Response(status=401)
        return self.answer(self.body)

    async def new_token(self, request):
        self.seen.append(("PUT", request.headers.get("x-aws-ec2-metadata-token-ttl-seconds")))
        return web.Response(text=self.token) if self.token else web.Response(status=403)

    async def metadata(self, request):
        self.seen.append(("GET", request.path))
        if request.headers.get("x-aws-ec2-metadata-token") != self.token:
            return web.Response(status=401)
        return self.answer(self.body) if request.match_info["role"] else web.Response(text=self.role)

    @asynccontextmanager
    async def serving(self):
        app = web.Application()
        app.add_routes(
            [
                web.get("/v2/credentials/{id}", self.container),
                web.put("/latest/api/token", self.new_token),
                web.get("/latest/meta-data/iam/security-credentials/{role:.*}", self.metadata),
            ]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{self.port}"
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
async def double():
    async with Double().serving() as double:
        yield double


def container_env(double, **more):
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{double.url}/v2/credentials/x?id=1", **more}


async def refusal(work, kind=errors.SourceUnusable):
    with pytest.raises(kind) as error:
        await work
    return error.value.sentence


@pytest.mark.parametrize(("setting", "source"), [("EcsContainer", ECS_CONTAINER), ("Ec2InstanceMetadata", EC2)])
def test_a_profile_that_names_one_starts_from_it(tmp_path, setting, source):
    (tmp_path / "config").write_text(f"[profile p]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = {setting}\n")
    env = {"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none"}
    assert profiles.read(env).roles["p"].parent == source
    assert source.temporary, "AWS opens no MFA session with them"


def test_it_is_none_of_other_files_than_the_daemons_own(tmp_path):
    """Whose environment leads to which machine is known of the daemon alone."""
    (tmp_path / "config").write_text(
        "".join(
            f"[profile {name}]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = {name}\n"
            for name in ("EcsContainer", "Ec2InstanceMetadata")
        )
    )
    found = profiles.read({"AWS_CONFIG_FILE": f"{tmp_path}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/none"})
    catalogue._refuse_environment(found)
    assert found.roles == {}
    assert "credential_source = EcsContainer of 'EcsContainer' means what is said in your shell" in str(
        found.problems[0].sentence
    )


# A container.


async def test_a_containers_role_is_had_with_its_token(double, tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "token").write_text("Bearer right")
    env = container_env(
        double,
        AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer wrong",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=f"{tmp_path}/token",
    )
    keys = await FileSources(env).load(ECS_CONTAINER)
    assert (keys.access_key_id, keys.session_token, keys.account_id) == (
        KEYS["AccessKeyId"],
        KEYS["Token"],
        "123456789012",
    )
    assert keys.expires_at > 3e10
    assert double.seen == [("/v2/credentials/x?id=1", "Bearer right")], "of the file, and by no proxy"


async def test_botocore_has_the_same_of_it(double):
    env = container_env(double, AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer right")
    theirs = await asyncio.to_thread(ContainerProvider(environ=env).load)
    ours = await FileSources(env).load(ECS_CONTAINER)
    assert (theirs.access_key, theirs.token) == (ours.access_key_id, ours.session_token)
    assert double.seen[0] == double.seen[1]


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("http://example.com/x", "names no credentials endpoint"),
        ("http://169.254.169.254/x", "names no credentials endpoint"),
        ("ftp://127.0.0.1/x", "names no credentials endpoint"),
        ("http://[127.0.0.1/x", "names no credentials endpoint"),
        ("", "names no credentials endpoint"),
        (None, "runs in no container"),
    ],
)
async def test_where_no_sdk_asks_we_do_not_either(uri, why):
    env = {} if uri is None else {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}
    assert why in await refusal(FileSources(env).load(ECS_CONTAINER))


def test_a_relative_address_is_at_the_containers_own_host():
    kind = EcsContainer()
    both = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"}
    assert kind._address({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", **both}) == "http://169.254.170.2/v2/x"
    assert kind._address({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.example/x"}) == "http://169.254.170.2/"


async def test_our_own_endpoint_is_no_source(double):
    sources = FileSources(container_env(double), own_ports=lambda: {double.port})
    assert "is xacctd itself" in await refusal(sources.load(ECS_CONTAINER))
    sources = FileSources({"AWS_EC2_METADATA_SERVICE_ENDPOINT": double.url}, own_ports=lambda: {double.port})
    assert "is xacctd itself" in await refusal(sources.load(EC2))
    assert double.seen == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Expiration": None}, "without an end"),
        ({"Expiration": "soon"}, "no date"),
        ({"Expiration": "2999-01-01T00:00:00"}, "without a time zone"),
        ({"Token": ""}, "no Token"),
        ({"SecretAccessKey": "a b"}, "characters that none has"),
        ({"Code": "Failed"}, "has no credentials to give"),
    ],
)
async def test_what_are_no_credentials_is_said(double, change, why):
    double.body |= change
    assert why in await refusal(FileSources(container_env(double)).load(ECS_CONTAINER))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _: web.Response(text="<html>"), "no JSON"),
        (lambda _: web.Response(text="[1]"), "no JSON object"),
        (lambda _: web.Response(status=500), "status 500"),
        (lambda _: web.Response(status=307, headers={"Location": "/v2/credentials/y"}), "status 307"),
        (lambda _: web.Response(body=b" " * 70_000), "more than credentials are"),
    ],
)
async def test_what_is_no_answer_of_such_an_endpoint_is_said(double, answer, why):
    double.answer = answer
    assert why in await refusal(FileSources(container_env(double)).load(ECS_CONTAINER))
    assert len(double.seen) == 1, "no redirect is followed"


async def test_a_token_of_two_lines_is_refused(double, tmp_path):
    (tmp_path / "token").write_text("a\nb")
    env = container_env(double, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=f"{tmp_path}/token")
    assert "no text for a header" in await refusal(FileSources(env).load(ECS_CONTAINER))
    env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = f"{tmp_path}/gone"
    assert "can't be read" in await refusal(FileSources(env).load(ECS_CONTAINER))


async def test_an_endpoint_that_is_away_passes(double):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x"}
    await refusal(FileSources(env).load(ECS_CONTAINER), errors.AwsUnavailable)


# An instance.


async def test_an_instances_role_is_had_with_a_token_of_the_service(double):
    keys = await FileSources({"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{double.url}/"}).load(EC2)
    assert keys.access_key_id == KEYS["AccessKeyId"]
    roles = "/latest/meta-data/iam/security-credentials/"
    assert double.seen == [("PUT", "21600"), ("GET", roles), ("GET", f"{roles}instance-role")]


async def test_without_a_token_nothing_is_asked_for(double):
    double.token = ""
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": double.url}
    assert "status 403" in await refusal(FileSources(env).load(EC2))
    assert double.seen == [("PUT", "21600")]


@pytest.mark.parametrize("role", ["", "a/../../x", "a\nb", "x" * 65])
async def test_a_role_that_is_none_is_not_asked_for(double, role):
    double.role = role
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": double.url}
    assert "names no role" in await refusal(FileSources(env).load(EC2))
    assert len(double.seen) == 2


async def test_elsewhere_than_on_an_instance_nobody_is_asked():
    """At 169.254.169.254 there may be anybody of the same network."""
    assert "runs on no EC2 instance" in await refusal(Ec2Metadata(is_instance=lambda: False).load(EC2, {}))
    disabled = {"AWS_EC2_METADATA_DISABLED": "true"}
    assert "switches EC2's metadata off" in await refusal(Ec2Metadata(is_instance=lambda: True).load(EC2, disabled))
    here = Ec2Metadata(is_instance=lambda: True)
    assert here._address({}) == "http://169.254.169.254"
    assert here._address({"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}) == "http://[fd00:ec2::254]"
    wrong = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "nowhere"}
    assert "is no address" in await refusal(here.load(EC2, wrong))


@pytest.mark.parametrize(
    ("file", "text", "is_one"),
    [
        ("devices/virtual/dmi/id/sys_vendor", "Amazon EC2\n", True),
        ("devices/virtual/dmi/id/bios_version", "4.11.amazon\n", True),
        ("hypervisor/uuid", "ec2e1916-9099\n", True),
        ("devices/virtual/dmi/id/sys_vendor", "LENOVO\n", False),
        ("hypervisor/uuid", "00000000\n", False),
    ],
)
def test_a_machine_says_whether_it_is_an_instance(tmp_path, file, text, is_one):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)
    assert ec2.is_instance(tmp_path) is is_one
