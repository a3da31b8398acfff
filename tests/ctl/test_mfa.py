"""mfa: what is shown of devices, and how a seed is asked for."""

import json

import pytest
from fake_daemon import KEY_SERIAL, SERIAL

from xacct.ctl.main import main

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ADDRESS = f"otpauth://totp/x?secret={SECRET}"


def test_devices_are_listed(daemon, capsys):
    assert main(["mfa"]) == 0
    assert capsys.readouterr().out == (
        "work (IAM was asked with the MFA session):\n"
        f"  {SERIAL}\n"
        "    virtual, since 2023-11-14; named by prod, dev\n"
        f"  {KEY_SERIAL}\n"
        "    security key (FIDO), since 2023-11-14; STS can't use it\n"
        "  GAHT12345678\n"
        "    hardware; no device of this user, says IAM; named by dev\n"
        "Stored seeds of other devices: arn:aws:iam::111122223333:mfa/bob\n"
    )


def test_the_list_of_one_role_for_programs(daemon, capsys):
    assert main(["mfa", "list", "a b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["users"][0]["source"] == "work"
    assert "/v1/mfa?role=a%20b" in [path for _, path, *_ in daemon.requests][-1]


def test_a_secret_is_asked_for_at_the_terminal_after_a_yes_and_not_shown(daemon, sit):
    seat = sit("mfa", "add", SERIAL)
    said = seat.expect("in the keychain? [y/N] ")
    assert "puts both factors in one place" in said
    seat.type("y\n")
    seat.expect("(not shown): ")
    seat.type(f"{SECRET}\n")
    status, rest = seat.end()
    assert status == 0
    assert SECRET not in rest
    assert daemon.called("POST", "/v1/mfa/seeds") == [{"serial": SERIAL, "secret": SECRET}]


def test_without_a_yes_nothing_is_asked_for(daemon, sit):
    seat = sit("mfa", "add", SERIAL)
    seat.expect("[y/N] ")
    seat.type("\n")
    status, rest = seat.end()
    assert (status, daemon.called("POST", "/v1/mfa/seeds")) == (4, [])
    assert "Nothing was changed." in rest


def test_without_a_terminal_it_takes_an_option(daemon, run):
    assert run("mfa", "add", SERIAL, input=SECRET).returncode == 2
    assert daemon.called("POST", "/v1/mfa/seeds") == []
    assert run("mfa", "add", SERIAL, "--yes", input=f"{SECRET}\n").returncode == 0


@pytest.mark.parametrize("typed", ["", "\n", "a\nb\n", "x" * 3000])
def test_what_is_no_line_is_sent_to_nobody(daemon, run, typed):
    done = run("mfa", "add", SERIAL, "--yes", input=typed)
    assert (done.returncode, daemon.called("POST", "/v1/mfa/seeds")) == (2, [])
    assert "is one line" in done.stderr


def test_a_device_that_nobody_names_is_said(daemon, run):
    assert "No role of this shell" in run("mfa", "add", "GAHT12345678", "--yes", input=SECRET).stdout


@pytest.fixture
def zbarimg(place, monkeypatch):
    """A stand-in that prints what the picture has in it."""
    (place / "bin").mkdir()
    program = place / "bin" / "zbarimg"
    program.write_text('#!/bin/sh\nfor last; do :; done\nexec cat "$last"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place / 'bin'}:/usr/bin:/bin")
    return place


def test_a_qr_code_is_read_by_zbarimg(daemon, run, zbarimg):
    picture = zbarimg / "qr.png"
    picture.write_text(f"{ADDRESS}\n")
    assert run("mfa", "add", SERIAL, "--yes", "--qr", str(picture)).returncode == 0
    assert daemon.called("POST", "/v1/mfa/seeds") == [{"serial": SERIAL, "secret": ADDRESS}]


@pytest.mark.parametrize(
    ("shown", "said"),
    [("", "no QR code"), ("http://x\n", "no QR code"), (f"{ADDRESS}\n{ADDRESS}x\n", "2 QR codes")],
)
def test_a_picture_of_something_else_is_refused(daemon, run, zbarimg, shown, said):
    (zbarimg / "qr.png").write_text(shown)
    done = run("mfa", "add", SERIAL, "--yes", "--qr", str(zbarimg / "qr.png"))
    assert done.returncode == 2
    assert said in done.stderr
    assert SECRET not in done.stderr


def test_without_zbarimg_it_is_said_what_to_do(daemon, run, place, monkeypatch):
    monkeypatch.setenv("PATH", str(place))
    done = run("mfa", "add", SERIAL, "--yes", "--qr", "x.png")
    assert done.returncode == 1
    assert "There is no zbarimg here" in done.stderr


def test_what_is_removed_is_asked_about(daemon, sit, run):
    seat = sit("mfa", "remove", SERIAL)
    seat.expect("it is lost. [y/N] ")
    seat.type("y\n")
    assert seat.end()[0] == 0
    assert run("mfa", "remove", SERIAL).returncode == 2
    assert len([path for method, path, *_ in daemon.requests if method == "DELETE"]) == 1
