"""`trust --catalogue`: whose signature counts, over which bytes, and what is kept for the daemon."""

import hashlib
import shutil
import subprocess

import pytest

from xacct import teamfiles
from xacct.ctl import catalogue
from xacct.ctl.main import main
from xacct.daemon.inherited import DaemonPaths

ARN = "arn:aws:iam::123456789012:role/Admin"
ROLES = f'[roles.pay]\nrole_arn = "{ARN}"\n'

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys: the team's, and somebody's."""
    made = tmp_path_factory.mktemp("keys")
    for name in ("team", "somebody"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", made / name], check=True)
    return made


class Platform:
    """A catalogue's directory, and the user's words about it."""

    def __init__(self, place, keys):
        self.keys = keys
        self.directory = place / "h" / "platform"
        self.directory.mkdir()
        self.config = place / "c" / "xacct" / "config.toml"
        self.config.parent.mkdir(parents=True)
        self.config.write_text('[catalogues.platform]\npath = "~/platform"\nsource_profile = "prod"\n')
        self.signers = self.config.with_name("allowed_signers")
        self.believe("team")
        self.kept = place / "s" / "xacct" / "catalogues" / "platform"
        self.put({"roles.toml": ROLES})

    def believe(self, key):
        self.signers.write_text(f"team@example.com {(self.keys / key).with_suffix('.pub').read_text()}")

    def put(self, files, key="team", namespace=catalogue.NAMESPACE):
        for name, text in files.items():
            (self.directory / name).write_text(text)
        sums = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in files.items()]
        manifest = self.directory / teamfiles.MANIFEST
        manifest.write_text("".join(sums))
        (self.directory / teamfiles.SIGNATURE).unlink(missing_ok=True)
        line = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", self.keys / key, manifest]
        subprocess.run(line, check=True, capture_output=True)

    @property
    def files(self):
        found = teamfiles.kept(self.kept)
        return found and found.files


@pytest.fixture
def platform(place, keys):
    return Platform(place, keys)


def trust(*more):
    return main(["trust", "--catalogue", "platform", *more])


def test_a_signed_catalogue_is_kept_as_it_is_now(daemon, platform, capsys):
    assert trust("--yes") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("/h/platform, signed by team@example.com:")
    assert said[1:] == ["  roles.toml", f"    pay  {ARN}", "xacctd has read it: 2 roles in all."]
    assert platform.files == {"roles.toml": ROLES}
    assert platform.kept.stat().st_mode & 0o777 == 0o600
    assert daemon.called("POST", "/v1/reload")
    platform.put({"roles.toml": ROLES.replace("Admin", "Ops"), "more.csv": "a\nb\n"})
    assert main(["trust", "--list"]) == 0
    assert capsys.readouterr().out.endswith("/h/platform  has changed since\n")
    assert platform.files == {"roles.toml": ROLES}
    assert trust("--yes") == 0
    said = capsys.readouterr().out
    assert f'-role_arn = "{ARN}"\n+role_arn = "{ARN[:-5]}Ops"\n' in said
    assert "\n+a\n+b\n" in said
    assert main(["trust", "--list"]) == 0
    assert capsys.readouterr().out.endswith("/h/platform  2 files\n")
    assert trust("--yes") == 0
    assert "  as it was\n" in capsys.readouterr().out


def test_what_the_daemon_says_of_it_is_told(daemon, platform, capsys):
    about = [
        "The catalogue platform gives no role: x",
        "Another thing.",
        "'pay' of a.toml of the catalogue platform is out",
    ]
    errors = [{"code": "config", "category": "usage", "sentence": each, "hint": ""} for each in about]
    daemon.answers["/v1/reload"] = {"roles": 1, "problems": errors, "restart": False}
    assert trust("--yes") == 0
    assert capsys.readouterr().err.splitlines() == [f"xacctctl: note: {about[0]}", f"xacctctl: note: {about[2]}"]


def test_what_a_new_catalogue_has_is_shown(platform, capsys):
    template = '[templates.t]\nname = "{customer}"\nrole_arn = "arn:{a}"\ncsv = "a.csv"\n[accounts]\n"1" = "x"\n'
    many = "".join(f'[roles.r{number}]\nrole_arn = "\\u001b{number}"\n' for number in range(300))
    platform.put({"t.toml": template, "a.csv": "customer,a\nx,y\n", "z.toml": many})
    assert trust("--yes") == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1:5] == [
        "  t.toml: names of 1 account",
        "    {customer}  arn:{a}  (a row each of a.csv)",
        "  a.csv: 2 lines",
        "  z.toml",
    ]
    assert "    r0   0\n" in said
    assert said.splitlines()[-1] == "... and 104 lines more"
    assert "\x1b" not in said


def test_names_of_catalogues_are_completed(platform, capsys):
    for verb in ("trust", "untrust"):
        assert main(["__complete", verb, "--catalogue", ""]) == 0
        assert capsys.readouterr().out == "platform\n"
    platform.config.write_text("x =")
    assert main(["__complete", "trust", "--catalogue", ""]) == 0
    assert capsys.readouterr().out == ""


def test_the_daemon_reads_what_is_kept(place):
    assert str(DaemonPaths().catalogues / "platform") == catalogue.kept_file("platform")


def test_only_yes_takes_it_and_it_can_be_forgotten(daemon, platform, sit, run):
    assert run("trust", "--catalogue", "platform").returncode == 2
    seat = sit("trust", "--catalogue", "platform")
    seat.expect("Take these roles? [y/N] ")
    seat.type("n\r")
    assert seat.end()[0] == 4
    assert platform.files is None
    seat = sit("trust", "--catalogue", "platform")
    seat.expect("Take these roles? [y/N] ")
    seat.type("y\r")
    assert seat.end()[0] == 0
    assert platform.files == {"roles.toml": ROLES}
    assert run("untrust", "--catalogue", "platform").returncode == 0
    assert platform.files is None
    assert run("trust", "--list").stdout.endswith("/h/platform  is not trusted\n")
    assert run("untrust", "--catalogue", "platform").returncode == 1


def refused(capsys, why):
    assert trust("--yes") == 5
    assert why in capsys.readouterr().err


def test_what_is_not_signed_by_somebody_believed_is_refused(platform, capsys):
    platform.put({"roles.toml": ROLES}, key="somebody")
    refused(capsys, "The catalogue platform is refused: it is signed by nobody of ")
    platform.believe("somebody")
    platform.put({"roles.toml": ROLES}, key="team")
    refused(capsys, "it is signed by nobody of ")
    assert platform.files is None


def test_a_manifest_that_is_not_the_signed_one_is_refused(platform, capsys):
    (platform.directory / teamfiles.MANIFEST).write_text(f"{hashlib.sha256(b'').hexdigest()}  roles.toml\n")
    (platform.directory / "roles.toml").write_text("")
    refused(capsys, "its signature is not one of team@example.com for it")
    platform.put({"roles.toml": ROLES}, namespace="git")
    refused(capsys, "its signature is not one of team@example.com for it")
    assert platform.files is None


def test_a_file_that_is_not_the_signed_one_is_refused(platform, capsys):
    (platform.directory / "roles.toml").write_text(ROLES.replace("Admin", "Evil"))
    refused(capsys, "roles.toml is not the file that was signed.")
    platform.put({"roles.toml": f'[roles.pay]\nrole_arn = "{ARN}"\nmfa_serial = "x"\n'})
    refused(capsys, "roles.toml line 3: 'roles.pay.mfa_serial' may not stand in a catalogue.")
    (platform.directory / "other").symlink_to("/etc/hostname")
    assert platform.files is None


def test_signers_that_others_could_choose_are_refused(platform, capsys):
    platform.signers.chmod(0o666)
    refused(capsys, "could be written by others")
    platform.signers.chmod(0o600)
    inside = platform.directory / "signers"
    shutil.copy(platform.signers, inside)
    platform.config.write_text(platform.config.read_text() + 'signers = "~/platform/signers"\n')
    refused(capsys, "could be written by others")
    assert platform.files is None


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.sig", "roles.toml"])
def test_what_is_missing_is_named(platform, name, capsys):
    (platform.directory / name).unlink()
    assert trust("--yes") == 1
    assert f"platform/{name} can't be used: No such file" in capsys.readouterr().err


def test_without_signers_nobody_is_believed(platform, capsys):
    platform.signers.unlink()
    assert trust("--yes") == 1
    assert "allowed_signers can't be used: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--catalogue", "other"], ["--catalogue", "../x"], ["--catalogue", "platform", "x"]])
def test_only_what_config_toml_names_can_be_trusted(platform, words, capsys):
    assert main(["trust", *words]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["[catalogues]\nplatform = 1", "catalogues = 1", '[catalogues.platform]\nx = ""', "x ="]
)
def test_a_config_toml_that_is_wrong_is_a_sentence(platform, text, capsys):
    platform.config.write_text(text)
    assert trust("--yes") == 1
    assert "config.toml" in capsys.readouterr().err


def test_without_ssh_keygen_nothing_is_trusted(platform, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert trust("--yes") == 1
    assert "ssh-keygen is not installed" in capsys.readouterr().err
