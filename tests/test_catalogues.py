"""Shells whose AWS files are not the daemon's get the roles of their own files, and never another's of that name."""

import json
import shlex
import shutil
import subprocess
import sys
import time

import pytest
from stack import Stack

FETCH = (
    "import json, os, urllib.request as u; e = os.environ;"
    "r = u.Request(e['AWS_CONTAINER_CREDENTIALS_FULL_URI'],"
    " headers={'Authorization': e['AWS_CONTAINER_AUTHORIZATION_TOKEN']});"
    "print(json.load(u.urlopen(r))['AccountId'])"
)
OPEN, SECOND = "234567890123", "456789012345"
CONFIG = """
[profile prod]
role_arn = {arn}
source_profile = base
{more}
[profile {name}]
role_arn = {arn}
source_profile = base
{more}
"""
SERIAL = "arn:aws:iam::123456789012:mfa/MyIAMUsername"


class Shells:
    """A stack, and two customers: `a` whose files the daemon was started with, `b` with another prod."""

    def __init__(self, stack):
        self.stack = stack
        self.dir = stack.dir
        config = (self.dir / "aws/credentials").read_text()
        self.keys = config.replace("[central]", "[base]").replace("[default]", "[base]")
        for name, arn in (
            ("a", f"arn:aws:iam::{OPEN}:role/open-role"),
            ("b", f"arn:aws:iam::{SECOND}:role/fleet-01"),
        ):
            home = self.dir / name
            (home / ".aws").mkdir(parents=True)
            more = f"mfa_serial = {SERIAL}" if name == "b" else ""
            (home / ".aws/config").write_text(CONFIG.format(arn=arn, name=f"only-{name}", more=more))
            (home / ".aws/credentials").write_text(self.keys)
        self.a = self.shell(self.dir / "a")
        self.b = self.shell(self.dir / "b")
        stack.env = self.a
        stack.start()

    def shell(self, home, **more):
        """The environment of a shell that means the files below `home`."""
        files = {"AWS_CONFIG_FILE": home / ".aws/config", "AWS_SHARED_CREDENTIALS_FILE": home / ".aws/credentials"}
        kept = {name: value for name, value in self.stack.env.items() if not name.startswith("AWS_PROFILE")}
        return kept | {name: str(value) for name, value in files.items()} | {n: str(v) for n, v in more.items()}

    def run(self, env, *words, typed="", cwd=None, check=True):
        command = [sys.executable, "-m", "xacct.ctl", *words]
        done = subprocess.run(
            command, env=env, input=typed, cwd=cwd, check=False, capture_output=True, text=True, timeout=60
        )
        assert not check or done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def account(self, env, role="prod", **options):
        """Whose credentials that shell gets for a role."""
        return json.loads(self.run(env, "process", role, **options).stdout)["AccountId"]

    def through_exec(self, env, role="prod", **options):
        return self.run(env, "exec", role, "--", sys.executable, "-c", FETCH, **options).stdout.strip()

    def login(self, env, *roles):
        words, code = ("login", *roles, "--code", "-"), self.stack.code()
        done = self.run(env, *words, typed=code, check=False)
        if "AWS has seen that code already" in done.stderr:
            time.sleep(1.1)  # AWS's Date knows whole seconds: just past the border a daemon may be a second behind
            done = self.run(env, *words, typed=code)
        assert done.returncode == 0, done.stderr
        return done

    def json(self, env, *words):
        return json.loads(self.run(env, *words, "--json").stdout)

    def held(self, env):
        return {role["name"] for role in self.json(env, "status")["roles"] if role["state"] == "held"}


@pytest.fixture
def shells(tmp_path):
    with Stack(tmp_path, daemon=False) as stack:
        shells = Shells(stack)
        yield shells
        shells.run(shells.a, "stop", check=False)  # a daemon that a test has started itself is not the stack's to end


