"""`status`, `roles` and `explain`: what is held, what could be, and by which path."""

from __future__ import annotations

import os

from xacct import __version__, wire
from xacct.ctl import shape, shell_prompt, variables
from xacct.ctl.failure import OK
from xacct.ctl.http10 import quote
from xacct.ctl.render import clean, columns, files_of, folded, lines, out, paint, since, table, until
from xacct.ctl.verb import Verb
from xacct.text import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from typing import Final

    from xacct.ctl.client import Client

_TONES: Final = {"held": "good", "waiting": "warn", "needs-code": "warn", "failed": "bad"}
_NOTHING: Final = frozenset({"idle", "needs-code"})
_HEADING: Final = ("ROLE", "ACCOUNT", "STATE", "EXPIRES IN", "MFA LASTS", "LAST USED", "RENEWS IN")
_NAME, _ACCOUNT, _USED, _RENEWS = 0, 1, 5, 6
_NAMED: Final = 3
"""Roles that are named where something is wrong with many."""

_AROUND: Final = 12
"""Lines of a screen that are left for what stands around the table."""


def status(args: Namespace, client: Client) -> int:
    """Print what the daemon holds; or what a shell's prompt has of it."""
    if args.prompt:
        if segment := shell_prompt.segment(os.environ, client):
            out(segment)
        return OK
    answer: wire.StatusAnswer = client.call("GET", shell_prompt.path_of(args.roles), shape.status())
    out(_json(answer) if args.json else "\n".join(_status_lines(answer)))
    return OK


def roles(args: Namespace, client: Client) -> int:
    """Print what the configuration offers."""
    answer = client.call("GET", wire.ROLES, wire.RolesAnswer)
    out(_json(answer) if args.json else "\n".join(_role_lines(answer)))
    return OK


def _json(answer: object) -> str:
    import json  # noqa: PLC0415 - of use where it is asked for

    return json.dumps(answer, indent=2)


def explain(args: Namespace, client: Client) -> int:
    """Print the path to a role."""
    path = wire.EXPLAIN.format(role=quote(args.role))
    answer = client.call("GET", path, wire.ExplainAnswer)
    for number, step in enumerate(answer["steps"], 1):
        out(f"{number}. " + folded(clean(step), columns(), len(f"{number}. ")))
    for remark in answer["remarks"]:
        out("- " + folded(clean(remark), columns(), 2))
    return OK


def _status_lines(answer: wire.StatusAnswer) -> Iterator[str]:
    now = answer["now"]
    if answer.get("locked"):
        yield paint("Locked: nothing is handed out until xacctctl unlock.", "warn")
    yield from _listed(answer)
    yield from _troubles(answer["roles"])
    for session in answer["sessions"]:
        lasts = until(session["expires_at"], now) if session["expires_at"] is not None else "none"
        yield clean(f"MFA session of {session['source']} ({_or(session.get('devices'), session['serial'])}): {lasts}")
    yield from _files(answer)
    for port in answer.get("imds", []):
        yield clean(f"IMDSv2 on {port['url']}: {port['role']}, for every program of yours")
    for prompt in answer["prompts"]:
        yield paint(_question(prompt, answer["attended"]), "warn")
    astray = variables.strayed(os.environ)
    here = [f"{astray} {variables.anew(os.environ)} gives it the role of that name there."] if astray else []
    for note in [*here, *answer["notes"], *_versions(answer.get("daemon"))]:
        yield clean(f"note: {note}")


def _files(answer: wire.StatusAnswer) -> Iterator[str]:
    """Say whose roles are shown, where they are not all of the daemon's own AWS files."""
    names = [role["name"] for role in answer["roles"]] + [session["source"] for session in answer["sessions"]]
    for catalogue in answer.get("catalogues", []):
        paths = f"{files_of(catalogue)}, with HOME {catalogue['home']}"
        if catalogue["meant"] and not catalogue["own"]:
            yield clean(f"Roles without # are of this shell's AWS files: {paths}")
        elif any(name.endswith(f"#{catalogue['id']}") for name in names):
            whose = "xacctd's own files" if catalogue["own"] else "other files"
            yield clean(f"Roles with #{catalogue['id']} are of {whose}: {paths}")


def _versions(daemon: wire.DaemonStatus | None) -> Iterator[str]:
    """Same API, so all works; but somebody who has upgraded will want to know that half of it waits."""
    if daemon is None:
        return
    if daemon["version"] != __version__:
        yield f"xacctd is {daemon['version']}, this xacctctl {__version__}; xacctctl doctor says what to do."
    elif daemon["code_changed"]:
        yield "The code of xacctd has been replaced since it started: xacctctl restart"


def _listed(answer: wire.StatusAnswer) -> Iterator[str]:
    listed = _worth_a_line(answer["roles"])
    heading, *rows = table(
        [_HEADING, *(_row(role, answer["now"]) for role in listed)],
        less=(_RENEWS,),
        shorter=(_NAME,),
        last=(_USED, _ACCOUNT),
    )
    if listed:
        yield paint(heading, "dim")
    elif not answer["roles"]:
        yield "No role is configured. Give a profile a role_arn, then: xacctctl reload"
    for role, line in zip(listed, rows, strict=True):
        yield paint(line, _TONES.get(role["state"], ""))
    if len(listed) < len(answer["roles"]):
        more = f"{len(answer['roles']) - len(listed)} roles" + " more" * bool(listed)
        yield f"{more} hold nothing; xacctctl roles lists them."


