"""Roles and their MFA devices, keys and credential processes: what the configuration makes likely to fail."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from xacct.ctl.doctor.finding import OTHERS, WRITABLE, Checks, Finding, broken, ok, warning
from xacct.ctl.doctor.keychain_keys import keychain_keys
from xacct.ctl.doctor.scene import Scene
from xacct.ctl.render import count
from xacct.text import listed

_VIRTUAL: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:mfa/\S+")
_SECURITY_KEY: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:u2f/\S+")
_HARDWARE: Final = re.compile(r"(?=.*\d)[A-Za-z0-9]{9,32}")
_MFA_CODES: Final = ("access-denied", "mfa-missing", "policy-denied")


class Role(NamedTuple):
    """What matters here of one role.

    Attributes:
        chained: its source is another role, or a sign-in in a browser: it takes no MFA device of its own.
    """

    name: str
    source: str
    serial: str | None
    chained: bool


def _roles(scene: Scene) -> list[Role]:
    """Return every role of interest that assumes one, as the daemon has it or else AWS's files."""
    return [role for role in _all_roles(scene) if scene.role in (None, role.name)]


def _all_roles(scene: Scene) -> list[Role]:
    known = scene.daemon.roles
    if known is not None:
        names = {role["name"] for role in known["roles"] if role["role_arn"] or role.get("sign_in")}
        return [
            Role(role["name"], role["source"], role["mfa_serial"], role["source"] in names)
            for role in known["roles"]
            if role["role_arn"]
        ]
    profiles = scene.files.profiles
    return [
        Role(
            name,
            source,
            profile.get("mfa_serial") or profiles.get(source, {}).get("mfa_serial"),
            any(key in profiles.get(source, {}) for key in ("role_arn", "login_session", "sso_account_id")),
        )
        for name, profile in profiles.items()
        if "role_arn" in profile and (source := profile.get("source_profile", ""))
    ]


def _failures(scene: Scene) -> dict[str, str]:
    """Return the code of each role's last failure."""
    status = scene.daemon.status
    return {role["name"]: role["error"]["code"] for role in status["roles"] if role["error"]} if status else {}


def _without_mfa(scene: Scene) -> Iterator[Finding]:
    failures = _failures(scene)
    without = [role.name for role in _roles(scene) if role.serial is None and not role.chained]
    refused = [role for role in without if failures.get(role) in _MFA_CODES]
    for role in refused:
        yield warning(
            f"{role} was refused, and has no mfa_serial: perhaps its trust policy wants MFA.",
            f"Add mfa_serial = arn:aws:iam::ACCOUNT:mfa/DEVICE to [profile {role}]",
        )
    if not refused:
        kind = f"Without mfa_serial, which is fine where AWS wants no code: {listed(without)}."
        yield ok(kind if without else "Every role has an MFA device.")


def _serials(scene: Scene) -> Iterator[Finding]:
    failures = _failures(scene)
    serials: dict[str, list[str]] = {}
    for role in _roles(scene):
        if role.serial is not None:
            serials.setdefault(role.serial, []).append(role.name)
    found = [wrong for serial, names in serials.items() if (wrong := _wrong(serial, names, failures))]
    yield from found or [ok(f"{count(len(serials), 'MFA device')}, with serials that can be meant.")]


def _wrong(serial: str, roles: list[str], failures: dict[str, str]) -> Finding | None:
    whose = listed(roles)
    look = "Compare mfa_serial with IAM > Users > Security credentials"
    if _SECURITY_KEY.fullmatch(serial):
        return broken(
            f"{serial} ({whose}) is a security key: it can't make codes.",
            "Register a virtual device besides, or sign in in a browser (aws login, aws configure sso)",
        )
    if not (_VIRTUAL.fullmatch(serial) or _HARDWARE.fullmatch(serial)):
        return broken(f"{serial!r} ({whose}) is no MFA device's serial.", look)
    if any(failures.get(role) == "wrong-serial" for role in roles):
        return broken(f"AWS does not know {serial} ({whose}) for this user.", look)
    return None


def _devices(scene: Scene) -> Iterator[Finding]:
    of_source = dict[str, set[str]]()
    for role in _roles(scene):
        if role.serial is not None and not role.chained:
            of_source.setdefault(role.source, set()).add(role.serial)
    several = {source: serials for source, serials in of_source.items() if len(serials) > 1}
    for source, serials in several.items():
        yield warning(
            f"Roles of {source} name {len(serials)} MFA devices: each needs a code of its own.",
            f"Use one mfa_serial for all of them: {listed(sorted(serials))}",
        )
    if not several:
        yield ok("Roles of one source share one MFA device, and so one code.")


def _processes(scene: Scene) -> Iterator[Finding]:
    commands = {
        name: values["credential_process"]
        for name, values in scene.files.profiles.items()
        if "credential_process" in values
    }
    found = [bad for profile, command in commands.items() if (bad := _unusable(scene, profile, command))]
    yield from found or [ok("What profiles name as credential_process can be run.")]


def _unusable(scene: Scene, profile: str, command: str) -> Finding | None:
    fix = f"Mend credential_process of [profile {profile}] in {scene.files.config}"
    try:
        program = shlex.split(command)[0]
    except (ValueError, IndexError):
        return broken(f"The credential_process of {profile} can't be parsed: mind its quotes.", fix)
    path = Path(program)
    if path.is_file() and not os.access(path, os.X_OK):
        return broken(f"{program}, the credential_process of {profile}, is not executable.", f"chmod u+x {path}")
    if scene.which(program) is None:
        return broken(f"{program}, the credential_process of {profile}, is not there.", fix)
    return None


def _stored(scene: Scene) -> Finding:
    long_lived = [name for name in scene.files.stored if scene.files.profiles[name]["aws_access_key_id"] == "AKIA"]
    if not long_lived:
        return ok("No long-lived keys in AWS's files.")
    where = " and ".join(sorted({str(scene.files.stored[name]) for name in long_lived}))
    return ok(f"Long-lived keys of {listed(long_lived)} lie in {where}: whatever runs as you can read them.")


def _modes(scene: Scene) -> Iterator[Finding]:
    files = scene.files
    secret = {files.credentials, *files.stored.values()}
    found = [bad for file in (files.config, files.credentials) if (bad := _mode(file, secret=file in secret))]
    yield from found or [ok("AWS's files are closed to others.")]


def _mode(file: Path, *, secret: bool) -> Finding | None:
    try:
        mode = file.stat().st_mode
    except OSError:
        return None
    if secret and mode & OTHERS:
        return warning(f"{file} holds keys, and others may read it.", f"chmod 600 {file}")
    if mode & WRITABLE:
        return warning(f"{file} can be changed by others.", f"chmod go-w {file}")
    return None


CHECKS: Final[Checks] = {
    "role-mfa": _without_mfa,
    "mfa-serial": _serials,
    "mfa-devices": _devices,
    "credential-process": _processes,
    "stored-keys": _stored,
    "keychain-keys": keychain_keys,
    "aws-file-modes": _modes,
}
