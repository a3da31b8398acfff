"""`status`, `roles` and `explain`: what is held, what could be, and by which path."""

from __future__ import annotations

import os

from xacct import __version__, wire
from xacct.ctl import shape, shell_prompt, variables
from xacct.ctl.failure import OK
from xacct.ctl.http10 import quote
from xacct.ctl.render import (
    allowed,
    clean,
    coloured,
    columns,
    each_of,
    files_of,
    folded,
    lines,
    out,
    out_json,
    paint,
    since,
    table,
    until,
)
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
_HEADING: Final = ("ROLE", "ACCOUNT", "IAM ROLE", "STATE", "EXPIRES IN", "MFA LASTS", "LAST USED", "RENEWS IN")
_NAME, _ACCOUNT, _IAM_ROLE, _USED, _RENEWS = 0, 1, 2, 6, 7
_SHORTEST: Final = 12
"""Characters of a cell that are never cut: a number of an account that is cut is none."""

_NO_ROLE: Final = "No role is configured. Give a profile a role_arn, then: xacctctl reload"
_NAMED: Final = 3
"""Roles that are named where something is wrong with many."""

_AROUND: Final = 12
"""Lines of a screen that are left for what stands around the table."""


def status(args: Namespace, client: Client) -> int:
    """Print what the daemon holds; or what a shell's prompt has of it."""
    if args.watch:
        from xacct.ctl.watch.run import watch  # noqa: PLC0415 - of use where it is asked for

        return watch(client)
    if args.prompt:
        shell_prompt.show(shell_prompt.segment(os.environ, client), args.colour)
        return OK
    path = shell_prompt.path_of(args.roles)
    if args.group == "group":
        path += "&groups=1" if args.roles else "?groups=1"
    answer: wire.StatusAnswer = client.call("GET", path, shape.status())
    if args.filter or args.sort:
        from xacct.ctl import listing  # noqa: PLC0415 - of use where it is asked for

        answer["roles"] = listing.chosen(answer["roles"], args.filter, args.sort)
    _print(args, answer, _status_lines(answer, args))
    return OK


def roles(args: Namespace, client: Client) -> int:
    """Print what the configuration offers."""
    from xacct.ctl import listing  # noqa: PLC0415 - `status`, in this file as well, does without

    answer = client.call("GET", wire.ROLES, wire.RolesAnswer)
    answer["roles"] = listing.chosen(answer["roles"], args.filter, args.sort)
    if args.filter and not answer["roles"] and not args.json:
        out(listing.nothing(args.filter))
        return OK
    _print(args, answer, _role_lines(answer))
    return OK


def _print(args: Namespace, answer: object, lines: Iterator[str]) -> None:
    if args.json:
        out_json(answer)
    else:
        out("\n".join(lines))


def explain(args: Namespace, client: Client) -> int:
    """Print the path to a role."""
    path = wire.EXPLAIN.format(role=quote(args.role))
    answer = client.call("GET", path, wire.ExplainAnswer)
    for number, step in enumerate(answer["steps"], 1):
        out(f"{number}. " + folded(clean(step), columns(), len(f"{number}. ")))
    for remark in answer["remarks"]:
        out("- " + folded(clean(remark), columns(), 2))
    return OK


def _status_lines(answer: wire.StatusAnswer, args: Namespace) -> Iterator[str]:
    now = answer["now"]
    if answer.get("locked"):
        yield _said("Locked: nothing is handed out until xacctctl unlock.", "warn")
    yield from _listed(answer, args)
    yield from _troubles(answer["roles"])
    for session in answer["sessions"]:
        lasts = until(session["expires_at"], now) if session["expires_at"] is not None else "none"
        yield _said(f"MFA session of {session['source']} ({_or(session.get('devices'), session['serial'])}): {lasts}")
    yield from _files(answer)
    for port in answer.get("imds", []):
        yield _said(f"IMDSv2 on {port['url']}: {port['role']}, for every program of yours")
    for grant in answer.get("narrowed", []):
        of = ", ".join(grant["roles"])
        yield _said(f"Grant {grant['id']} ({grant['label']}) has {of} narrowed to: {grant['scope']}")
    for approval in answer.get("approvals", []):
        yield _said(allowed(approval, now))
    for prompt in answer["prompts"]:
        yield paint(_question(prompt, answer["attended"]), "warn")
    astray = variables.strayed(os.environ)
    here = [f"{astray} {variables.anew(os.environ)} gives it the role of that name there."] if astray else []
    for note in [*here, *answer["notes"], *_versions(answer.get("daemon"))]:
        yield clean(f"note: {note}")  # in one line, however long: a command in it can be copied


