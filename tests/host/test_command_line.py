"""A command line as a human is shown it: whatever may be secret in it is blanked."""

import base64
import shlex
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.host import command_line
from xacct.host.command_line import BLANK, SHOWN, shown

CANARY = "hunter2-is-the-canary"


@pytest.mark.parametrize(
    "line",
    [
        "aws s3 ls s3://reports/2026/",
        "terraform apply -auto-approve",
        "/usr/bin/python3 /home/jane/projects/billing/run_report.py --month november",
        "aws ec2 describe-instances --region eu-central-1 --profile prod",
        "/Users/jane/Library/Python/bin/pytest -x tests/a_long_directory_name/test_of_something_else.py",
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(line):
    assert shown(line.split()) == line


@pytest.mark.parametrize(
    "arguments",
    [
        ["mysql", "--password", CANARY],
        ["mysql", "--password=" + CANARY],
        ["mysql", "-p" + CANARY],
        ["psql", "-P", CANARY],
        ["vault", "login", "--client-token", "-" + CANARY],
        ["tool", "--no-auth", "--password", CANARY],
        ["curl", "-H", "X-Custom " + CANARY],
        ["curl", "--data", '{"user": "jane", "password": "' + CANARY + '", "more": "' + CANARY + '"}'],
        ["curl", "Authorization: Bearer " + CANARY],
        ["tool", "negotiate " + CANARY],
        ["curl", "-u", "jane:" + CANARY, "https://example.com"],
        ["curl", "--user", "jane:" + CANARY],
        ["env", "DATABASE=" + CANARY, "tool"],
        ["docker", "run", "-e", 'SOME_URL="' + CANARY + ' and more"', "image"],
        ["sh", "-c", "export DATABASE='" + CANARY + " x'; tool --token " + CANARY + " --other"],
        ["sh", "-c", "tool --api-key '" + CANARY + " x' y"],
        ["git", "clone", "https://jane:" + CANARY + "@example.com/a.git"],
        ["git", "clone", "https://" + CANARY + "/x@example.com/a.git"],
        ["git", "clone", "https://" + CANARY + "@example.com/a.git"],
        ["proxy", "jane:" + CANARY + "@example.com"],
        ["wget", "https://example.com/x?sig=" + CANARY + "&then=" + CANARY],
    ],
)
def test_what_is_named_as_a_secret_is_blanked(arguments):
    said = shown(arguments)
    assert CANARY not in said
    assert BLANK in said
    assert said.startswith(arguments[0]), "the program stays"


def test_ids_of_keys_and_codes_are_blanked():
    assert shown(["x", "AKIAIOSFODNN7EXAMPLE", "id:ASIAIOSFODNN7EXAMPLE"]) == f"x {BLANK} id:{BLANK}"
    assert shown(["xacctctl", "ssh", "123456"]) == f"xacctctl ssh {BLANK}"
    assert shown(["aws", "123456789012"]) == "aws 123456789012"


def test_variables_keep_their_names_and_options_their_values():
    assert shown(["env", "AWS_REGION=x", "aws", "--region=x"]) == f"env AWS_REGION={BLANK} aws --region=x"


BASE64 = string.ascii_letters + string.digits + "+/"
URL_SAFE = string.ascii_letters + string.digits + "-_"


def mixed(word):
    return all(any(map(kind, word)) for kind in (str.islower, str.isupper, str.isdigit))


SECRETS = st.one_of(
    st.text(BASE64, min_size=40, max_size=40).filter(lambda key: len(set(key)) > 8),  # a secret access key
    st.binary(min_size=150, max_size=400).map(lambda raw: base64.b64encode(raw).decode()).filter(mixed),
    st.text(URL_SAFE, min_size=43, max_size=43).filter(lambda token: token[0].isalnum() and mixed(token)),
    st.binary(min_size=16, max_size=32).map(bytes.hex).filter(lambda text: any(map(str.isalpha, text))),
    st.binary(min_size=10, max_size=20).map(lambda raw: base64.b32encode(raw).decode().rstrip("=")),  # a TOTP seed
)
PLACES = st.sampled_from(
    ["{}", "--name={}", "--x", "A={}", "'{}'", '{{"v": "{}"}}', "https://h/?a={}", "v:{}", "go {} on"]
)


@given(secret=SECRETS, place=PLACES, before=st.sampled_from([[], ["--token"], ["-v"], ["run", "--region", "x"]]))
def test_no_long_random_word_is_shown_wherever_it_stands(secret, place, before):
    said = shown(["tool", *before, place.format(secret), "end"], most=10_000)
    for size in (12,):
        for start in range(len(secret) - size):
            assert secret[start : start + size] not in said, said


@given(
    value=st.text(min_size=4).filter(lambda text: text.strip() and not text.startswith("/")),
    name=st.sampled_from(["--password", "--session-token", "--client-secret", "--api_key", "--auth", "--passphrase"]),
    joined=st.booleans(),
)
def test_whatever_the_value_is_behind_a_secrets_name_it_is_not_shown(value, name, joined):
    arguments = ["t", f"{name}={value}"] if joined else ["t", name, value]
    assert shown(arguments) in (f"t {name}={BLANK}", f"t {name} {BLANK}")


@given(st.lists(st.text()))
def test_it_is_one_line_of_a_length_and_drives_no_terminal(arguments):
    said = shown(arguments)
    assert len(said) <= SHOWN
    assert said.isprintable()


def test_a_users_name_is_words_too():
    assert shown(["curl", "-u", "jane\x1b[2J:secret"]) == f"curl -u jane [2J:{BLANK}"


def test_a_secret_key_that_looks_like_a_path_is_blanked():
    assert shown(["tool", "/abC1/efG2/ijK3/mnO4/qrS5/uvW6/yzA7/cdE8"]) == f"tool {BLANK}"


def test_it_is_cut():
    assert shown(["echo", *["word"] * 100])[-1] == "…"
    assert shlex.split(shown(["echo", "word"])) == ["echo", "word"]


@pytest.mark.parametrize(
    ("long", "said"),
    [
        ("a" * 401, "***…"),
        (" " * 401, "***…"),
        ("sh -c " + "b" * 400, "sh -c…"),
        ("one two " * 60, "one two one two"),
    ],
)
def test_of_a_long_argument_whole_words_of_its_beginning_are_looked_at(long, said):
    assert command_line._bounded(long).replace(" …", "…").startswith(said)
    assert len(command_line._bounded(long)) <= command_line.LOOKED_AT + 2


def test_no_more_arguments_are_looked_at_than_are_shown():
    left = iter(["word"] * 1000)
    assert shown(left).endswith("…")
    assert len(list(left)) > 900


def test_a_secret_behind_an_options_long_name_is_blanked():
    assert "hunter2" not in shown(["x", "-" + "a" * 380 + "-password" + "b" * 400, "hunter2"])
    assert "hunter2" not in shown(["sh", "-c", "x-my-password hunter2"])
