"""`whoami`: which role this shell is in, and whether AWS agrees."""

from __future__ import annotations

import os

from xacct import wire
from xacct.ctl import shape, variables
from xacct.ctl.failure import FAILED, OK, CtlError
from xacct.ctl.render import out, out_json, paint, show, until
from xacct.ctl.verb import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Final

    from xacct.ctl.client import Client

_WINNING: Final = (*variables.KEYS[:1], *variables.RIVALS)


def whoami(args: Namespace, client: Client) -> int:
    """Print it. Where AWS says another identity than the role's it is a failure."""
    role = args.role or os.environ.get(variables.ROLE)
    if not role:
        raise CtlError("This shell is in no role of xacct.", f"{variables.anew({})}, or: xacctctl whoami ROLE")
    grant = "" if args.role else os.environ.get(variables.CONTAINER[1], "").rpartition("/")[2]
    body = {"role": role, **({"offline": True} if args.offline else {}), **({"grant": grant[:64]} if grant else {})}
    answer: wire.WhoamiAnswer = client.call("POST", wire.WHOAMI, shape.WHOAMI, body)
    wrong = _disagreement(answer)
    if args.json:
        out_json(answer)
    else:
        for name, value in _said(answer, os.environ if args.role is None else {}):
            show(f"{name:<9} {value}")
    for note in _notes(os.environ) if args.role is None else ():
        out(paint(f"note: {note}", "warn"))
    if wrong:
        raise CtlError(wrong, "Look at the role's path: xacctctl explain ROLE", FAILED)
    return OK


def _said(answer: wire.WhoamiAnswer, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a role, and of the shell that is in it, where one is."""
    yield "role", answer["role"] + (f" ({answer['role_arn']})" if answer["role_arn"] else "")
    if answer["account"]:
        yield "account", answer["account"]
    own, here = answer["region"], environ.get("AWS_REGION")
    if here and own and here != own:
        yield "region", f"{here} (the role's own is {own})"
    elif own:
        yield "region", own
    if mark := environ.get(variables.PROJECT):
        yield "chosen by", _file_of(mark)
    now = answer["now"]
    ends = f"credentials for {until(answer['expires_at'], now)}" if answer["expires_at"] is not None else ""
    goes_on = f"without a code for {until(answer['mfa_expires_at'], now)}" if answer["mfa_expires_at"] else ""
    yield "state", ", ".join(filter(None, (answer["state"], ends, goes_on)))
    if answer["arn"]:
        yield "AWS says", answer["arn"]
    if scope := answer.get("scope"):
        yield "narrowed", f"to: {scope}"


def _file_of(mark: str) -> str:
    """Return the .xacct.toml that has put this shell into its role."""
    from xacct.ctl.project import file, here  # noqa: PLC0415 - of use to shells of a directory's role

    path = file.nearest()
    is_it = path is not None and here.is_of(mark, path)
    return file.shown(path) if is_it and path else f"a {file.NAME} of another directory, or one that has changed since"


def _disagreement(answer: wire.WhoamiAnswer) -> str:
    """Say in which way AWS's word is another than the configuration's; empty where it is not."""
    arn, account = answer["arn"], answer["account"]
    if arn is None or account is None or arn.split(":")[4:5] == [account]:
        return ""
    return f"AWS says that the credentials of {answer['role']} are {arn}, of another account than {account}."


def _notes(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield why programs of this shell may be somebody else all the same."""
    if astray := variables.strayed(environ):
        yield f"{astray} {variables.anew(environ)} gives it the role anew."
    ours = {variables.PROFILE: environ.get(variables.OUR_PROFILE)}
    for name in _WINNING:
        value = environ.get(name)
        if value and value != ours.get(name):
            yield f"{name} is set in this shell: programs that heed it are not this role, or not by the endpoint."
    token = environ.get(variables.CONTAINER[1])
    if token and not os.path.exists(token):  # noqa: PTH110 - see paths.py
        yield f"The grant of this shell has ended. {variables.anew(environ)} makes another."


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("role", nargs="?", metavar="ROLE", help="another role than this shell's")
    parser.add_argument("--offline", action="store_true", help="do not ask AWS")
    parser.add_argument("--json", action="store_true", help="the daemon's answer as it is (docs/control-api.md)")


VERBS = {
    "whoami": Verb(
        "Say which role this shell is in, for how long, and whether AWS agrees (GetCallerIdentity). Asks for no code.",
        ("xacctctl whoami", "xacctctl whoami prod", "xacctctl whoami --offline"),
        whoami,
        _declare,
    ),
}
