"""`agent`: coding agents (Claude Code, Codex ...) whose shells get narrower credentials, by their own settings."""
# ruff: noqa: PTH112 - see paths.py

import os
import re
import shlex
from argparse import ArgumentParser, Namespace
from typing import Any, Final

from xacct import paths, wire
from xacct.ctl import difference, scope_options, variables
from xacct.ctl.agent import change, look, parts, server, store
from xacct.ctl.agent.store import Installed
from xacct.ctl.agent.tools import TOOLS, Place
from xacct.ctl.client import Client
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.granting import demand_scope, revoke
from xacct.ctl.render import out, say, show, table
from xacct.ctl.start import alone
from xacct.ctl.verb import Verb
from xacct.text import clean

_CHECKED: Final = 60
"""Seconds that the grant lives by which a scope is looked at."""

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What ends a line, for one reader or another, or drives a terminal."""


def agent(args: Namespace, client: Client) -> int:
    """Install, list or uninstall."""
    match args.action:
        case "install":
            return _install(args, client)
        case "uninstall":
            return _uninstall(args)
    return _list()


def _install(args: Namespace, client: Client) -> int:
    project = _project(args.project)
    former = store.load(args.tool, project)
    _demand_sense(args, former)
    bounds = server.options(args, former)
    tool = TOOLS[args.tool]
    place = Place(paths.home(), project, variables.without_ours(os.environ))
    directory = store.directory(args.tool, project)
    _demand_nameable(place.home, project or "", directory)
    files = {store.PROGRAM: look.script(os.environ, place.home, store.agents())}
    undo = _undo(args.tool, project)
    words, coming = "", []
    if args.role is not None:
        tool.refuse(place, lambda path: change.read(path) or b"")
        words, more = _shells(args, client, directory, undo)
        files |= more
        coming += tool.shells(place, look.variables_of(directory), undo)
    mcp = args.mcp or (former is not None and former.mcp)
    if mcp:
        _demand_roles(args, client)
        coming.append(tool.server(place, [f"{directory}/{store.PROGRAM}", "mcp", *bounds]))
    with _alone():
        plan = change.planned(former.parts if former else [], coming)
        if project is not None:
            change.demand_within(plan, project)
        installed = Installed(args.tool, project, args.role, words, mcp, bounds, plan.records)
        own = _own(args.tool, project, files)
        if not plan.changes and not own and former == installed:
            show(f"Nothing to change for {tool.title}.")
            return OK
        _show(plan, own)
        if args.mcp and server.is_wider(args):
            say(f"xacctctl: note: {server.WIDER}")
        if args.dry_run:
            return OK
        _go_ahead(args, plan)
        store.save(installed, files)
        change.write(plan)
    launcher = next((record["path"] for record in plan.records if record.get("executable")), "")
    show(f"Installed for {tool.title}. {tool.then.format(launcher) if args.role else ''}".rstrip())
    return OK


def _uninstall(args: Namespace) -> int:
    project = _project(args.project)
    with _alone():
        installed = store.load(args.tool, project)
        if installed is None:
            raise CtlError(f"Nothing is installed for {_called(args.tool, project)}.", "xacctctl agent list")
        plan = change.planned(installed.parts, [])
        if project is not None:
            change.demand_within(plan, project)
        _show(plan, {})
        _go_ahead(args, plan)
        change.write(plan)
        store.forget(args.tool, project)
    for path in plan.stays:
        say(f"xacctctl: note: {path} has been changed since in what was put in; that stays.")
    show(f"Taken out of the settings of {TOOLS[args.tool].title}.")
    return OK


def _list() -> int:
    rows = [
        (
            each.tool,
            each.project or "-",
            each.role or "-",
            each.words or "-",
            (" ".join(each.bounds) or "yes") if each.mcp else "-",
            _state(each),
        )
        for each in store.every()
    ]
    if not rows:
        show(f"Nothing is installed. There are: {', '.join(TOOLS)}.")
        return OK
    out("\n".join(table([("AGENT", "PROJECT", "ROLE", "NARROWED TO", "MCP", "STATE"), *rows], shorter=(1, 3, 4))))
    return OK


def _state(installed: Installed) -> str:
    """Say whether an agent's settings still have what was put in."""
    for record in installed.parts:
        try:
            content = change.read(str(record["path"]))
        except CtlError:
            content = None
        if content is None or not parts.stands(record, content):
            return "changed since"
    return "installed"