def test_the_same_name_is_each_shells_own_role(shells):
    assert shells.account(shells.a) == OPEN
    refused = shells.run(shells.b, "process", "prod", check=False)
    assert refused.returncode == 4, "a's prod needs no code, b's does"
    shells.login(shells.b, "prod")
    assert (shells.account(shells.b), shells.through_exec(shells.b)) == (SECOND, SECOND)
    assert (shells.account(shells.a), shells.through_exec(shells.a)) == (OPEN, OPEN)


def test_a_role_that_only_other_files_have_is_refused_with_the_files_that_were_looked_in(shells):
    done = shells.run(shells.b, "exec", "only-a", "--", "true", check=False)
    assert done.returncode != 0
    assert str(shells.dir / "b/.aws/config") in done.stderr
    assert shells.account(shells.a, "only-a") == OPEN


def test_each_shell_sees_its_own_roles_by_name_and_what_others_hold_by_a_longer_one(shells):
    shells.login(shells.b, "prod")
    shells.account(shells.a)
    assert {role["name"] for role in shells.json(shells.b, "roles")["roles"]} == {"base", "prod", "only-b"}
    assert shells.json(shells.b, "roles")["files"]["config"] == str(shells.dir / "b/.aws/config")
    for mine, others, arn in ((shells.a, "b", OPEN), (shells.b, "a", SECOND)):
        status = shells.json(mine, "status")
        rows = {role["name"]: role for role in status["roles"]}
        assert rows["prod"]["account"] == arn
        (other,) = (name for name in rows if name.startswith("prod#"))
        catalogue = next(c for c in status["catalogues"] if c["id"] == other.partition("#")[2])
        assert catalogue["config"] == str(shells.dir / others / ".aws/config")
        assert catalogue["own"] == (others == "a")
        assert not catalogue["meant"]
        assert shells.account(mine, other) != arn, "and it can be named so"
        text = shells.run(mine, "status").stdout
        assert other in text
        assert str(shells.dir / others / ".aws/config") in text


def test_logging_out_lets_the_shells_own_go_and_all_means_all(shells):
    shells.login(shells.b, "prod")
    shells.account(shells.a)
    assert "prod" in shells.run(shells.a, "logout", "prod").stdout
    assert "prod" in shells.held(shells.b)
    assert "prod" not in shells.held(shells.a)
    assert shells.run(shells.a, "process", "prod", check=False).returncode == 4
    assert shells.account(shells.b) == SECOND
    shells.run(shells.b, "logout", "--all")
    assert not shells.held(shells.a) | shells.held(shells.b)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ("~/b/.aws/config", None),
        ("$ROOT/b/.aws/config", None),
        ("${ROOT}/b/.aws/config", None),
        ("b/.aws/config", "."),
        ("../b/.aws/config", "a"),
        ("./config", "b/.aws"),
    ],
)
def test_paths_are_taken_as_awss_tools_take_them(shells, config, where):
    env = shells.b | {"AWS_CONFIG_FILE": config, "ROOT": str(shells.dir)}
    if "~" in config:
        env |= {"HOME": str(shells.dir), "AWS_SHARED_CREDENTIALS_FILE": "~/b/.aws/credentials"}
    shells.login(env if "~" in config else shells.b, "prod")
    assert shells.account(env, cwd=shells.dir / (where or ".")) == SECOND


def test_links_to_the_same_files_are_the_same_files(shells):
    (shells.dir / "link").symlink_to(shells.dir / "b")
    (shells.dir / "config-link").symlink_to(shells.dir / "a/.aws/config")
    shells.login(shells.b, "prod")
    assert shells.account(shells.shell(shells.dir / "link")) == SECOND
    linked = shells.a | {"AWS_CONFIG_FILE": str(shells.dir / "config-link")}
    assert shells.account(linked) == OPEN
    assert "prod" in shells.held(shells.a)
    (own,) = (catalogue for catalogue in shells.json(linked, "status")["catalogues"] if catalogue["meant"])
    assert own["own"]


def test_home_alone_may_differ(shells):
    def at(name):
        env = {n: v for n, v in shells.a.items() if not n.startswith(("AWS_CONFIG", "AWS_SHARED"))}
        return env | {"HOME": str(shells.dir / name)}

    shells.login(at("b"), "prod")
    assert shells.account(at("b")) == SECOND
    assert shells.through_exec(at("b")) == SECOND


