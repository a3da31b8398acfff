"""Sign-ins in a browser (IAM Identity Center, console logins): what ends soon, and what would stand in the way."""

import json
import os
from calendar import timegm
from collections.abc import Iterator, Mapping
from hashlib import sha1
from pathlib import Path
from time import strptime
from typing import Any, Final, NamedTuple

from xacct import fileio
from xacct.ctl import browser
from xacct.ctl.doctor.finding import OTHERS, Checks, Finding, ok, skipped, warning
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.render import count, duration
from xacct.text import listed

SOON: Final = 1800.0
"""Seconds before its end from which on a sign-in is said to end soon."""

_ENDED: Final = "sign-in-ended"
_MOST: Final = 256 * 1024
_DATE: Final = "%Y-%m-%dT%H:%M:%SZ"
"""How the AWS CLI writes dates; what is written otherwise is not judged."""


class SignIn(NamedTuple):
    """A sign-in, and the roles of interest that take it.

    Attributes:
        label: a session's name, a start URL, or the ARN of a login_session.
    """

    label: str
    roles: list[str]

    @property
    def console(self) -> bool:
        """Whether it is to AWS itself: the AWS CLI's own is not used then."""
        return self.label.startswith("arn:")


class _Kept(NamedTuple):
    """The file in which the AWS CLI keeps a sign-in, and what is in it, or why that can't be told."""

    path: Path
    said: Mapping[str, Any]
    trouble: str


def _sign_ins(scene: Scene) -> list[SignIn]:
    known = scene.daemon.roles["roles"] if scene.daemon.roles is not None else []
    found: dict[str, SignIn] = {}
    for role in known:
        label = role.get("sign_in")
        if label and scene.role in (None, role["name"]):
            found.setdefault(label, SignIn(label, [])).roles.append(role["name"])
    return list(found.values())


def _ends(scene: Scene) -> Iterator[Finding]:
    status = scene.daemon.status
    rows = {role["name"]: role for role in status["roles"]} if status is not None else {}
    now = status["now"] if status is not None else 0.0
    for sign_in in _sign_ins(scene):
        mine = [rows[name] for name in sign_in.roles if name in rows]
        ends = [end for row in mine if (end := row["mfa_expires_at"]) is not None]
        errors = [row["error"] for row in mine if row["error"] and row["error"]["code"] == _ENDED]
        again = f"xacctctl login {sign_in.roles[0]}"
        if errors:
            yield warning(f"The sign-in to {sign_in.label} has ended.", again)
        elif ends and min(ends) - now <= SOON:
            left = duration(max(1.0, min(ends) - now))
            yield warning(f"The sign-in to {sign_in.label} ends in {left}.", f"{again}, once it has")


def _cache(scene: Scene) -> Iterator[Finding]:
    for kept in _kept(scene):
        if kept.trouble:
            yield warning(
                f"{kept.path}, where the AWS CLI keeps a sign-in, {kept.trouble}: it is not used.",
                f"rm {kept.path}; the AWS CLI and xacctctl login make a new sign-in.",
            )
        elif _mode(kept.path) & OTHERS:
            yield warning(f"{kept.path} has the token of a sign-in, and others may read it.", f"chmod 600 {kept.path}")


def _browser(scene: Scene) -> Iterator[Finding]:
    found = _sign_ins(scene)
    if found and not browser.expected(scene.environ, scene.platform):
        what = listed([sign_in.label for sign_in in found])
        yield ok(f"No browser is expected where this was typed: a sign-in to {what} shows an address for any browser.")


def _registration(scene: Scene) -> Iterator[Finding]:
    now = scene.daemon.status["now"] if scene.daemon.status is not None else 0.0
    for kept in _kept(scene):
        ends, session = _instant(kept.said.get("registrationExpiresAt")), kept.said.get("refreshToken")
        if ends is not None and session and ends <= now:
            yield warning(
                f"The AWS CLI's registration in {kept.path} has expired: its sign-in there is renewed no more.",
                "aws sso login, or xacctctl login ROLE, which registers anew.",
            )


def _kept(scene: Scene) -> Iterator[_Kept]:
    """Yield the AWS CLI's files of the sign-ins that roles take, those that are there."""
    for sign_in in _sign_ins(scene):
        if sign_in.console:
            continue
        named = sha1(sign_in.label.encode(), usedforsecurity=False).hexdigest()
        path = scene.home / ".aws" / "sso" / "cache" / f"{named}.json"
        if os.path.lexists(path):
            yield _read(path)


def _read(path: Path) -> _Kept:
    try:
        said = json.loads(fileio.read(str(path), _MOST))
    except OSError as error:
        return _Kept(path, {}, f"can't be read ({error.strerror or 'it is too long'})")
    except (ValueError, RecursionError):
        return _Kept(path, {}, "is no JSON")
    if not isinstance(said, dict) or not isinstance(said.get("accessToken"), str):
        return _Kept(path, {}, "has no token")
    return _Kept(path, said, "")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _instant(date: object) -> float | None:
    try:
        return float(timegm(strptime(date, _DATE))) if isinstance(date, str) else None
    except ValueError:
        return None


def _there(scene: Scene) -> Finding:
    found = _sign_ins(scene)
    if scene.daemon.roles is None:
        return skipped("Which roles take a sign-in is not known without xacctd.")
    if not found:
        return ok("No role takes a sign-in in a browser.")
    roles = sum(len(sign_in.roles) for sign_in in found)
    return ok(f"{count(roles, 'role')} by a sign-in in a browser: {listed([each.label for each in found])}.")


CHECKS: Final[Checks] = {
    "sign-ins": _there,
    "sign-in-end": _ends,
    "sign-in-cache": _cache,
    "sign-in-browser": _browser,
    "sign-in-registration": _registration,
}
