"""AWS CLI v2, unmodified, signs in at the sandbox's Identity Center, and what it leaves in its caches.

`XACCT_TEST_AWS` names one more v2 than the system's, for what an older one can't do yet (PKCE, endpoints by variable).
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from stack import Unix
from waiting import PATIENCE, wait_until

from xacct.sandbox.identity_center.default import SESSION_NAME, START_URL

SANDBOX = [sys.executable, "-m", "xacct.sandbox"]
AWS = [path for path in ("/usr/bin/aws", os.environ.get("XACCT_TEST_AWS")) if path]
WITH_VARIABLES = (2, 13)
WITH_PKCE = (2, 22)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

BROWSER = """\
import html.parser, sys, urllib.parse, urllib.request
page = urllib.request.urlopen(sys.argv[1]).read().decode()
request = page.partition('name="request" value="')[2].partition('"')[0]
form = urllib.parse.urlencode({"request": request, "answer": sys.argv[2]}).encode()
urllib.request.urlopen(sys.argv[1].partition("?")[0], form).read()
"""


def version(aws):
    said = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.match(r"aws-cli/(\d+)\.(\d+)", said).groups())


class Place:
    """A sandbox, and a home in which one CLI has its caches."""

    def __init__(self, directory, aws, *options):
        self.dir, self.aws, self.version = directory, aws, version(aws)
        self._command = [*SANDBOX, "run", "--dir", str(directory), "--identity-center", *options]

    @contextlib.contextmanager
    def running(self):
        with subprocess.Popen(self._command, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until((self.dir / "ready").exists, what="the sandbox")
                self.url = (self.dir / "ready").read_text().strip()
                self.env = self._environment()
                yield self
            finally:
                process.kill()

    def _environment(self):
        lines = (self.dir / "env").read_text().splitlines()
        env = dict(shlex.split(line)[1].split("=", 1) for line in lines)
        home = self.dir / "home"
        home.mkdir()
        env |= {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}
        if self.version < WITH_VARIABLES:
            env["AWS_DATA_PATH"] = str(self._models())
        return env

    def _models(self):
        """Rules that lead an older CLI here: it knows no variable for a service's endpoint."""
        endpoint = {"url": self.url, "properties": {}, "headers": {}}
        region = {"builtIn": "AWS::Region", "required": False, "documentation": "", "type": "String"}
        rule = {"conditions": [], "endpoint": endpoint, "type": "endpoint"}
        rules = {"version": "1.0", "parameters": {"Region": region}, "rules": [rule]}
        for service, day in {"sso": "2019-06-10", "sso-oidc": "2019-06-10", "sts": "2011-06-15"}.items():
            folder = self.dir / "models" / service / day
            folder.mkdir(parents=True)
            (folder / "endpoint-rule-set-1.json").write_text(json.dumps(rules))
        return self.dir / "models"

    def start(self, *arguments, **more):
        return subprocess.Popen(
            [self.aws, *arguments], env=self.env | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments, aws=None, **more):
        return subprocess.run(
            [aws or self.aws, *arguments], env=self.env | more, capture_output=True, text=True, check=False, timeout=60
        )

    def arn(self, profile, **more):
        done = self.run("sts", "get-caller-identity", "--output", "json", "--profile", profile, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["Arn"]

    def login(self, *arguments):
        done = self.run("sso", "login", "--no-browser", *self.by_device(), *(arguments or self.session))
        assert done.returncode == 0, done.stderr
        return done

    session = ("--sso-session", SESSION_NAME)

    def by_device(self):
        return ("--use-device-code",) if self.version >= WITH_PKCE else ()

    def sandbox(self, *arguments):
        done = subprocess.run(
            [*SANDBOX, *arguments, "--dir", str(self.dir)], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def calls(self, action):
        with urllib.request.urlopen(f"{self.url}/_sandbox/calls") as answer:
            return [call for call in json.load(answer) if call["action"] == action]

    def cache(self, name):
        return Path(self.env["HOME"]) / ".aws" / "sso" / "cache" / f"{hashlib.sha1(name.encode()).hexdigest()}.json"


@pytest.fixture(scope="session", autouse=True)
def built():
    """Nothing: no client of ours in another language is in here."""


@pytest.fixture(params=AWS)
def at(request, tmp_path):
    """Return a place for one CLI: at(options of the sandbox)."""
    if not Path(request.param).exists():
        pytest.skip(f"no {request.param} here")
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(Place(tmp_path / "s", request.param, *options).running())


def test_a_human_approves_the_code(at):
    place = at()
    with place.start("sso", "login", "--no-browser", *place.by_device(), *place.session) as process:
        wait_until(lambda: len(place.calls("CreateToken")) > 1, what="two polls")
        status, said = place.sandbox("approve")
        out, err = process.communicate(timeout=PATIENCE)
    assert (status, process.returncode) == (0, 0), said + err
    assert f"{place.url}/device" in out
    told = [call["error"] for call in place.calls("CreateToken")]
    # It asks at once, and at once again: the first two polls are not a second apart.
    assert told[:2] == ["AuthorizationPendingException", "SlowDownException"]
    assert told[-1] is None
    assert place.arn("sso-central").startswith("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Developer_")
    if (
        place.version >= WITH_VARIABLES
    ):  # 2.9.19 finds no token for the source of a chain: it looks in the chain's profile
        assert ":assumed-role/open-role/" in place.arn("sso-chained")


def test_what_is_in_the_caches(at):
    place = at()
    assert place.sandbox("consent", "allow")[0] == 0
    place.login()
    token = place.cache(SESSION_NAME)
    kept = json.loads(token.read_text())
    assert kept.keys() == {
        "startUrl", "region", "accessToken", "expiresAt", "clientId", "clientSecret", "registrationExpiresAt",
        "refreshToken",
    }  # fmt: skip
    assert (kept["startUrl"], kept["region"]) == (START_URL, "eu-central-1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", kept["expiresAt"])
    args = {
        "tool": "botocore", "startUrl": START_URL, "region": "eu-central-1", "scopes": ["sso:account:access"],
        "session_name": SESSION_NAME,
    }  # fmt: skip
    registration = json.loads(place.cache(json.dumps(args, sort_keys=True)).read_text())
    assert registration.keys() == {"clientId", "clientSecret", "expiresAt", "scopes"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in token.parent.iterdir()} == {0o600}
    assert len(list(token.parent.iterdir())) == 2


def test_a_legacy_profile(at):
    place = at()
    place.sandbox("consent", "allow")
    place.login("--profile", "sso-legacy")
    kept = json.loads(place.cache(START_URL).read_text())
    assert "refreshToken" not in kept
    assert place.arn("sso-legacy").startswith("arn:aws:sts::123456789012:")


def test_a_human_says_no(at):
    place = at()
    place.sandbox("consent", "deny")
    done = place.run("sso", "login", "--no-browser", *place.by_device(), *place.session)
    assert done.returncode != 0
    assert "AccessDeniedException" in done.stderr
    assert not place.cache(SESSION_NAME).exists()


def test_a_browser(at):
    place = at()
    if place.version < WITH_PKCE:
        pytest.skip("this AWS CLI signs in by device codes alone")
    browser = place.dir / "browser.py"
    browser.write_text(BROWSER)
    # The ampersand has Python's webbrowser start it and go on, as it does with a real one.
    command = f"{sys.executable} {browser} %s allow &"
    done = place.run("sso", "login", *place.session, BROWSER=command)
    assert done.returncode == 0, done.stderr
    assert [call["grant"] for call in place.calls("CreateToken")] == ["authorization_code"]
    assert place.arn("sso-central").startswith("arn:aws:sts::123456789012:")
    assert json.loads(place.cache(SESSION_NAME).read_text())["refreshToken"]
    denied = place.run("sso", "login", *place.session, BROWSER=command.replace("allow", "deny"))
    assert denied.returncode != 0
    assert "authorization code" in denied.stderr


def test_tokens_are_refreshed_and_rotate(at):
    place = at("--max-token", "600")  # a CLI refreshes what has less than 15 minutes left
    place.sandbox("consent", "allow")
    place.login()
    before = json.loads(place.cache(SESSION_NAME).read_text())
    assert place.arn("sso-central")
    after = json.loads(place.cache(SESSION_NAME).read_text())
    assert before["refreshToken"] != after["refreshToken"]
    assert [call["grant"] for call in place.calls("CreateToken")] == [DEVICE_CODE, "refresh_token"]
    place.cache(SESSION_NAME).write_text(json.dumps(before))
    assert place.arn("sso-prod")  # its refresh is refused, and its access token is good still
    assert place.calls("CreateToken")[-1]["error"] == "InvalidGrantException"


def test_a_sign_in_that_was_revoked(at):
    place = at()
    place.sandbox("consent", "allow")
    place.login()
    assert place.sandbox("revoke") == (0, "Sign-ins ended: 1.\n")
    done = place.run("sts", "get-caller-identity", "--profile", "sso-central")
    assert done.returncode != 0
    assert "expired or is otherwise invalid" in done.stderr


def test_logout_ends_the_sign_in(at):
    place = at()
    place.sandbox("consent", "allow")
    place.login()
    assert place.run("sso", "logout").returncode == 0
    assert [call["status"] for call in place.calls("Logout")] == [200]
    assert not place.cache(SESSION_NAME).exists()


@pytest.mark.parametrize("reader", ["v1", "boto3"])
def test_others_read_what_v2_has_signed_in(at, reader):
    place = at()
    place.sandbox("consent", "allow")
    place.login()
    if reader == "v1":
        arn = place.arn("sso-central", aws=str(Path(sys.executable).with_name("aws")))
    else:
        program = "import boto3; s = boto3.Session(profile_name='sso-central');"
        program += "print(s.client('sts').get_caller_identity()['Arn'])"
        arn = place.run("-c", program, aws=sys.executable).stdout
    assert arn.startswith("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Developer_")
    assert len(place.calls("RegisterClient")) == 1


def test_a_sign_in_that_is_over(at):
    place = at("--max-sign-in", "3")
    place.sandbox("consent", "allow")
    place.login()
    time.sleep(3.1)
    done = place.run("sts", "get-caller-identity", "--profile", "sso-central")
    assert done.returncode != 0
    assert place.calls("CreateToken")[-1]["error"] == "InvalidGrantException"


def xacctctl(place, *arguments):
    command = [sys.executable, "-m", "xacct.ctl", *arguments]
    return subprocess.run(command, env=place.env, capture_output=True, text=True, check=False, timeout=60)


def log_in(place, *roles, **more):
    """The events of a login by xacctd, at whose terminal somebody sits."""
    connection = Unix(Path(place.env["XDG_RUNTIME_DIR"]) / "xacct" / "control.sock")
    with contextlib.closing(connection):
        connection.request("POST", "/v1/login", json.dumps({"roles": list(roles), **more}))
        said = [json.loads(line) for line in connection.getresponse().read().splitlines() if line.strip()]
    assert said[-1] == {"event": "done", "failed": 0}, said


def test_the_cli_is_signed_in_by_what_xacctd_shares_and_each_goes_on_from_the_other(at):
    place = at("--max-token", "600")  # a CLI refreshes what has less than 15 minutes left: at each command here
    settings = Path(place.env["XDG_CONFIG_HOME"], "xacct", "config.toml")
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[identity_center]\nshare_cache = true\n")
    assert xacctctl(place, "start").returncode == 0
    try:
        assert place.sandbox("consent", "allow")[0] == 0
        log_in(place, "sso-staging")
        assert place.sandbox("consent", "deny")[0] == 0
        file = place.cache(SESSION_NAME)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        tokens = [json.loads(file.read_text())["refreshToken"]]
        for profile in ("sso-central", "sso-prod"):  # the CLI keeps a role's credentials, and asks for none again
            assert "assumed-role/AWSReservedSSO_" in place.arn(profile)
            tokens.append(json.loads(file.read_text())["refreshToken"])
            assert xacctctl(place, "logout", "--all").returncode == 0
            log_in(place, "sso-staging", attend=False)
            tokens.append(json.loads(file.read_text())["refreshToken"])
        assert len(set(tokens)) == 5, "each has renewed twice, by what the other had left"
        assert {call["status"] for call in place.calls("CreateToken") if call["grant"] == "refresh_token"} == {200}
        assert [len(place.calls(name)) for name in ("RegisterClient", "StartDeviceAuthorization")] == [1, 1]
    finally:
        assert xacctctl(place, "stop").returncode == 0


def test_a_sign_in_of_the_cli_is_xacctds_too_and_its_cache_is_left_as_it_was(at):
    place = at()
    with subprocess.Popen([sys.executable, "-m", "xacct.daemon"], env=place.env, stderr=subprocess.DEVNULL) as daemon:
        try:
            # --no-start: else each look starts one more, which nobody ends
            wait_until(lambda: xacctctl(place, "status", "--no-start").returncode == 0, what="xacctd")
            refused = xacctctl(place, "login", "sso-staging")
            assert (refused.returncode, "needs a sign-in" in refused.stderr) == (4, True), refused
            assert place.sandbox("consent", "allow")[0] == 0
            place.login()
            before = place.cache(SESSION_NAME).read_bytes()
            done = xacctctl(place, "login", "sso-staging", "sso-prod")
            assert done.returncode == 0, done.stderr
            assert len(place.calls("StartDeviceAuthorization")) == 1, "the CLI's own"
            assert place.cache(SESSION_NAME).read_bytes() == before
            assert "AWSReservedSSO_Developer" in place.arn("sso-staging")
        finally:
            daemon.terminate()
            daemon.wait(PATIENCE)