def _said(sentence: str, tone: str = "") -> str:
    """Return a sentence within the width of the terminal."""
    return "\n".join(paint(line, tone) for line in folded(clean(sentence), columns(), 2).split("\n"))


def _files(answer: wire.StatusAnswer) -> Iterator[str]:
    """Say whose roles are shown, where they are not all of the daemon's own AWS files."""
    names = [role["name"] for role in answer["roles"]] + [session["source"] for session in answer["sessions"]]
    for catalogue in answer.get("catalogues", []):
        paths = f"{files_of(catalogue)}, with HOME {catalogue['home']}"
        if catalogue["meant"] and not catalogue["own"]:
            yield _said(f"Roles without # are of this shell's AWS files: {paths}")
        elif any(name.endswith(f"#{catalogue['id']}") for name in names):
            whose = "xacctd's own files" if catalogue["own"] else "other files"
            yield _said(f"Roles with #{catalogue['id']} are of {whose}: {paths}")


def _versions(daemon: wire.DaemonStatus | None) -> Iterator[str]:
    """Same API, so all works; but somebody who has upgraded will want to know that half of it waits."""
    if daemon is None:
        return
    if daemon["version"] != __version__:
        yield f"xacctd is {daemon['version']}, this xacctctl {__version__}; xacctctl doctor says what to do."
    elif daemon["code_changed"]:
        yield "The code of xacctd has been replaced since it started: xacctctl restart"


def _listed(answer: wire.StatusAnswer, args: Namespace) -> Iterator[str]:
    every = answer["roles"]
    shown = every if args.roles or args.filter else _worth_a_line(every)
    groups: list[tuple[str, list[wire.RoleStatus]]] = [("", shown)]
    if args.group:
        from xacct.ctl import listing  # noqa: PLC0415 - of use where it is asked for

        groups = list(listing.grouped(shown, args.group))
    heading, *rows = table(
        [_HEADING, *_rows([role for _, roles in groups for role in roles], answer["now"])],
        less=(_RENEWS, _IAM_ROLE),
        unless=(_IAM_ROLE,),
        shorter=(_NAME, _ACCOUNT, _IAM_ROLE),
        last=(_USED, _ACCOUNT),
        shortest=_SHORTEST,
    )
    if shown:
        yield paint(heading, "dim")
    elif not every:
        yield _said("No role passes the filter." if args.filter else _NO_ROLE)
    lines_left, shows = iter(rows), coloured()
    for name, roles in groups:
        if name:
            yield _group_heading(name, roles)
        for role in roles:
            yield _painted(role, next(lines_left)) if shows else next(lines_left)
    if len(shown) < len(every):
        more = f"{len(every) - len(shown)} roles" + " more" * bool(shown)
        yield f"{more} hold nothing; xacctctl roles lists them."


def _group_heading(name: str, roles: list[wire.RoleStatus]) -> str:
    from xacct.ctl import listing  # noqa: PLC0415 - of use where it is asked for

    return _said(listing.heading(name, roles), "dim")


def _painted(role: wire.RoleStatus, line: str) -> str:
    """Return a role's line in the colour of its state, its name in another where it is marked production."""
    tone = _TONES.get(role["state"], "")
    if not role.get("production"):
        return paint(line, tone)
    name, gap, rest = line.partition("  ")
    return paint(name, "production") + paint(gap + rest, tone)


def _worth_a_line(roles: list[wire.RoleStatus]) -> list[wire.RoleStatus]:
    """Return the roles to list: where a screen is too small for all, those with which nothing is are left out."""
    height = lines()
    if height is None or len(roles) <= max(1, height - _AROUND):
        return roles
    return [role for role in roles if role["state"] not in _NOTHING or role["error"] or role["expires_at"] is not None]


def _rows(roles: list[wire.RoleStatus], now: float) -> Iterator[tuple[str, ...]]:
    """Return the cells of each, column by column: there may be thousands."""
    return zip(
        [role["name"] for role in roles],
        [role.get("account_name") or role["account"] or "-" for role in roles],
        map(_iam_role, roles),
        [role["state"] for role in roles],
        each_of(until, [role["expires_at"] for role in roles], now),
        each_of(until, [role["mfa_expires_at"] for role in roles], now),
        each_of(since, [role["last_used"] for role in roles], now),
        each_of(until, [role["next_renewal"] for role in roles], now),
        strict=True,
    )


