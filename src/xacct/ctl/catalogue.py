"""`trust --catalogue`: a team's files, whose signature is good, become roles of this user's, as they are now.

They are read once: what the signature is over, what is shown, and what is kept for the daemon are the same bytes.
"""
# ruff: noqa: PTH111, PTH116, PTH118, PTH120 - see paths.py

import os
import stat
import subprocess
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Final

from xacct import fileio, paths, teamfiles, tomlfile, wire
from xacct.ctl.client import Client
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import NO_DAEMON, REFUSED, USAGE, CtlError
from xacct.ctl.render import count, out, say
from xacct.teamfiles import Kept
from xacct.text import clean

NAMESPACE: Final = "xacct-catalogue"
"""What a signature has to be for (ssh-keygen -n): one of a commit or a mail is none."""

_SIGNERS: Final = "allowed_signers"
_MOST_SUMS: Final = 256 * 1024
_SHOWN: Final = 200
"""Lines of a change."""

_PATIENCE: Final = 20
"""Seconds that ssh-keygen may take."""


def trust(name: str, client: Client, *, yes: bool) -> None:
    """Check a catalogue, show what is new in it, ask, and keep it for the daemon.

    Raises:
        CtlError: it is not signed by whom it should be, is not whole, says what it may not, or the answer is no.
    """
    said = _settings(name)
    path = os.path.expanduser(said["path"])
    beside = os.path.dirname(paths.config_file())
    signers = os.path.join(beside, os.path.expanduser(said.get("signers", _SIGNERS)))
    try:
        manifest = fileio.read(os.path.join(path, teamfiles.MANIFEST), _MOST_SUMS)
        signer = _signer(path, signers, manifest)
        found = Kept(path, teamfiles.digest(manifest), _files(path, manifest))
        for file, text in found.files.items():
            if file.endswith(".toml"):
                teamfiles.said(file, text)
    except teamfiles.RefusedError as error:
        raise CtlError(f"The catalogue {name} is refused: {error.sentence}", "Tell who keeps it.", REFUSED) from None
    except OSError as error:
        raise CtlError(f"{error.filename} can't be used: {error.strerror}.", f"ls -l {path}") from None
    file = kept_file(name)
    out(f"The catalogue {name}, {clean(path)}, signed by {clean(signer)}:")
    for line in _news(teamfiles.kept(file), found):
        out(line)
    if not yes:
        demand_yes("Take these roles?")
    _keep(file, found)
    for sentence in _read_again(client):
        if f"the catalogue {name}" in sentence.lower():
            say(f"xacctctl: note: {sentence}")


def untrust(name: str, client: Client) -> None:
    """Forget a catalogue: its roles go.

    Raises:
        CtlError: it is not trusted.
    """
    try:
        os.unlink(kept_file(name))  # noqa: PTH108 - see paths.py
    except FileNotFoundError:
        raise CtlError(f"The catalogue {name} is not trusted.", "xacctctl trust --list") from None
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None
    out(f"Not trusted any more: the catalogue {name}")
    _read_again(client)


def names() -> list[str]:
    """Return what the catalogues of config.toml are called.

    Raises:
        CtlError: it can't be read.
    """
    return [name for name in _catalogues() if name.isprintable()]


def states() -> Iterator[str]:
    """Yield a line for each catalogue of config.toml: where it is, and whether it is trusted."""
    for name, said in _catalogues().items():
        path = os.path.expanduser(said["path"])
        found = teamfiles.kept(kept_file(name))
        state = "is not trusted"
        if found is not None and found.path == path:
            try:
                now = teamfiles.digest(fileio.read(os.path.join(path, teamfiles.MANIFEST), _MOST_SUMS))
            except OSError:
                now = found.manifest
            state = count(len(found.files), "file") if now == found.manifest else "has changed since"
        yield f"{name}: {clean(path)}  {state}"


def kept_file(name: str) -> str:
    """Return where a catalogue is kept as it was when it was trusted.

    Raises:
        CtlError: none is called so.
    """
    if not name or not all(char.isascii() and (char.isalnum() or char in "-_") for char in name):
        raise CtlError(f"{name!r} is no name of a catalogue.", "[catalogues.NAME] in config.toml", USAGE)
    return f"{paths.state_dir()}/catalogues/{name}"


