"""Access keys in the keychain from end to end: real daemon, real command line, boto3, and a sandbox that enforces.

The keychain's library is a stand-in (tests/support/fake_keychain); a real one: tests/system/test_keychain_keys.py.
"""

import configparser
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from relay import Relay
from stack import Stack, wait_until
from waiting import PATIENCE

from xacct.ctl import keys_import

FAKE = Path(__file__).parent / "support" / "fake_keychain"
IDENTITY = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
WRONG_SECRET = "WrOnGsEcReT/+0123456789abcdefghijKLMNOPQ"


class Keychain:
    """The stand-in's state."""

    def __init__(self, place):
        self.place = place
        place.mkdir()

    def items(self):
        file = self.place / "items.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def be(self, how, *, so=True):
        if so:
            (self.place / how).touch()
        else:
            (self.place / how).unlink(missing_ok=True)

    def asked(self):
        file = self.place / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path / "s", daemon=False) as stack:
        stack.keychain = Keychain(tmp_path / "keychain")
        path = os.pathsep.join(filter(None, [str(FAKE), stack.env.get("PYTHONPATH")]))
        stack.env |= {"FAKE_KEYCHAIN": str(tmp_path / "keychain"), "PYTHONPATH": path}
        stack.start()
        yield stack


def credentials_file(stack):
    return Path(stack.env["AWS_SHARED_CREDENTIALS_FILE"])


def key_of(stack, profile="central"):
    file = configparser.RawConfigParser()
    file.read(credentials_file(stack))
    return file[profile]["aws_access_key_id"], file[profile]["aws_secret_access_key"]


def xacctctl(stack, *words, typed="", **more):
    command = [sys.executable, "-m", "xacct.ctl", *words]
    return subprocess.run(
        command, env=stack.env | more, input=typed, capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True,
    )  # fmt: skip


def taken_out(stack, profile="central"):
    """The key, which is in no file any more."""
    key = key_of(stack, profile)
    text = credentials_file(stack).read_text()
    credentials_file(stack).write_text(text.replace(f"aws_access_key_id = {key[0]}\n", "").replace(
        f"aws_secret_access_key = {key[1]}\n", ""
    ))  # fmt: skip
    wait_until(lambda: "needs" not in str(stack.api("POST", "/v1/reload")["problems"]))
    return key


def added(stack, *more):
    key = taken_out(stack)
    done = xacctctl(stack, "keys", "add", "central", *more, typed="\n".join(key))
    assert done.returncode == 0, done.stderr
    return key, done


def fetched(stack, role="prod"):
    done = subprocess.run(
        [sys.executable, "-c", IDENTITY], env=stack.environment(role), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def nothing_was_changed(stack, before):
    assert credentials_file(stack).read_text() == before
    assert stack.keychain.items() == {}
    assert stack.api("GET", "/v1/keys")["keys"] == []


# Added.


def test_a_key_that_was_added_serves_roles_and_no_file_has_it(stack):
    (key_id, secret), done = added(stack)
    assert f"…{key_id[-4:]}, which is arn:aws:iam::123456789012:user/" in done.stdout
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack)
    assert "start from central: its access key, in the keychain" in xacctctl(stack, "explain", "prod").stdout
    assert "central (keychain)" in xacctctl(stack, "roles", COLUMNS="200").stdout
    listed = xacctctl(stack, "keys").stdout
    assert "central" in listed
    assert f"…{key_id[-4:]}" in listed
    texts = [done.stdout, done.stderr, listed, stack.log(), json.dumps(stack.status())]
    kept = [
        file for file in stack.dir.rglob("*") if file.is_file() and file.name not in ("world.json", "identity.json")
    ]
    texts += [file.read_bytes().decode("latin-1") for file in kept]
    assert len(kept) > 5
    assert not [text for text in texts if secret in text]
    assert not [text for text in texts if key_id in text and "sandbox" not in text]


def test_it_is_read_once_and_again_by_the_next_daemon(stack):
    added(stack)
    stack.stop()
    before = stack.keychain.asked()
    stack.start()
    assert stack.keychain.asked() == before, "nobody has asked for it yet"
    stack.login("prod", "staging")
    stack.login("central", "prod", again=True)
    stack.api("POST", "/v1/logout", {"all": True})
    stack.login("prod")
    assert stack.keychain.asked() == before + 1
    stack.keychain.be("locked")
    stack.api("POST", "/v1/logout", {"all": True})
    stack.login("prod")


