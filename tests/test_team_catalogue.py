"""A team's catalogue and a directory's file from end to end: from the signature to what STS is asked for."""

import hashlib
import shutil
import subprocess
import sys

import pytest
from stack import Stack

from xacct.sandbox.default_world import PROD

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")

ARN = f"arn:aws:iam::{PROD}:role/cross-account-role-name"
SETTINGS = '[catalogues.platform]\npath = "{}"\nsource_profile = "central"\n'
SHOW = (sys.executable, "-c", "import os; print(os.environ['XACCT_ROLE'], os.environ['AWS_REGION'])")


def signed(directory, key, text):
    (directory / "roles.toml").write_text(text)
    manifest = directory / "SHA256SUMS"
    manifest.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  roles.toml\n")
    (directory / "SHA256SUMS.sig").unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "xacct-catalogue", "-f", key, manifest], check=True)


def test_a_role_of_a_team_is_had_by_the_users_own_keys_in_a_directory_that_wants_it(tmp_path):
    key, directory = tmp_path / "key", tmp_path / "platform"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    directory.mkdir()
    signed(directory, key, f'[roles.team-prod]\nrole_arn = "{ARN}"\n')
    with Stack(tmp_path / "s", settings=SETTINGS.format(directory)) as stack:
        signers = stack.settings_file.with_name("allowed_signers")
        signers.write_text(f"team@example.com {key.with_suffix('.pub').read_text()}")
        assert "There is no role 'team-prod'." in stack.xacctctl("login", "team-prod").stderr
        done = stack.xacctctl("trust", "--catalogue", "platform", "--yes")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        stack.login("team-prod")
        assert [call["role_arn"] for call in stack.calls("AssumeRole")] == [ARN]

        shop = tmp_path / "s" / "home" / "shop"
        shop.mkdir()
        (shop / ".xacct.toml").write_text('role = "team-prod"\nregion = "us-east-1"\n')
        assert stack.xacctctl("exec", "--", *SHOW, cwd=shop).returncode == 5
        assert stack.xacctctl("trust", cwd=shop).returncode == 0
        done = stack.xacctctl("exec", "--", *SHOW, cwd=shop)
        assert done.stdout == "team-prod us-east-1\n", done.stderr
        change = stack.xacctctl("__project", "sh", cwd=shop)
        assert "export XACCT_ROLE='team-prod'\n" in change.stdout, change.stderr

        signed(directory, key, f'[roles.team-prod]\nrole_arn = "{ARN}x"\n')
        said = stack.xacctctl("status", "team-prod", env=stack.env | {"COLUMNS": "200"}).stdout
        assert "The catalogue platform has changed since you trusted it; what it said then holds." in said
        assert "cross-account-role-name " in said
        assert stack.xacctctl("untrust", "--catalogue", "platform").returncode == 0
        assert "There is no role 'team-prod'." in stack.xacctctl("login", "team-prod").stderr