def _demand_sense(args: Namespace, former: Installed | None) -> None:
    """Refuse what would leave shells with more than was meant."""
    if args.role is None:
        if not args.mcp:
            raise CtlError(
                "agent install needs a role, or --mcp alone.",
                f"xacctctl agent install {args.tool} ROLE --read-only",
                USAGE,
            )
        if server.is_wider(args):  # guard: mcp-alone-takes-no-bound-that-it-has-not
            raise CtlError(
                "The MCP server alone is bound by --role, --scope and --ttl, and by nothing else.",
                "What else narrows can stand in a scope of config.toml: --scope NAME",
                USAGE,
            )
        if former is not None and former.role is not None:  # guard: mcp-alone-does-not-widen-shells
            raise CtlError(
                f"Its shells have {former.role} already, narrowed; without a role they would not be.",
                "Name the role and what narrows it again, and --mcp.",
                USAGE,
            )
        return
    # guard: agents-shells-are-narrowed
    if not (args.read_only or args.policy is not None or args.allow is not None or args.scope is not None):
        raise CtlError(
            "An agent's shells get less than a role may.",
            "--read-only, --allow, --policy or --scope says how much; xacctctl configure makes profiles of roles.",
            USAGE,
        )


def _demand_nameable(*directories: str) -> None:
    """Refuse directories that agents' settings, which are UTF-8, and comments, which are a line, can't name."""
    for directory in directories:
        if _CONTROLS.search(directory):  # guard: projects-name-is-no-line-of-a-program
            raise CtlError(
                f"{clean(directory)} can't be written into a file of lines: its name has a control character."
            )
        if any("\ud800" <= char <= "\udfff" for char in directory):  # guard: settings-name-no-path-that-is-no-utf-8
            raise CtlError(f"The name {clean(directory)} is no UTF-8, which an agent's settings have to be.")


def _shells(args: Namespace, client: Client, directory: str, undo: str) -> tuple[str, dict[str, str]]:
    """Return what the credentials are narrowed to, in words, and the agent's AWS files.

    xacctd has taken the scope by then: a grant is made for that, and ends.
    """
    scope = scope_options.asked(args)["scope"]
    grant = _tried(args, client, args.role, scope)
    files = {} if args.policy is None else {"policy.json": scope["policy"]}
    words = [f"{directory}/{store.PROGRAM}", "process", args.role, *_options(args, f"{directory}/policy.json")]
    files |= {
        "credentials": "# Nothing is in here, and SDKs look no further.\n",
        "config": look.config(words, grant["regions"].get(args.role), undo),
    }
    return narrowed["words"] if (narrowed := grant.get("scope")) else "", files


def _demand_roles(args: Namespace, client: Client) -> None:
    """Refuse a role that there is not, or a scope, before a server is bound to them."""
    scope = {"read_only": True} if args.scope is None else {"name": args.scope}
    for role in server.roles(args) if args.mcp else []:
        _tried(args, client, role, scope)


def _tried(args: Namespace, client: Client, role: str, scope: dict[str, Any]) -> wire.GrantAnswer:
    """Return the answer for a grant that was made to see whether xacctd takes it, and has ended."""
    body: dict[str, Any] = {"roles": [role], "label": f"agent install {args.tool}", "ttl": _CHECKED, "scope": scope}
    grant = client.call("POST", wire.GRANTS, wire.GrantAnswer, body)
    demand_scope(client, body, grant)
    revoke(client, grant["id"])
    return grant