def test_a_locked_keychain_is_a_sentence_and_the_next_fetch_after_it_is_unlocked_works(stack):
    added(stack)
    stack.stop()
    stack.keychain.be("locked")
    stack.start()
    failed, _ = stack.login("prod", expect_failed=1)
    assert failed["error"]["code"] == "source-locked"
    assert failed["error"]["sentence"] == "The access key of 'central' is in the keychain. The keychain is locked."
    assert failed["error"]["hint"] == "Unlock it; xacct tries again by itself."
    assert "The keychain is locked." in xacctctl(stack, "status").stdout
    stack.keychain.be("locked", so=False)
    stack.login("prod")
    assert stack.status("prod")["state"] == "held"


def test_a_keychain_that_does_not_answer_holds_nothing_up(stack):
    added(stack)
    stack.stop()
    stack.keychain.be("hangs")
    stack.start()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(stack.login("prod", expect_failed=1)))
    asking.start()
    assert stack.api("GET", "/v1/version", timeout=2)["pid"], "meanwhile others are answered"
    asking.join(PATIENCE)
    assert answers[0][0]["error"]["sentence"].endswith("The keychain does not answer.")
    stack.keychain.be("hangs", so=False)
    wait_until(lambda: stack.keychain.asked() > 1, what="what it says late")
    stack.login("prod")


def test_where_there_is_no_keychain_that_is_said(stack):
    added(stack)
    stack.stop()
    stack.keychain.be("no-bus")
    stack.start()
    failed, _ = stack.login("prod", expect_failed=1)
    assert failed["error"]["code"] == "source"
    assert "no session bus answers" in failed["error"]["sentence"]


def test_a_key_that_aws_does_not_know_is_not_kept(stack):
    before = credentials_file(stack).read_text()
    key_id, _ = taken_out(stack)
    for words in ([key_id, WRONG_SECRET], ["AKIAIOSFODNN7EXAMPLE", WRONG_SECRET]):
        done = xacctctl(stack, "keys", "add", "central", typed="\n".join(words))
        assert done.returncode == 5
        assert "AWS does not take this access key" in done.stderr
        assert "Nothing was kept." in done.stderr
        assert "Traceback" not in done.stderr
        assert WRONG_SECRET not in done.stderr + done.stdout + stack.log()
    credentials_file(stack).write_text(before)
    nothing_was_changed(stack, before)


def test_it_is_kept_unchecked_where_that_is_asked_for(stack):
    taken_out(stack)
    done = xacctctl(stack, "keys", "add", "central", "--no-check", typed=f"AKIAIOSFODNN7EXAMPLE\n{WRONG_SECRET}")
    assert done.returncode == 0
    assert not stack.calls("GetCallerIdentity")
    assert WRONG_SECRET not in stack.log()
    assert [key["ends"] for key in stack.api("GET", "/v1/keys")["keys"]] == ["MPLE"]


@pytest.mark.parametrize(
    ("words", "typed", "sentence"),
    [
        (["add", "nobody"], "AKIAIOSFODNN7EXAMPLE\n" + "x" * 40, "There is no profile 'nobody'"),
        (["add", "prod"], "AKIAIOSFODNN7EXAMPLE\n" + "x" * 40, "assumes a role"),
        (["add", "central"], "AKIAIOSFODNN7EXAMPLE\n" + "x" * 40, "has credentials in AWS's files"),
        (["add", "central"], "", "two lines"),
        (["add", "central"], "AKIAIOSFODNN7EXAMPLE", "two lines"),
        (["add", "central"], "no-key\n" + "x" * 40, "Expected an access key's id"),
        (["add", "central"], "AKIAIOSFODNN7EXAMPLE\nshort", "Expected a secret access key"),
        (["remove", "central", "--yes"], "", "There is no access key"),
        (["import", "prod"], "", "has no access key in"),
        (["import", "central"], "", "no terminal to ask at"),
    ],
)
def test_what_can_not_be_meant_is_one_sentence(stack, words, typed, sentence):
    before = credentials_file(stack).read_text()
    done = xacctctl(stack, "keys", *words, typed=typed)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert "x" * 40 not in done.stderr
    nothing_was_changed(stack, before)


def test_temporary_keys_are_refused(stack):
    stack.login("central")
    held = stack.api("POST", "/v1/credentials", {"role": "central", "attend": False})[-2]
    taken_out(stack)
    done = xacctctl(stack, "keys", "add", "central", typed=f"{held['access_key_id']}\n{held['secret_access_key']}")
    assert done.returncode == 1
    assert "These keys are temporary" in done.stderr
    assert stack.keychain.items() == {}


