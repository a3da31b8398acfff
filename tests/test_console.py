"""`console` against the sandbox's federation endpoint: three partitions, chained roles, no secret left lying."""

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import parse_qs, urlsplit

import pytest
from consoles import CONSOLES, REGIONS, name_console, with_consoles
from stack import Stack
from waiting import wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("console") / "s", change=with_consoles, daemon=False) as stack:
        name_console(stack)
        stack.start()
        stack.login("prod")
        yield stack


def visited(url):
    """What a browser shows that opens this address, with its cookies."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(url) as answer:
        return answer.url, answer.read().decode()


def opened(stack, role, *options):
    """The address that a browser is started with, by `--browser`."""
    told = stack.dir / "browser-was-given"
    told.unlink(missing_ok=True)
    program = stack.dir / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.new && mv {told}.new {told}\n')
    program.chmod(0o700)
    done = stack.xacctctl("console", role, "--browser", str(program), *options)
    assert done.returncode == 0, done.stderr
    wait_until(told.exists, what="the browser")
    return told.read_text(), done


@pytest.mark.parametrize("partition", CONSOLES)
def test_a_browser_lands_in_the_account_and_the_role(stack, partition):
    name, account = CONSOLES[partition]
    url, done = opened(stack, name, "--service", "s3")
    assert url.startswith("http://127.0.0.1:")
    assert f"The console opens in {name} ({account}), for 1h" in done.stderr
    landed, page = visited(url)
    assert urlsplit(landed).path == f"/{partition}/console/s3/home"
    assert f'<dd id="account">{account}</dd>' in page
    assert f'<dd id="role">assumed-role/{name}/' in page
    assert f"region={REGIONS[partition]}" in page


def test_the_page_leads_one_browser_there_and_no_other(stack):
    url, _ = opened(stack, "shop")
    with pytest.raises(urllib.error.HTTPError):
        visited(url + "x")
    visited(url)
    with pytest.raises(OSError, match=r"refused|404"):
        visited(url)


def test_a_chained_role_says_no_duration_and_lands_too(stack):
    before = len(stack.calls("getSigninToken"))
    url, done = opened(stack, "prod")
    assert "as long as its credentials last" in done.stderr
    _, page = visited(url)
    assert '<dd id="role">assumed-role/cross-account-role-name/' in page
    assert [call["status"] for call in stack.calls("getSigninToken")[before:]] == [200]


def test_printed_only_where_that_is_asked_for(stack):
    done = stack.xacctctl("console", "shop", "--print")
    asked = parse_qs(urlsplit(done.stdout.strip()).query)
    assert (asked["Action"], asked["Issuer"]) == (["login"], ["xacct"])
    visited(done.stdout.strip())
    url, done = opened(stack, "shop")
    assert "SigninToken" not in url + done.stdout + done.stderr


def test_a_firefox_container_is_named_as_the_role(stack):
    url, _ = opened(stack, "shop", "--container")
    asked = parse_qs(url.removeprefix("ext+container:"))
    assert asked["name"] == ["shop"]
    _, page = visited(asked["url"][0])
    assert "assumed-role/shop/" in page


def test_signing_out_takes_no_credentials(stack):
    before = len(stack.calls())
    url, _ = opened(stack, "staging", "--logout")
    assert (visited(url)[1], len(stack.calls())) == ("Signed out.", before)


@pytest.mark.parametrize(
    "options",
    [
        ["--destination", "https://console.aws.amazon.com/s3/home"],
        ["--destination", "http://127.0.0.1:1/aws/console/"],
        ["--service", "../../oauth"],
        ["--region", "eu-central-1.evil.example"],
    ],
)
def test_a_destination_elsewhere_is_refused_before_anything_is_asked(stack, options):
    before = len(stack.calls())
    done = stack.xacctctl("console", "shop", "--print", *options)
    assert (done.returncode, done.stdout, len(stack.calls())) == (1, "", before)


def test_an_mfa_session_is_no_role(stack):
    done = stack.xacctctl("console", "central", "--print")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no role" in done.stderr


def test_it_is_a_consumer_like_any_other(stack):
    stack.api("POST", "/v1/lock", {})
    try:
        done = stack.xacctctl("console", "shop", "--print")
        assert (done.returncode, done.stdout) == (4, "")
    finally:
        stack.api("POST", "/v1/unlock", {})
    stack.login("shop")
    stack.api("POST", "/v1/logout", {"roles": ["shop"]})
    done = stack.xacctctl("console", "shop", "--print")
    assert (done.returncode, done.stdout) == (4, "")
    stack.login("shop")


def test_the_audit_says_console_and_no_log_has_the_address(stack):
    done = stack.xacctctl("console", "shop", "--print")
    token = parse_qs(urlsplit(done.stdout.strip()).query)["SigninToken"][0]
    lines = [json.loads(line) for line in stack.xacctctl("audit", "--json").stdout.splitlines()]
    assert {(line["role"], line["what"]) for line in lines if line["event"] == "console"} >= {("shop", "served")}
    assert token not in stack.log()
    assert "sessionToken" not in stack.log()


def test_without_the_setting_credentials_of_another_sts_have_no_console(stack):
    stack.settings_file.write_text("[console]\n")
    try:
        done = stack.xacctctl("console", "shop", "--print")
        assert (done.returncode, done.stdout) == (1, "")
        assert "another STS" in done.stderr
    finally:
        name_console(stack)
