import getpass
import os
import socket

import pytest

from xacct.host import session_name


@pytest.fixture(autouse=True)
def alice(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "alice")
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop.example.org")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{user}@{host}", "alice@laptop"),
        ("ci", "ci"),
        ("a b/c:ü{role}", "a-b-c---role-"),
        ("x", "x-"),
        ("", "--"),
        ("{user}" * 20, ("alice" * 20)[:64]),
        ("a_=,.@+-", "a_=,.@+-"),
    ],
)
def test_a_template_is_filled_with_what_aws_takes(template, name):
    assert session_name.fill(template) == name


def test_a_user_without_a_name_is_a_number(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: {}["nobody"])
    assert session_name.fill("u{user}") == f"u{os.getuid()}"