def test_a_second_key_does_not_replace_the_first(stack):
    key, _ = added(stack)
    done = xacctctl(stack, "keys", "add", "central", typed="\n".join(key))
    assert "has an access key of the profile 'central' already" in done.stderr
    assert len(stack.keychain.items()) == 1
    stack.login("prod")


def test_a_keychain_that_gives_back_something_else_keeps_nothing(stack):
    key = taken_out(stack)
    stack.keychain.be("forgets")
    done = xacctctl(stack, "keys", "add", "central", typed="\n".join(key))
    assert "does not give back what it was given" in done.stderr
    assert stack.keychain.items() == {}
    assert stack.api("GET", "/v1/keys")["keys"] == []


def test_a_key_in_the_file_as_well_is_the_one_that_counts_and_that_is_said(stack):
    """AWS's own tools take the file's: another identity here would be the worst fault there is."""
    key, _ = added(stack, "--no-check")
    text = credentials_file(stack).read_text()
    lines = f"[central]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {WRONG_SECRET}\n"
    credentials_file(stack).write_text(text.replace("[central]\n", lines))
    wait_until(lambda: "its access key\n" in xacctctl(stack, "explain", "prod").stdout)
    said = "has an access key in the keychain that is not used"
    assert said in xacctctl(stack, "status").stdout
    assert said in xacctctl(stack, "roles").stdout
    assert said in " ".join(xacctctl(stack, "doctor").stdout.split())
    failed, _ = stack.login("prod", expect_failed=1)
    assert failed["error"]["code"] == "bad-key"
    assert key