def _troubles(roles: list[wire.RoleStatus]) -> Iterator[str]:
    for whose, error, _ in troubles(roles):
        yield _said(f"{whose}: {error['sentence']}", "bad")
        if error["hint"]:
            yield clean(f"  hint: {error['hint']}")


def troubles(roles: list[wire.RoleStatus]) -> Iterator[tuple[str, wire.ErrorBody, wire.RoleState]]:
    """Yield what is wrong, with whom and their state; once where several roles hang from it."""
    found: list[tuple[list[str], wire.ErrorBody, wire.RoleState]] = []
    for role in roles:
        if not role["error"]:
            continue
        same = [names for names, error, state in found if (error, state) == (role["error"], role["state"])]
        if same:
            same[0].append(role["name"])
        else:
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
    known = {role["name"]: role for role in answer["roles"]}
    cells = [_cells(role, _mfa(role, known)) for role in answer["roles"]]
    named = any(role.get("account_name") for role in answer["roles"])
    rows = [("ROLE", "ACCOUNT", "NAME", "IAM ROLE", "REGION", "SOURCE", "MFA"), *cells]
    if not named:
        rows = [(*row[:2], *row[3:]) for row in rows]
    region = len(rows[0]) - 3
    heading, *below = table(rows, less=(region + 2,), shorter=(0, *range(2, region), region + 1), last=(region,))
    yield paint(heading, "dim")
    for role, line in zip(answer["roles"], below, strict=True):
        yield _painted({**role, "state": "idle"}, line)  # type: ignore[typeddict-item]  # of the two a name and a mark
    if "files" in answer:
        yield _said(f"of {files_of(answer['files'])}")
    for devices in dict.fromkeys(map(_devices, answer["roles"])):
        if devices:
            sources = dict.fromkeys(role["source"] for role in answer["roles"] if _devices(role) == devices)
            yield _said(f"MFA device of {', '.join(sources)}: {devices}")
    for problem in answer["problems"]:
        yield _said(problem["sentence"], "warn")
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
    return (
        role["name"],
        role["account"] or "-",
        role.get("account_name") or "-",
        _iam_role(role),
        role["region"] or "-",
        role["source"] + " (keychain)" * role.get("keychain", False),
        mfa,
    )


def _iam_role(role: wire.RoleStatus | wire.RoleInfo) -> str:
    """Return what the role is called in its account."""
    return (role["role_arn"] or "").partition(":role/")[2].rpartition("/")[2] or role.get("permission_set") or "-"


def _declare_roles(parser: ArgumentParser) -> None:
    from xacct.ctl import listing  # noqa: PLC0415 - `status` without options does without

    _declare_json(parser)
    listing.declare(parser, ("name", "account", "role", "region", "source"))


def _declare_json(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        help="the daemon's answer as it is (docs/control-api.md); instants are Unix seconds",
    )


def _declare_status(parser: ArgumentParser) -> None:
    from xacct.ctl import listing  # noqa: PLC0415 - `status` without options does without

    parser.add_argument("roles", nargs="*", metavar="ROLE", help="of these roles alone")
    _declare_json(parser)
    listing.declare(parser, ("name", "account", "role", "state", "expires", "mfa", "used"))
    parser.add_argument(
        "--watch",
        action="store_true",
        help="live, at a terminal: what is left, who fetched last, questions answered in place, keys to log in, log"
        " out, lock and filter; q ends it",
    )
    parser.add_argument("--group", choices=("account", "group"), help="under a heading each")
    parser.add_argument(
        "--prompt",
        action="store_true",
        help="this shell's role and how long it goes on without a code, for a shell's prompt: one line, or none; starts"
        " nothing, and always succeeds",
    )
    parser.add_argument(
        "--colour",
        choices=shell_prompt.COLOURED,
        help="with --prompt: in a colour, another for what is marked production, as that shell's prompt takes it",
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
            "xacctctl status --watch",
            "xacctctl status --filter state=held,failed --sort expires --group account",
            "PS1='$(xacctctl status --prompt) \\$ '",
            "xacctctl status --json | jq -r '.roles[] | select(.state == \"held\").name'",
        ),
        status,
        _declare_status,
    ),
    "roles": Verb(
        "List the roles the configuration offers, and the profiles that can't be used and why.",
        (
            "xacctctl roles",
            "xacctctl roles --filter customer --filter region='eu-*' --sort account",
            "xacctctl roles --filter production=yes --json",
        ),
        roles,
        _declare_roles,
    ),
    "explain": Verb(
        "Show the path from your keys to a role, a step a line: which MFA session, which hops,"
        " how long credentials last and why.",
        ("xacctctl explain prod",),
        explain,
        _declare_role,
    ),
}