def _options(args: Namespace, policy: str) -> list[str]:
    """Return the options that narrow, as they were typed; a policy is the copy of now, whoever changes the other."""
    given: list[tuple[str, list[str]]] = [
        ("--allow", args.allow or []),
        ("--on", args.on or []),
        ("--policy", [policy] if args.policy is not None else []),
        *((f"--{name}", [value] if (value := getattr(args, name)) else []) for name in ("scope", "regions", "ttl")),
    ]
    options = [word for name, values in given for value in values for word in (name, value)]
    return [*(["--read-only"] if args.read_only else []), *options]


def _own(tool: str, project: str | None, files: dict[str, str]) -> dict[str, tuple[bytes, bytes]]:
    """Return those of the agent's AWS files that change, before and after."""
    paths_of = {
        f"{store.directory(tool, project)}/{name}": content.encode("utf-8", "surrogateescape")
        for name, content in files.items()
    }
    return {path: (was, new) for path, new in paths_of.items() if (was := change.read(path) or b"") != new}


def _show(plan: change.Plan, own: dict[str, tuple[bytes, bytes]]) -> None:
    lines = frozenset(
        parts.core(line)
        for both in own.values()
        for each in both
        for line in each.decode("utf-8", "backslashreplace").splitlines()
    )
    for path, (was, new) in own.items():
        for line in difference.unified(path, was, new, change.showable(lines)):
            show(line)
    for line in change.shown(plan):
        show(line)


def _go_ahead(args: Namespace, plan: change.Plan) -> None:
    change.demand_writable(plan)
    if not args.yes:
        demand_yes("Write this?")


def _alone() -> Any:
    paths.make_private(paths.runtime_dir())
    return alone(f"{paths.runtime_dir()}/agent.lock")


def _project(given: str | None) -> str | None:
    if given is None:
        return None
    if not os.path.isdir(given):
        raise CtlError(f"{given} is no directory.", "--project alone is this one.", USAGE)
    return os.path.realpath(given)


def _undo(tool: str, project: str | None) -> str:
    return f"xacctctl agent uninstall {tool}" + ("" if project is None else f" --project {shlex.quote(project)}")


def _called(tool: str, project: str | None) -> str:
    return TOOLS[tool].title + ("" if project is None else f" in {project}")


def _declare(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="list|install|uninstall")
    actions.add_parser("list", help="what is installed, and whether it still stands (the default)")
    install = actions.add_parser("install", help="change an agent's settings: a diff, then a question; safe to repeat")
    install.add_argument("tool", choices=list(TOOLS))
    install.add_argument("role", metavar="ROLE", nargs="?", help="whose credentials its shells get, narrowed")
    server.declare(install)
    install.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    scope_options.declare(install)
    uninstall = actions.add_parser("uninstall", help="take out what was put in; what is yours stays")
    uninstall.add_argument("tool", choices=list(TOOLS))
    for action in (install, uninstall):
        action.add_argument("--yes", action="store_true", help="without a question")
        action.add_argument(
            "--project",
            metavar="DIR",
            nargs="?",
            const=".",
            help="for one directory instead of everywhere; without DIR the working one",
        )


VERBS = {
    "agent": Verb(
        "Give the shells of a coding agent a role's credentials, narrowed, by the agent's own settings: AWS files with"
        " one profile, which asks xacctd. No secret is written. docs/agent-install.md says what each agent's settings"
        " can do, and that it is no boundary.",
        (
            "xacctctl agent install claude-code prod --read-only",
            "xacctctl agent install codex dev --allow s3:GetObject --on 'arn:aws:s3:::reports/*' --ttl 20m",
            "xacctctl agent install vscode prod --scope reports --project",
            "xacctctl agent install cursor --mcp --role dev --ttl 30m",
            "xacctctl agent",
            "xacctctl agent uninstall claude-code",
        ),
        agent,
        _declare,
    ),
}