def _catalogues() -> dict[str, Any]:
    """Return [catalogues] of config.toml.

    Raises:
        CtlError: it can't be read, or is wrong.
    """
    path = paths.config_file()
    try:
        found = tomlfile.read(path).get("catalogues", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CtlError(f"{path} can't be read: {why}.", "docs/settings.md says what may stand in it.") from None
    tables: list[Any] = list(found.values()) if isinstance(found, dict) else [None]
    if not all(isinstance(table, dict) and _is_catalogue(table) for table in tables):
        raise CtlError(f"[catalogues] of {path} is wrong.", "xacctctl reload says what is.")
    return dict(found)


def _is_catalogue(table: dict[str, Any]) -> bool:
    return isinstance(table.get("path"), str) and isinstance(table.get("signers", ""), str)


def _settings(name: str) -> dict[str, str]:
    found = _catalogues()
    if name not in found:
        known = f"There is {', '.join(found)}." if found else 'It needs a table: [catalogues.NAME] path = "..."'
        raise CtlError(f"config.toml has no catalogue {name!r}.", known, USAGE)
    return dict(found[name])


def _signer(path: str, signers: str, manifest: bytes) -> str:
    """Return who has signed the manifest, one of those that the user believes.

    Raises:
        RefusedError: nobody of them has.
        OSError: a file can't be used.
    """
    _demand_own(signers, path)
    signature = os.path.join(path, teamfiles.SIGNATURE)
    fileio.read(signature, _MOST_SUMS)
    found = _ssh_keygen("find-principals", signers, signature)
    principal = found.stdout.decode("utf-8", "replace").partition("\n")[0]
    # guard: team-catalogue-is-signed
    if found.returncode or not principal:
        raise teamfiles.RefusedError(f"it is signed by nobody of {signers}.")
    done = _ssh_keygen("verify", signers, signature, "-n", NAMESPACE, "-I", principal, content=manifest)
    if done.returncode:  # guard: team-catalogues-signature-is-over-its-manifest
        raise teamfiles.RefusedError(f"its signature is not one of {principal} for it, by {signers}.")
    return principal


def _demand_own(signers: str, path: str) -> None:
    """Refuse signers that others than the user could have chosen.

    Raises:
        RefusedError: they could.
        OSError: the file can't be used.
    """
    fileio.read(signers, _MOST_SUMS, owner=os.geteuid())
    inside = os.path.realpath(signers).startswith(os.path.realpath(path) + "/")
    # guard: team-catalogue-names-no-signers
    if inside or stat.S_IMODE(os.stat(signers).st_mode) & 0o022:
        raise teamfiles.RefusedError(f"{signers} could be written by others: it says whom you believe.")


def _ssh_keygen(
    action: str, signers: str, signature: str, *words: str, content: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    line = ["ssh-keygen", "-Y", action, "-f", signers, "-s", signature, *words]
    try:
        return subprocess.run(  # noqa: S603 - a fixed program; its words are paths and a name behind an option
            line, input=content, capture_output=True, check=False, timeout=_PATIENCE, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise CtlError("ssh-keygen is not installed, which looks at signatures.", "It is a part of OpenSSH.") from None
    except subprocess.TimeoutExpired:
        raise CtlError("ssh-keygen does not end.", "ssh-keygen -Y verify, by hand, may say why.") from None


def _files(path: str, manifest: bytes) -> dict[str, str]:
    """Return the texts of the files that a manifest names.

    Raises:
        RefusedError: one is not as the manifest has it.
        OSError: one can't be read.
    """
    found: dict[str, str] = {}
    left = teamfiles.MOST_BYTES
    for name, digest in teamfiles.listed(manifest).items():
        content = fileio.read(os.path.join(path, name), left, null=False)
        left -= len(content)
        if teamfiles.digest(content) != digest:  # guard: team-catalogues-files-are-those-signed
            raise teamfiles.RefusedError(f"{name} is not the file that was signed.")
        try:
            found[name] = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise teamfiles.RefusedError(f"{name} is no UTF-8.") from None
    return found


def _news(former: Kept | None, found: Kept) -> Iterator[str]:
    """Yield what is new: the lines of a change, or of a catalogue that is new itself its files and what they have."""
    if former is None:
        lines = [line for name, text in found.files.items() for line in _summed_up(name, text)]
    else:
        lines = [line for name in sorted({*former.files, *found.files}) for line in _change(name, former, found)]
    yield from lines[:_SHOWN] or ["  as it was"]
    if len(lines) > _SHOWN:
        yield f"... and {len(lines) - _SHOWN} lines more"


def _change(name: str, former: Kept, found: Kept) -> Iterator[str]:
    before, after = (each.files.get(name, "").splitlines() for each in (former, found))
    return (clean(line) for line in unified_diff(before, after, name, name, lineterm="", n=1))


def _summed_up(name: str, text: str) -> Iterator[str]:
    """Yield a file's name, and below it its roles with their ARNs, as they stand there."""
    if name.endswith(".csv"):
        yield f"  {name}: {count(len(text.splitlines()), 'line')}"
        return
    said = teamfiles.said(name, text)
    yield f"  {name}" + (f": names of {count(len(said['accounts']), 'account')}" if "accounts" in said else "")
    for title, role in said.get("roles", {}).items():
        yield f"    {clean(title)}  {clean(str(role.get('role_arn', '-')))}"
    for template in said.get("templates", {}).values():
        called, arn = (clean(str(template.get(key, "-"))) for key in ("name", "role_arn"))
        yield f"    {called}  {arn}  (a row each of {clean(str(template.get('csv', '[rows]')))})"


def _keep(file: str, found: Kept) -> None:
    try:
        paths.make_private(paths.state_dir())
        paths.make_private(os.path.dirname(file))
        fileio.write_private(file, found.written())
    except OSError as error:
        raise CtlError(f"That can't be written down: {error.strerror}.") from None


def _read_again(client: Client) -> list[str]:
    """Have a daemon that runs take it. Returns what it says is wrong."""
    try:
        answer = client.without_start().call("POST", wire.RELOAD, wire.ReloadAnswer)
    except CtlError as error:
        if error.status != NO_DAEMON:
            raise
        return []
    out(f"xacctd has read it: {count(answer['roles'], 'role')} in all.")
    return [problem["sentence"] for problem in answer["problems"]]
