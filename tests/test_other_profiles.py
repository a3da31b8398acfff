"""In a shell of ours no profile means the role, any other is what it is outside, and tools write the user's files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from stack import Stack, wait_until
from waiting import PATIENCE

BIN = Path(sys.executable).parent
WHO = [str(BIN / "aws"), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
EACH = """\
import sys
from botocore.session import Session
for profile in sys.argv[1:]:
    print(Session(profile=profile).create_client("sts").get_caller_identity()["Arn"])
"""
"""The same of several profiles, by what the command line finds them with, in one process."""

CONFIG = """\
# mine
[default]
region = us-east-1
output = json
s3 =
    max_concurrent_requests = 20

[profile open]
role_arn = arn:aws:iam::234567890123:role/open-role
source_profile = base
region = eu-central-1

[profile work]
region = eu-west-1

[profile chained]
role_arn = arn:aws:iam::234567890123:role/open-role
role_session_name = chained
source_profile = base

[sso-session corp]
sso_start_url = https://x.invalid
sso_region = us-east-1
"""
KEYS = "aws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
CREDENTIALS = f"[default]\n{KEYS}\n[base]\n{KEYS}\n[work] ; not the shell's\n{KEYS}".replace(" ; not the shell's", "")

WAYS = {
    "keys": ("", CREDENTIALS),
    "keys in config": (KEYS, None),
    "a role": ("role_arn = arn:aws:iam::678901234567:role/second-role\nsource_profile = base\n", None),
    "a process": ("credential_process = {echo}\n", None),
    "sso": ("sso_session = corp\nsso_account_id = 123456789012\nsso_role_name = x\n", None),
    "old sso": (
        "sso_start_url = https://x.invalid\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = x\n",
        None,
    ),
    "web identity": ("role_arn = arn:aws:iam::678901234567:role/x\nweb_identity_token_file = /nowhere\n", None),
    "login": ("login_session = arn:aws:iam::123456789012:user/x\n", None),
}
"""What [default] has besides its settings, and the credentials file, where it is not only other profiles' keys."""


class Place:
    """A daemon, and AWS files of the user's in a directory beside it."""

    def __init__(self, stack, directory):
        self.stack = stack
        self.config, self.credentials = directory / "config", directory / "credentials"
        directory.mkdir()
        given = (stack.dir / "aws" / "credentials").read_text()
        self.key, self.secret = (line.partition(" = ")[2] for line in given.splitlines() if line.startswith("aws_"))
        self.env = {
            **stack.env,
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }

    def write(self, extra="", credentials=None):
        process = f'echo \'{{"Version":1,"AccessKeyId":"{self.key}","SecretAccessKey":"{self.secret}"}}\''
        fill = {"key": self.key, "secret": self.secret, "echo": process}
        bare = CREDENTIALS.partition("[base]")
        text = CONFIG.replace("output = json\n", f"output = json\n{extra.format(**fill)}", 1)
        self.config.write_text(text)
        self.credentials.write_text((credentials or bare[1] + bare[2]).format(**fill))

    def run(self, *command, check=True, env=None):
        done = subprocess.run(
            command, env=env or self.env, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def inside(self, *command, check=True, **env):
        return self.run("xacctctl", "exec", "open", "--", *command, check=check, env=self.env | env)

    def who(self, *words):
        return self.inside(*WHO, *words).stdout.strip()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("s"), daemon=False) as stack:
        (stack.dir / "mine").mkdir()
        yield stack


@pytest.fixture
def place(stack, tmp_path):
    place = Place(stack, tmp_path / "aws")
    place.write(credentials=CREDENTIALS)
    yield place
    place.run("xacctctl", "stop", check=False)


def test_profiles_are_what_they_are_outside(place):
    assert ":assumed-role/open-role/" in place.who()
    assert place.who("--profile", "work").endswith(":user/MyIAMUsername")
    everybody = [sys.executable, "-c", EACH, "work", "base", "default", "chained"]
    outside = place.run(*everybody).stdout
    assert outside.count(":user/") == 3
    assert place.inside(*everybody).stdout == outside
    assert (
        "ProfileNotFound"
        in place.inside(sys.executable, "-c", "import boto3; boto3.Session(profile_name='none')", check=False).stderr
    )


@pytest.mark.parametrize("way", WAYS)
def test_whatever_default_has_a_program_without_a_profile_is_the_role(place, way):
    place.write(*WAYS[way])
    assert ":assumed-role/open-role/" in place.who()
    assert place.who("--profile", "work").endswith(":user/MyIAMUsername")


def test_settings_of_default_that_are_no_credentials_stay(place):
    show = "import botocore.session as b; print(b.get_session().get_scoped_config())"
    assert "'max_concurrent_requests': '20'" in place.inside(sys.executable, "-c", show).stdout