def test_the_keys_are_those_of_the_shells_credentials_file(shells):
    """Same config file, other credentials: another source, whose MFA session is not the first one's."""
    shells.login(shells.b, "prod")
    strange = shells.dir / "strange"
    strange.write_text("[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n")
    env = shells.b | {"AWS_SHARED_CREDENTIALS_FILE": str(strange)}
    assert shells.run(env, "process", "prod", check=False).returncode != 0
    assert "prod" not in shells.held(env)
    assert shells.account(shells.b) == SECOND


def test_a_grant_stays_with_its_files_whoever_comes_after_and_over_restarts(shells):
    shells.login(shells.b, "prod")
    environment = exported(shells.run(shells.b, "env", "prod", "--pid", "0").stdout)
    there = shells.a | environment
    fetch = [sys.executable, "-c", FETCH]

    def fetched():
        done = subprocess.run(fetch, env=there, check=False, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    assert fetched() == SECOND
    shells.account(shells.a)
    assert fetched() == SECOND
    (grant,) = shells.stack.api("GET", "/v1/grants")["grants"]
    assert grant["files"]["config"] == str(shells.dir / "b/.aws/config")
    assert grant["roles"][0].startswith("prod#")
    shells.run(shells.a, "restart")
    assert fetched() == SECOND
    assert shells.account(shells.b) == SECOND, "the successor holds b's too"
    shells.run(shells.b, "stop")
    shells.run(shells.b, "start")
    shells.login(shells.b, "prod")
    assert fetched() == SECOND, "now b's files are the daemon's own"
    assert shells.account(shells.a) == OPEN


def test_a_grant_of_the_daemons_own_files_is_no_grant_of_the_next_daemons(shells):
    shells.account(shells.a)
    environment = exported(shells.run(shells.a, "env", "prod", "--pid", "0").stdout)
    shells.run(shells.a, "stop")
    shells.run(shells.b, "start")
    shells.login(shells.b, "prod")
    done = subprocess.run(
        [sys.executable, "-c", FETCH], env=shells.b | environment, check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == OPEN, "the grant's, though the daemon's prod is another now"


def test_a_limit_in_config_toml_is_not_got_round_by_naming_other_files(shells):
    shells.stack.settings_file.parent.mkdir(parents=True, exist_ok=True)
    shells.stack.settings_file.write_text('[roles.prod]\nconfirm = "each-grant"\n')
    shutil.copytree(shells.dir / "a", shells.dir / "copy")
    renamed = shells.dir / "copy/.aws/config"
    renamed.write_text(renamed.read_text().replace("profile prod", "profile other"))
    for role in ("other", "only-a"):
        done = shells.run(shells.shell(shells.dir / "copy"), "process", role, check=False)
        assert done.returncode == 4, "the same ARN is guarded whatever it is called"
    assert shells.run(shells.b, "process", "prod", check=False).returncode == 4


def test_files_that_vanish_and_come_back(shells):
    shells.login(shells.b, "prod")
    gone = shells.dir / "b-gone"
    (shells.dir / "b").rename(gone)
    done = shells.run(shells.b, "exec", "prod", "--", "true", check=False)
    assert shells.account(shells.a) == OPEN
    assert done.returncode == 0 or str(shells.dir / "b/.aws/config") in done.stderr
    gone.rename(shells.dir / "b")
    assert shells.account(shells.b) == SECOND


def test_a_file_that_is_none_is_refused_with_a_sentence(shells):
    (shells.dir / "bad").write_text("no section = x\n")
    done = shells.run(
        shells.b | {"AWS_CONFIG_FILE": str(shells.dir / "bad")}, "exec", "prod", "--", "true", check=False
    )
    assert done.returncode == 1
    assert str(shells.dir / "bad") in done.stderr
    for file in ("/dev/null", str(shells.dir / "nowhere")):
        env = shells.b | {"AWS_CONFIG_FILE": file}
        done = shells.run(env, "exec", "prod", "--", "true", check=False)
        assert done.returncode == 1
        assert file in done.stderr
        assert shells.run(env, "status").returncode == 0


def test_the_audit_says_whose_files_a_role_is_of(shells):
    shells.login(shells.b, "prod")
    shells.account(shells.a)
    rows = [json.loads(line) for line in shells.run(shells.a, "audit", "--json").stdout.splitlines()]
    of_prod = {row.get("files", {}).get("config") for row in rows if row["role"] == "prod"}
    assert of_prod == {None, str(shells.dir / "b/.aws/config")}
    ours = [json.loads(line) for line in shells.run(shells.b, "audit", "--json", "--role", "prod").stdout.splitlines()]
    assert {row["files"]["config"] for row in ours} == {str(shells.dir / "b/.aws/config")}
    assert str(shells.dir / "b/.aws/config") in shells.run(shells.a, "audit").stdout


def test_a_credential_process_of_ours_is_asked_for_the_files_of_its_shell(shells):
    shells.login(shells.b, "prod")
    config = shells.dir / "b/.aws/config"
    ours = f"{sys.executable} -m xacct.ctl process prod"
    config.write_text(f"{config.read_text()}\n[profile app]\ncredential_process = {ours}\n")
    session = "import boto3; print(boto3.Session(profile_name='app').client('sts').get_caller_identity()['Account'])"
    done = subprocess.run(
        [sys.executable, "-c", session], env=shells.b, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == SECOND, done.stderr


def test_a_source_that_is_a_program_finds_the_files_that_name_it(shells):
    """What credential_process runs may read AWS's files itself."""
    config = shells.dir / "b/.aws/config"
    says = shells.dir / "says.py"
    says.write_text(
        "import configparser, json, os; p = configparser.ConfigParser();"
        " p.read(os.environ['AWS_SHARED_CREDENTIALS_FILE']); b = p['base'];"
        f" assert os.environ['AWS_CONFIG_FILE'] == {str(config)!r};"
        " print(json.dumps({'Version': 1, 'AccessKeyId': b['aws_access_key_id'],"
        " 'SecretAccessKey': b['aws_secret_access_key']}))\n"
    )
    config.write_text(
        f"[profile src]\ncredential_process = {sys.executable} {says}\n"
        f"[profile prod]\nrole_arn = arn:aws:iam::{OPEN}:role/open-role\nsource_profile = src\n"
    )
    assert shells.account(shells.b) == OPEN


def test_completion_and_the_only_role_are_of_the_shells_files(shells):
    done = shells.run(shells.b, "__complete", "login", "")
    assert "only-b" in done.stdout
    assert "only-a" not in done.stdout


def test_a_role_in_a_shell_of_ours_is_still_of_the_files_that_shell_means(shells):
    """[default] has keys, so that env points AWS's variables elsewhere."""
    for file in ("config", "credentials"):
        path = shells.dir / "b/.aws" / file
        path.write_text("[default]\n" + shells.keys.partition("]")[2].lstrip() + "\n" + path.read_text())
    shells.login(shells.b, "prod")
    inner = [sys.executable, "-m", "xacct.ctl", "process", "only-b"]
    assert json.loads(shells.run(shells.b, "exec", "prod", "--", *inner).stdout)["AccountId"] == SECOND


def test_a_name_that_looks_like_another_files_role_is_no_profile(shells):
    config = shells.dir / "a/.aws/config"
    config.write_text(config.read_text().replace("only-a", "only#a-12345678"))
    roles = shells.json(shells.a, "roles")
    assert {role["name"] for role in roles["roles"]} == {"base", "prod"}
    assert any("only#a-12345678" in problem["sentence"] for problem in roles["problems"])


def exported(script):
    """The variables that a script of `env` exports."""
    found = {}
    for line in script.splitlines():
        words = shlex.split(line.rstrip(";"))
        for word in words[1:] if words[:1] == ["export"] else []:
            name, _, value = word.partition("=")
            found[name] = value
    assert found
    return found
