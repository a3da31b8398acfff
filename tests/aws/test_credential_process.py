"""credential_process: real programs; what they print is taken where botocore takes it, else refused in a sentence."""

import contextlib
import json
import time
from datetime import UTC, datetime

import pytest
from botocore.credentials import ProcessProvider, RefreshableCredentials

from xacct import errors
from xacct.aws.sources import FileSources
from xacct.aws.sources import process as credential_process
from xacct.model import Source

GOOD = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"}
ENV = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def program(tmp_path):
    """A credential_process with this body; returns its command line."""

    def made(body, name="helper"):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)
        return str(file)

    return made


async def load(command, env=ENV):
    return await FileSources(env).load(Source("work", "process", None, command))


async def refusal(command):
    with pytest.raises(errors.SourceUnusable) as error:
        await load(command)
    return error.value


async def test_its_keys_are_taken(program):
    keys = await load(program(f"cat <<'X'\n{json.dumps(GOOD)}\nX"))
    assert (keys.access_key_id, keys.secret_access_key, keys.session_token) == (*list(GOOD.values())[1:], None)


async def test_its_background_child_holds_nobody_up(program):
    keys = await load(program(f"sleep 90 & echo '{json.dumps(GOOD)}'"))
    assert keys.access_key_id == GOOD["AccessKeyId"]


async def test_what_it_says_last_is_shown_and_kept_out_of_the_sentence(program):
    error = await refusal(program("echo first >&2; echo 'the vault is sealed' >&2; exit 3"))
    assert error.sentence == "The credential_process of 'work' ended with status 3."
    assert "It said: the vault is sealed" in error.hint


async def test_a_failure_with_keys_is_a_failure(program):
    assert "ended with status 1" in (await refusal(program(f"echo '{json.dumps(GOOD)}'; exit 1"))).sentence
    assert "SIGKILL" in (await refusal(program(f"echo '{json.dumps(GOOD)}'; kill -9 $$"))).sentence


async def test_one_that_takes_too_long_is_ended(program, monkeypatch):
    monkeypatch.setattr(credential_process, "TIMEOUT", 0.2)
    assert "did not end within" in (await refusal(program("sleep 60"))).sentence


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("'never closed", "quotation mark"),
        ('"never closed', "quotation mark"),
        ("helper \\", "backslash"),
        ("   ", "names no program"),
        ('""', "names no program"),
        ("~/bin/helper", "~"),
        ("./helper", "relative path"),
        ("bin/helper", "relative path"),
        ("/no/such/helper --password hunter2", "/no/such/helper: No such file"),
        ("no-such-helper", "no-such-helper: No such file"),
        ("/etc", "Permission denied"),
        ("a\0b", "no command line"),
    ],
)
async def test_a_command_that_can_not_be_run_is_said(command, said):
    error = await refusal(command)
    assert said in error.sentence
    assert "hunter2" not in error.sentence + error.hint


@pytest.mark.parametrize(
    "line",
    ["{} one 'two three' \"fo ur\" fi\\ ve '' #six ~ $HOME `id`", '\'{}\' "a\\"b" \'c\\d\' "e\\f"', '"{}" a"b"\'c\'d'],
)
async def test_words_are_split_as_aws_tools_split_them(program, tmp_path, line):
    command = line.format(
        program(
            f"printf '[%s]' \"$@\" >> {tmp_path}/arguments; echo >> {tmp_path}/arguments; echo '{json.dumps(GOOD)}'",
            "a b" if line[0] != "{" else "ab",
        )
    )
    await load(command)
    provider = ProcessProvider("work", lambda: {"profiles": {"work": {"credential_process": command}}})
    provider.load()
    ours, theirs = (tmp_path / "arguments").read_text().splitlines()
    assert ours == theirs


ANSWERS = {
    "plain": GOOD,
    "with a token": GOOD | {"SessionToken": "token"},
    "null token": GOOD | {"SessionToken": None},
    "empty token": GOOD | {"SessionToken": ""},
    "float version": GOOD | {"Version": 1.0},
    "more": GOOD | {"More": [1, {"a": None}]},
    "no version": {key: value for key, value in GOOD.items() if key != "Version"},
    "version 2": GOOD | {"Version": 2},
    "version as text": GOOD | {"Version": "1"},
    "no key id": {key: value for key, value in GOOD.items() if key != "AccessKeyId"},
    "no secret": {key: value for key, value in GOOD.items() if key != "SecretAccessKey"},
    "empty object": {},
    "list": [GOOD],
    "number": 1,
    "null": None,
    "text": "AKIA",
    "empty expiration": GOOD | {"Expiration": ""},
    "number as expiration": GOOD | {"Expiration": 1795860000},
    "null expiration": GOOD | {"Expiration": None},
}
"""What one may print; the rest of the differential test's cases are dates."""