def test_the_same_profile_of_other_files_has_no_key_of_ours(stack, tmp_path):
    """Whose credentials: a shell with other AWS files means another `central`."""
    added(stack)
    other = tmp_path / "other"
    other.mkdir()
    (other / "config").write_text(Path(stack.env["AWS_CONFIG_FILE"]).read_text())
    (other / "credentials").write_text("[central]\n")
    theirs = {"AWS_CONFIG_FILE": str(other / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(other / "credentials")}
    done = xacctctl(stack, "login", "prod", **theirs)
    assert done.returncode != 0
    assert "'central'" in done.stderr
    assert stack.keychain.asked() == 1, "when it was added"


def test_a_key_is_removed_and_its_roles_are_let_go(stack):
    added(stack)
    stack.login("prod")
    done = xacctctl(stack, "keys", "remove", "central", "--yes")
    assert done.returncode == 0
    assert stack.keychain.items() == {}
    assert "No access key is in the keychain" in xacctctl(stack, "keys", "list").stdout
    assert "prod" not in [role["name"] for role in stack.status()["roles"]]


def test_a_locked_keychain_loses_nothing_at_a_removal(stack):
    added(stack)
    stack.keychain.be("locked")
    done = xacctctl(stack, "keys", "remove", "central", "--yes")
    assert done.returncode == 4
    assert "The keychain is locked." in done.stderr
    assert len(stack.keychain.items()) == len(stack.api("GET", "/v1/keys")["keys"]) == 1


def test_a_successor_has_it_too(stack):
    added(stack)
    assert xacctctl(stack, "restart").returncode == 0
    stack.login("prod")
    assert xacctctl(stack, "keys").stdout.count("central") == 1


# Imported.


def test_a_key_moves_out_of_the_file_after_the_proof(stack):
    key_id, secret = key_of(stack)
    file = credentials_file(stack)
    file.chmod(0o640)
    before = file.read_text()
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert done.returncode == 0, done.stderr
    for line in ("-aws_access_key_id = ...", "-aws_secret_access_key = ..."):
        assert line in done.stdout
    after = file.read_text()
    assert secret not in done.stdout + done.stderr + after + stack.log()
    assert key_id not in done.stdout + done.stderr + after
    [line] = set(after.splitlines()) - set(before.splitlines())
    assert line.startswith("credential_process = ")
    assert line.endswith(" process central")
    assert file.stat().st_mode & 0o777 == 0o640
    assert not [one for one in file.parent.iterdir() if secret in one.read_text("latin-1") and one.suffix != ".json"]
    assert len(stack.calls("GetCallerIdentity")) == 2, "before it was kept, and as the keychain gives it"
    stack.login("prod")
    assert ":assumed-role/" in fetched(stack)
    assert stack.status()["notes"] == []


def test_a_dry_run_changes_nothing(stack):
    before = credentials_file(stack).read_text()
    done = xacctctl(stack, "keys", "import", "central", "--dry-run")
    assert done.returncode == 0
    assert "-aws_secret_access_key = ..." in done.stdout
    assert key_of(stack)[1] not in done.stdout
    nothing_was_changed(stack, before)


@pytest.mark.parametrize("how", ["locked", "forgets", "no-bus"])
def test_a_keychain_in_trouble_leaves_the_key_where_it_is(stack, how):
    before = credentials_file(stack).read_text()
    stack.keychain.be(how)
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert done.returncode != 0
    stack.keychain.be(how, so=False)
    nothing_was_changed(stack, before)


def test_where_aws_does_not_take_it_from_the_new_place_all_is_as_before(stack):
    """AWS's first answer is a yes, when it is kept; the second, from the keychain, a no."""
    before = credentials_file(stack).read_text()
    sts = stack.env["AWS_ENDPOINT_URL_STS"]
    real = xacctctl_that_stumbles_at_the_proof(stack)
    assert real.returncode != 0
    assert sts
    nothing_was_changed(stack, before)
    stack.clear_faults()
    stack.login("prod")


def xacctctl_that_stumbles_at_the_proof(stack):
    """xacctctl, with a fault of AWS's that comes between keeping the key and proving it."""
    script = (
        "import sys, urllib.request\n"
        "from xacct.ctl import keys_import, main\n"
        "proved = keys_import._proved\n"
        "def stumbles(profile, client):\n"
        f"    urllib.request.urlopen({stack.env['AWS_ENDPOINT_URL_STS']!r} + '/_sandbox/faults',"
        ' b\'{"kind": "invalid-key", "calls": 5}\')\n'
        "    return proved(profile, client)\n"
        "keys_import._proved = stumbles\n"
        "sys.exit(main.main(['keys', 'import', 'central', '--yes']))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], env=stack.env, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_file_that_others_hold_open_keeps_its_key(stack):
    before = credentials_file(stack).read_text()
    lock = credentials_file(stack).parent / f".{credentials_file(stack).name}.swp"
    lock.touch()
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert "is open in an editor" in done.stderr
    nothing_was_changed(stack, before)


def test_other_credentials_of_the_profile_would_take_over_so_it_stays(stack):
    before = credentials_file(stack).read_text()
    credentials_file(stack).write_text(before.replace("[central]\n", "[central]\ncredential_process = /bin/other\n"))
    before = credentials_file(stack).read_text()
    done = xacctctl(stack, "keys", "import", "central", "--yes")
    assert "would be another identity" in done.stderr
    nothing_was_changed(stack, before)


def test_an_undo_never_removes_the_only_copy(tmp_path, monkeypatch):
    """Interrupted just behind the exchange of the files: the keychain has the key, and the file has not."""
    file = tmp_path / "credentials"
    file.write_text("[central]\n")
    old = b"[central]\naws_access_key_id = A\naws_secret_access_key = b\n"
    removed = []

    class Daemon:
        def call(self, method, *_words, **_more):
            removed.append(method)

    keys_import._undo("central", Daemon(), keys_import.Place(str(file), old, b"[central]\n"))
    assert removed == []
    file.write_bytes(old)
    keys_import._undo("central", Daemon(), keys_import.Place(str(file), old, b"[central]\n"))
    assert removed == ["DELETE"]


def test_no_secret_is_in_the_arguments_of_any_process(stack):
    """What is typed goes over the Unix socket, and AWS hears a signature."""
    key = taken_out(stack)
    seen = set()
    done = threading.Event()

    def watch():
        while not done.is_set():
            for one in Path("/proc").glob("[0-9]*"):
                try:
                    seen.add((one / "cmdline").read_bytes())
                except OSError:
                    continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        assert xacctctl(stack, "keys", "add", "central", typed="\n".join(key)).returncode == 0
        stack.login("prod")
    finally:
        done.set()
        watching.join()
    assert any(b"xacct.ctl\0keys\0add" in line for line in seen)
    assert not [line for line in seen if key[1].encode() in line or key[0].encode() in line]


def test_aws_hears_no_secret(stack):
    stack.stop()
    sts = stack.env["AWS_ENDPOINT_URL_STS"]
    key = key_of(stack)
    with Relay(int(sts.rpartition(":")[2]), host=False) as tap:
        direct, stack.env = stack.env, stack.env | {"AWS_ENDPOINT_URL_STS": tap.instead_of(sts)}
        stack.start()
        assert xacctctl(stack, "keys", "import", "central", "--yes").returncode == 0
        stack.env = direct
        stack.stop()
    sent = b"".join(tap.sent)
    assert b"GetCallerIdentity" in sent
    assert key[1].encode() not in sent