def _worth_a_line(roles: list[wire.RoleStatus]) -> list[wire.RoleStatus]:
    """Return the roles to list: where a screen is too small for all, those with which nothing is are left out."""
    height = lines()
    if height is None or len(roles) <= max(1, height - _AROUND):
        return roles
    return [role for role in roles if role["state"] not in _NOTHING or role["error"] or role["expires_at"] is not None]


def _row(role: wire.RoleStatus, now: float) -> tuple[str, ...]:
    return (
        role["name"],
        role["account"] or "-",
        role["state"],
        until(role["expires_at"], now),
        until(role["mfa_expires_at"], now),
        since(role["last_used"], now),
        until(role["next_renewal"], now),
    )


def _troubles(roles: list[wire.RoleStatus]) -> Iterator[str]:
    for whose, error, _ in troubles(roles):
        yield paint(clean(f"{whose}: {error['sentence']}"), "bad")
        if error["hint"]:
            yield clean(f"  hint: {error['hint']}")


def troubles(roles: list[wire.RoleStatus]) -> Iterator[tuple[str, wire.ErrorBody, wire.RoleState]]:
    """Yield what is wrong, with whom and their state; once where several roles hang from it."""
    found: list[tuple[list[str], wire.ErrorBody, wire.RoleState]] = []
    for role in roles:
        same = [names for names, error, state in found if (error, state) == (role["error"], role["state"])]
        if same:
            same[0].append(role["name"])
        elif role["error"]:
            found.append(([role["name"]], role["error"], role["state"]))
    for names, error, state in found:
        yield listed(names, _NAMED), error, state


def _question(prompt: wire.Prompt, attended: int) -> str:
    roles = ", ".join(prompt["roles"])
    if prompt["kind"] == "confirm":
        line = f"waiting for a yes or no: let {prompt.get('label', '')} use {roles}?"
    elif prompt["kind"] == "sign-in":
        where = f"{prompt.get('service') or 'IAM Identity Center'} ({prompt.get('sign_in', '')})"
        line = f"waiting for a sign-in to {where}, for {roles}"
    else:
        line = f"waiting for the MFA code of {_or(prompt.get('devices'), prompt['serial'])}, for {roles}"
    return clean(line if attended else f"{line} (answer it: xacctctl attend)")


def _role_lines(answer: wire.RolesAnswer) -> Iterator[str]:
    headings = ("ROLE", "ACCOUNT", "IAM ROLE", "REGION", "SOURCE", "MFA")
    known = {role["name"]: role for role in answer["roles"]}
    cells = [_cells(role, _mfa(role, known)) for role in answer["roles"]]
    heading, *rows = table([headings, *cells], less=(5,), shorter=(0, 2, 4))
    yield paint(heading, "dim")
    yield from rows
    if "files" in answer:
        yield clean(f"of {files_of(answer['files'])}")
    for devices in dict.fromkeys(map(_devices, answer["roles"])):
        if devices:
            sources = dict.fromkeys(role["source"] for role in answer["roles"] if _devices(role) == devices)
            yield clean(f"MFA device of {', '.join(sources)}: {devices}")
    for problem in answer["problems"]:
        yield paint(clean(problem["sentence"]), "warn")
        if problem["hint"]:
            yield clean(f"  hint: {problem['hint']}")


def _devices(role: wire.RoleInfo) -> str:
    return _or(role.get("devices"), role["mfa_serial"] or "")


def _or(devices: list[str] | None, first: str) -> str:
    """Return the MFA devices any of which will do."""
    return " or ".join(devices or [first])


def _mfa(role: wire.RoleInfo, known: dict[str, wire.RoleInfo]) -> str:
    """Whether a role takes a human, by itself or by what it hangs from: "yes", "no", or "sign-in"."""
    if role["mfa_serial"] or role.get("sign_in"):
        return "sign-in" if role.get("sign_in") else "yes"
    above = known.get(role["source"])
    return "no" if above is None or above is role else _mfa(above, known)


def _cells(role: wire.RoleInfo, mfa: str) -> tuple[str, ...]:
    arn = role["role_arn"] or ""
    return (
        role["name"],
        role["account"] or "-",
        arn.partition(":role/")[2].rpartition("/")[2] or role.get("permission_set") or "-",
        role["region"] or "-",
        role["source"] + " (keychain)" * role.get("keychain", False),
        mfa,
    )


def _declare_json(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        help="the daemon's answer as it is (docs/control-api.md); instants are Unix seconds",
    )


def _declare_status(parser: ArgumentParser) -> None:
    parser.add_argument("roles", nargs="*", metavar="ROLE", help="of these roles alone")
    _declare_json(parser)
    parser.add_argument(
        "--prompt",
        action="store_true",
        help="this shell's role and how long it goes on without a code, for a shell's prompt: one line, or none; starts"
        " nothing, and always succeeds",
    )


def _declare_role(parser: ArgumentParser) -> None:
    parser.add_argument("role", metavar="ROLE")


VERBS = {
    "status": Verb(
        "Show each role's state, when it expires and is renewed, how long it goes on without a"
        " code, and what went wrong last.",
        (
            "xacctctl status",
            "xacctctl status prod",
            "PS1='$(xacctctl status --prompt) \\$ '",
            "xacctctl status --json | jq -r '.roles[] | select(.state == \"held\").name'",
        ),
        status,
        _declare_status,
    ),
    "roles": Verb(
        "List the roles the configuration offers, and the profiles that can't be used and why.",
        ("xacctctl roles",),
        roles,
        _declare_json,
    ),
    "explain": Verb(
        "Show the path from your keys to a role, a step a line: which MFA session, which hops,"
        " how long credentials last and why.",
        ("xacctctl explain prod",),
        explain,
        _declare_role,
    ),
}