DATES = [
    "2036-11-28T05:00:00Z",
    "2036-11-28T05:00:00z",
    "2036-11-28T05:00:00+00:00",
    "2036-11-28T05:00:00.123456Z",
    "2036-11-28T05:00:00.123456789Z",
    "2036-11-28T05:00:00-0700",
    "2036-11-28T05:00:00+05",
    "2036-11-28 05:00:00 UTC",
    "2036-11-28 05:00:00+00:00",
    "20361128T050000Z",
    "2036-11-28T05:00Z",
    "Fri, 28 Nov 2036 05:00:00 GMT",
    "Nov 28 2036 05:00:00 UTC",
    "28 Nov 2036 05:00 +0100",
    "2036-11-28T05:00:00 (UTC)Z",
    "2036-11-28T05:00:00",
    "2036-11-28",
    "2036-333",
    "tomorrow",
    "1795860000",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "2036-13-45T99:99:99Z",
    "2036-11-28T05:00:00 XYZ",
    "99999999999999999999999999",
    "((((((",
]
ANSWERS |= {f"date {date}": GOOD | {"Expiration": date} for date in DATES}


def botocores(out):
    """What botocore makes of it: keys and the instant of their end; None where it refuses."""

    class Done:
        returncode = 0

        def communicate(self):
            return out, b""

    provider = ProcessProvider(
        "p", lambda: {"profiles": {"p": {"credential_process": "x"}}}, popen=lambda *_, **__: Done()
    )
    with contextlib.suppress(Exception):
        loaded = provider.load()
        until = None
        if isinstance(loaded, RefreshableCredentials):
            until = loaded._expiry_time
            until -= datetime.fromtimestamp(
                0, UTC
            )  # of a date without a time zone this can't be done, as botocore finds
        frozen = loaded.__dict__
        return (
            frozen.get("access_key") or loaded._access_key,
            frozen.get("secret_key") or loaded._secret_key,
            (frozen.get("token") or frozen.get("_token") or None),
            until and until.total_seconds(),
        )
    return None


@pytest.mark.filterwarnings("ignore::dateutil.parser.UnknownTimezoneWarning")
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_taken_where_botocore_takes_it(answer):
    out = json.dumps(answer).encode()
    theirs = botocores(out)
    try:
        keys = credential_process.parsed(out)
        ours = (keys.access_key_id, keys.secret_access_key, keys.session_token, keys.expires_at)
    except credential_process.Unusable:
        ours = None
    assert ours == theirs


async def test_a_date_means_the_same_wherever_the_machine_is(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        keys = credential_process.parsed(json.dumps(GOOD | {"Expiration": "2036-11-28T05:00:00Z"}).encode())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert keys.expires_at == datetime(2036, 11, 28, 5, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (b"", "printed nothing"),
        (b"\n", "printed nothing"),
        (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "byte order mark"),
        (json.dumps(GOOD).encode("utf-16"), "no UTF-8"),
        (b"\xff\xfe", "no UTF-8"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"a":' * 10_000, "nested too deeply"),
        (json.dumps(GOOD).encode() + b"\n{}", "else than JSON"),
        (b"Enter your PIN: ", "else than JSON"),
        (b'{"Version": ' + b"9" * 5000 + b"}", "else than JSON"),
        (json.dumps(GOOD | {"AccessKeyId": 7}).encode(), "AccessKeyId that is no text"),
        (json.dumps(GOOD | {"SecretAccessKey": ["x"]}).encode(), "SecretAccessKey that is no text"),
        (json.dumps(GOOD | {"SessionToken": {"a": 1}}).encode(), "SessionToken that is no text"),
        (json.dumps(GOOD | {"AccessKeyId": ""}).encode(), "no AccessKeyId"),
        (json.dumps(GOOD | {"AccessKeyId": "A\r\nHost: x"}).encode(), "characters that none has"),
        (json.dumps(GOOD | {"SecretAccessKey": "ä"}).encode(), "characters that none has"),
        (json.dumps(GOOD | {"Expiration": "2036-11-28T05:00:00"}).encode(), "without a time zone"),
        (json.dumps(GOOD | {"Expiration": "soon"}).encode(), "no date"),
    ],
)
async def test_what_is_no_answer_is_said(program, tmp_path, out, said):
    (tmp_path / "out").write_bytes(out)
    error = await refusal(program(f"cat {tmp_path}/out"))
    assert said in error.sentence
    assert "AKIA" not in error.sentence + error.hint


@pytest.mark.parametrize("out", [b'{"Expiration": ' * 3, b'{"AccountId": 5}', b"null", b"true"])
def test_nothing_but_a_sentence_comes_of_odd_json(out):
    with pytest.raises(credential_process.Unusable):
        credential_process.parsed(out)


async def test_output_without_end_is_cut(program):
    assert "more than 64 KiB" in (await refusal(program("cat /dev/zero"))).sentence


async def test_it_hears_for_which_source_it_runs(program, tmp_path):
    await load(program(f"echo $XACCT_SOURCE > {tmp_path}/source; echo '{json.dumps(GOOD)}'"))
    assert (tmp_path / "source").read_text() == "work\n"
