"""What a check finds: a stable name, a state, one sentence, and what to type."""

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "broken", "skipped"]
"""ok: as it should be, or worth knowing; warning: works, but look; broken: mend it; skipped: could not be told."""


Name = Literal[
    "daemon-running",
    "daemon-api",
    "daemon-version",
    "daemon-code",
    "daemon-locked",
    "role-known",
    "role-failed",
    "runtime-variable",
    "runtime-dir",
    "control-socket",
    "grants-dir",
    "state-dir",
    "settings-file",
    "settings",
    "aws-files",
    "endpoint-port",
    "endpoint-proxy",
    "systemd-units",
    "systemd-state",
    "systemd-conflict",
    "launchd-agent",
    "clock-skew",
    "clock-synchronized",
    "shell-endpoint",
    "shell-token",
    "shell-grant",
    "shell-keys",
    "shell-profile",
    "shell-web-identity",
    "shell-relative-uri",
    "default-profile",
    "polars-keys",
    "proxy-endpoint",
    "proxy-sts",
    "role-mfa",
    "mfa-serial",
    "mfa-devices",
    "credential-process",
    "stored-keys",
    "aws-file-modes",
    "questions",
    "notices",
    "keychain",
    "docker",
    "podman",
    "doctor-itself",
]
"""Every id there is; they are stable, and docs/doctor.md has a row for each."""


class Finding(NamedTuple):
    """One line of the report. `name` is its id; several findings may share one."""

    name: Name
    state: State
    sentence: str
    fix: str = ""


def ok(name: Name, sentence: str) -> Finding:
    """Return a finding that needs nothing done."""
    return Finding(name, "ok", sentence)


def warning(name: Name, sentence: str, fix: str) -> Finding:
    """Return a finding that works, for now or for most."""
    return Finding(name, "warning", sentence, fix)


def broken(name: Name, sentence: str, fix: str) -> Finding:
    """Return a finding that has to be mended."""
    return Finding(name, "broken", sentence, fix)


def skipped(name: Name, sentence: str) -> Finding:
    """Return a finding that could not be made here."""
    return Finding(name, "skipped", sentence)


def count(number: int, thing: str) -> str:
    """Return "1 role", "2 roles"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def listed(names: list[str], most: int = 5) -> str:
    """Return names as a list in a sentence, not longer than one can read."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