def test_what_a_tool_sets_reaches_the_users_file_and_nothing_else_changes(place):
    aws = str(BIN / "aws")
    before = place.config.read_text()
    place.inside(aws, "configure", "set", "region", "sa-east-1", "--profile", "work")
    assert place.config.read_text() == before.replace(
        "[profile work]\nregion = eu-west-1", "[profile work]\nregion = sa-east-1"
    )
    place.inside(aws, "configure", "set", "region", "ap-south-1", "--profile", "fresh")
    assert place.config.read_text().endswith("[profile fresh]\nregion = ap-south-1\n")
    place.inside(aws, "configure", "set", "aws_access_key_id", "AKIAEXAMPLE", "--profile", "fresh")
    assert "[fresh]\naws_access_key_id = AKIAEXAMPLE\n" in place.credentials.read_text()
    place.inside(aws, "configure", "set", "output", "text")
    assert place.config.read_text().startswith(before.partition("output")[0] + "output = text\ns3 =\n")
    assert "xacct" not in place.config.read_text() + place.credentials.read_text()
    assert ":assumed-role/open-role/" in place.who()


def test_while_a_shell_lives_both_sides_see_each_other(place):
    shell = subprocess.Popen(["bash"], env=place.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(line):
        shell.stdin.write(f"{line}; echo end\n")
        shell.stdin.flush()
        return "".join(iter(shell.stdout.readline, "end\n"))

    say('eval "$(xacctctl env open 2>/dev/null)"')
    say("aws configure set region sa-east-1 --profile work")
    wait_until(lambda: "sa-east-1" in place.config.read_text(), what="the user's file")
    place.config.write_text(place.config.read_text() + "[profile later]\nregion = me-south-1\n")
    wait_until(lambda: "me-south-1" in say("aws configure get region --profile later 2>&1"), what="the shell's copy")
    say('eval "$(xacctctl env open 2>/dev/null)"')  # again, in the same shell
    assert "/aws-config-" in say("echo $AWS_CONFIG_FILE")
    assert ":assumed-role/open-role/" in say(" ".join(WHO))
    assert say(f"xacctctl exec open -- {' '.join(WHO)} --profile work 2>/dev/null").endswith(":user/MyIAMUsername\n")
    shell.stdin.close()
    assert shell.wait(PATIENCE) == 0
    shell.stdout.close()


@pytest.mark.parametrize("shape", ["crlf", "no end", "a profile of that name", "a symlink"])
def test_files_of_any_shape_stay_as_they_are(place, shape):
    plain = place.config.read_bytes()
    match shape:
        case "crlf":
            place.config.write_bytes(plain.replace(b"\n", b"\r\n"))
        case "no end":
            place.config.write_bytes(plain.rstrip(b"\n"))
        case "a profile of that name":
            place.config.write_bytes(plain + b"[profile xacct]\nregion = eu-north-1\n")
        case "a symlink":
            place.config.rename(place.config.with_name("elsewhere"))
            place.config.symlink_to("elsewhere")
    before = place.config.read_bytes()
    assert ":assumed-role/open-role/" in place.who()
    assert place.config.read_bytes() == before
    place.inside(str(BIN / "aws"), "configure", "set", "region", "sa-east-1", "--profile", "later")
    assert place.config.read_bytes().replace(b"\r\n", b"\n").endswith(b"[profile later]\nregion = sa-east-1\n")
    assert place.config.is_symlink() is (shape == "a symlink")
    if shape == "a profile of that name":
        assert place.inside("printenv", "AWS_PROFILE").stdout == "xacct-2\n"


def test_nothing_is_set_where_nothing_shadows(place):
    place.write()
    assert place.inside("sh", "-c", 'echo "${AWS_PROFILE-none} $AWS_CONFIG_FILE"').stdout == f"none {place.config}\n"


def test_an_inner_shell_without_a_shadow_has_the_users_own_files(place):
    inner = (
        'sed -i "/^\\[default\\]/,/^$/d" "$AWS_SHARED_CREDENTIALS_FILE";'
        " xacctctl exec open -- sh -c 'echo \"${AWS_PROFILE-none} $AWS_CONFIG_FILE\"'"
    )
    assert place.inside("sh", "-c", inner).stdout == f"none {place.config}\n"


def test_keys_that_boto3_still_takes_from_boto_2_are_out_of_the_way(place):
    place.write()
    home = Path(place.env["HOME"])
    (home / ".boto").write_text(
        f"[Credentials]\naws_access_key_id = {place.key}\naws_secret_access_key = {place.secret}\n"
    )
    try:
        assert ":assumed-role/open-role/" in place.who()
    finally:
        (home / ".boto").unlink()
