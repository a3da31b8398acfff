"""`grants`: who may fetch credentials from the endpoint; for containers and other guests."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from xacct import wire
from xacct.ctl import agents, scope_options
from xacct.ctl.client import Anything, Client
from xacct.ctl.complain import complain
from xacct.ctl.failure import OK, USAGE, CtlError
from xacct.ctl.granting import demand_scope
from xacct.ctl.http10 import quote
from xacct.ctl.render import allowed, clean, out, out_json, paint, show, since, table, until
from xacct.ctl.verb import Verb


def grants(args: Namespace, client: Client) -> int:
    """List, create or revoke."""
    match args.action:
        case "create":
            return _create(args, client)
        case "revoke":
            return _revoke(args.ids, client)
    return _list(client)


def _list(client: Client) -> int:
    found = client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"]
    status = client.call("GET", wire.STATUS, wire.StatusAnswer)
    now = status["now"]
    rows = [
        (
            grant["id"],
            ",".join([*grant["roles"], *grant.get("role_arn_patterns", [])]),
            grant["label"],
            since(grant["created"], now),
            until(grant["expires_at"], now),
            since(grant["last_used"], now),
            "-" if grant["pid"] is None else str(grant["pid"]),
        )
        for grant in found
    ]
    heading, *lines = table(
        [("ID", "ROLES", "LABEL", "CREATED", "EXPIRES IN", "LAST USED", "PID"), *rows],
        less=(3,),
        shorter=(1, 2),
        last=(5, 6),
    )
    yeses = [allowed(each, now) for each in status.get("approvals", []) if _concerns(each, found)]
    out("\n".join([paint(heading, "dim"), *lines, *_scopes(found), *([""] if yeses else []), *yeses]))
    return OK


def _concerns(approval: wire.Approval, grants: Sequence[wire.GrantInfo]) -> bool:
    """Whether a human's yes is one of these grants', or for all and for a role of theirs."""
    if approval["consumer"] is None:
        return any(approval["role"] in grant["roles"] for grant in grants)
    return any(approval["consumer"] == grant["id"] for grant in grants)


def _scopes(grants: Sequence[wire.GrantInfo]) -> list[str]:
    """Return what those are narrowed to that are, a line each."""
    narrow = [(grant["id"], scope) for grant in grants if (scope := grant.get("scope"))]
    return ["", *(f"{id_} is narrowed to: {clean(scope['words'])}" for id_, scope in narrow)] if narrow else []


def _create(args: Namespace, client: Client) -> int:
    """Without --json the token stays in its file: what is printed may be read over a shoulder."""
    if bool(args.role_arn) != (args.via is not None) or not (args.roles or args.role_arn):
        raise CtlError(
            "grants create needs roles, or --role-arn together with --via.", "xacctctl grants create --help", USAGE
        )
    body: dict[str, Any] = {"roles": args.roles, "label": clean(args.label), **agents.said(os.environ)}
    if args.role_arn:
        body |= {"role_arn_patterns": args.role_arn, "via": args.via}
    body |= scope_options.asked(args, timed=False)
    grant = client.call("POST", wire.GRANTS, wire.GrantAnswer, body)
    demand_scope(client, body, grant)
    if args.json:
        out_json(grant)
        return OK
    show(f"grant       {grant['id']}")
    show(f"token file  {grant['token_file']}")
    if scope := grant.get("scope"):
        show(f"scope       {scope['words']}  ({scope['id']})")
    for role, url in grant["urls"].items():
        show(f"url         {url}  ({role})")
    if grant.get("role_arn_url"):
        show(f"url         {grant['role_arn_url']}ARN  (each ARN that matches)")
    return OK


def _revoke(wanted: list[str], client: Client) -> int:
    """Revoke every one that can be, and say what it was: a mistyped id must not keep the next one alive."""
    there = {grant["id"]: grant for grant in client.call("GET", wire.GRANTS, wire.GrantsAnswer)["grants"]}
    failed = OK
    for word in dict.fromkeys(wanted):
        try:
            grant = _named(word, there)
            client.call("DELETE", wire.GRANT.format(id=quote(grant["id"])), Anything)
        except CtlError as error:
            complain(error.sentence, error.hint)
            failed = failed or error.status
        else:
            there.pop(grant["id"])
            of = ", ".join([*grant["roles"], *grant.get("role_arn_patterns", [])])
            show(f"Revoked {grant['id']}: {of}, for {grant['label']}.")
    return failed


def _named(word: str, there: Mapping[str, wire.GrantInfo]) -> wire.GrantInfo:
    """Return the one grant of that id, or whose id begins so.

    Raises:
        CtlError: there is none, or there are several.
    """
    if word in there:
        return there[word]
    near = [grant for id_, grant in there.items() if word and id_.startswith(word)]
    if len(near) == 1:
        return near[0]
    if near:
        several = ", ".join(grant["id"] for grant in near)
        raise CtlError(f"{word!r} is the beginning of several grants: {several}.", "Type more of it.", USAGE)
    raise CtlError(f"There is no grant {word!r}.", "xacctctl grants list")


def _declare(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="list|create|revoke")
    actions.add_parser("list", help="show them (the default)")
    create = actions.add_parser("create", help="make one, say for a container")
    create.add_argument("roles", nargs="*", metavar="ROLE")
    create.add_argument(
        "--role-arn",
        action="append",
        default=[],
        metavar="PATTERN",
        help="any role whose ARN matches, whether configured or not; * stands for anything, a slash"
        " included, as in IAM policies. May be given again",
    )
    create.add_argument(
        "--via", metavar="ROLE", help="with --role-arn: the role whose source, MFA device and region are used"
    )
    create.add_argument("--label", default="xacctctl grants create", help="shown in the list")
    create.add_argument("--ttl", metavar="DURATION", help="how long it is good (8h); default: until logout")
    create.add_argument("--json", action="store_true", help="everything, the token included")
    scope_options.declare(create, ttl=False)
    revoke = actions.add_parser("revoke", help="end some at once: by their ids, or how those begin")
    revoke.add_argument("ids", nargs="+", metavar="ID")


VERBS = {
    "grants": Verb(
        "List, create and revoke grants: each is one guest's right to fetch certain roles'"
        " credentials from the endpoint. env and exec make their own.",
        (
            "xacctctl grants",
            "xacctctl grants create prod --label ci-container --ttl 8h",
            "xacctctl grants create --role-arn 'arn:aws:iam::*:role/dev-*' --via prod",
            "xacctctl grants create prod --allow s3:GetObject --ttl 20m",
            "xacctctl grants revoke 3f9a",
        ),
        grants,
        _declare,
    ),
}
