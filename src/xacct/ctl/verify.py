"""`verify`: whether the target accounts enforce what the owners of their roles take for granted."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Final

from xacct import wire
from xacct.ctl.client import Client, event, foreign
from xacct.ctl.failure import HOLE, NOT_TOLD, OK, USAGE, CtlError
from xacct.ctl.hold import converse
from xacct.ctl.render import clean, out, paint, table
from xacct.ctl.verb import Verb
from xacct.text import listed

_COLUMNS: Final = {
    "MFA": ("without-mfa", "without-mfa-or-external-id"),
    "EXTERNAL ID": ("without-external-id", "without-mfa-or-external-id"),
    "PATH": ("shorter-path",),
}
"""What each column is about, by the tries that tell."""

_LEFT_OUT: Final = {
    "as-configured": "as its profile says",
    "without-mfa": "without MFA",
    "without-external-id": "without the external id",
    "without-mfa-or-external-id": "without MFA and without the external id",
    "shorter-path": "by a shorter path",
}
_TONES: Final = {"enforced": "good", "hole": "bad", "unknown": "warn", "nothing": "dim"}
_SAID: Final = {"enforced": "enforced", "hole": "HOLE", "unknown": "not told", "nothing": "nothing to verify"}
_CELLS: Final = {"refused": "enforced", "given": "OPEN", "unknown": "?"}


def verify(args: Namespace, client: Client) -> int:
    """Try the roles, and say what that shows. The status is HOLE, else NOT_TOLD, else OK."""
    if bool(args.roles) == args.all:
        raise CtlError("verify needs roles, or --all.", "xacctctl verify --all", USAGE)
    found, failed = _tried(client, {"all": True} if args.all else {"roles": args.roles})
    if args.json:
        roles = [{key: value for key, value in each.items() if key != "event"} for each in found]
        errors = [{"role": each["role"], "error": each["error"]} for each in failed]
        out(json.dumps({"roles": roles, "failed": errors}, indent=2))
    else:
        out("\n".join(_lines(found, failed)))
    verdicts = {each["verdict"] for each in found}
    if "hole" in verdicts:
        return HOLE
    return NOT_TOLD if failed or "unknown" in verdicts else OK


def _tried(client: Client, body: dict[str, object]) -> tuple[list[wire.VerifiedEvent], list[wire.FailedEvent]]:
    found: list[wire.VerifiedEvent] = []
    failed: list[wire.FailedEvent] = []
    for raw in converse(client, wire.VERIFY, body):
        match raw.get("event"):
            case "verified":
                found.append(event(raw, wire.VerifiedEvent))
                if found[-1]["verdict"] not in _SAID:
                    raise foreign("no verdict that is known here")
            case "failed":
                failed.append(event(raw, wire.FailedEvent))
    return sorted(found, key=lambda each: each["role"]), sorted(failed, key=lambda each: each["role"])


def _lines(found: Sequence[wire.VerifiedEvent], failed: Sequence[wire.FailedEvent]) -> Iterator[str]:
    if found:
        rows = [
            (each["role"], *(_cell(each, ways) for ways in _COLUMNS.values()), _SAID[each["verdict"]]) for each in found
        ]
        heading, *lines = table([("ROLE", *_COLUMNS, "VERDICT"), *rows], less=(3, 2, 1), shorter=(0,))
        yield paint(heading, "dim")
        for each, line in zip(found, lines, strict=True):
            yield paint(line, _TONES[each["verdict"]])
    for each in found:
        yield from map(clean, _sentences(each))
    for failure in failed:
        yield paint(clean(f"{failure['role']}: {failure['error']['sentence']} {failure['error']['hint']}"), "warn")
    yield clean(_summary(found, failed))


def _cell(found: wire.VerifiedEvent, ways: Sequence[str]) -> str:
    """Return what the tries of a column show together; a try that left out two things counts where it was given."""
    outcomes = [
        attempt["outcome"]
        for attempt in found["attempts"]
        if attempt["way"] == ways[0] or (attempt["way"] in ways and attempt["outcome"] == "given")
    ]
    worst = next((outcome for outcome in ("given", "unknown", "refused") if outcome in outcomes), None)
    if worst == "refused" and found["verdict"] == "unknown":
        worst = "unknown"
    return "-" if worst is None else _CELLS[worst]


def _sentences(found: wire.VerifiedEvent) -> Iterator[str]:
    for attempt in found["attempts"]:
        how = f"{_LEFT_OUT[attempt['way']]}, with {_signed(attempt)}"
        error, configured = attempt["error"], attempt["way"] == "as-configured"
        if attempt["outcome"] == "given" and not configured:
            yield f"{found['role']}: AWS gives it {how}."
        elif attempt["outcome"] == "unknown" and error is not None:
            yield f"{found['role']}: not told {how}: {error['sentence']} {error['hint']}".rstrip()
        elif attempt["outcome"] == "refused" and configured:
            yield f"{found['role']}: AWS refuses it {how}, too, so the other refusals show nothing."


def _signed(attempt: wire.Attempt) -> str:
    return {
        "keys": "the source's keys",
        "session": "the MFA session",
        "role": f"the credentials of {attempt['role']}",
    }[attempt["start"]]


def _summary(found: Sequence[wire.VerifiedEvent], failed: Sequence[wire.FailedEvent]) -> str:
    holes = [each["role"] for each in found if each["verdict"] == "hole"]
    dark = [each["role"] for each in found if each["verdict"] == "unknown"] + [each["role"] for each in failed]
    kept = sum(each["verdict"] == "enforced" for each in found)
    said = [f"{kept} enforced"]
    said += [f"{len(holes)} with a hole ({listed(holes)})"] if holes else []
    said += [f"{len(dark)} not told ({listed(dark)})"] if dark else []
    nothing = sum(each["verdict"] == "nothing" for each in found)
    said += [f"{nothing} with nothing to verify"] if nothing else []
    return f"{len(found) + len(failed)} roles: {', '.join(said)}."


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("roles", nargs="*", metavar="ROLE")
    parser.add_argument("--all", action="store_true", help="every role of this shell's files")
    parser.add_argument("--json", action="store_true", help="what was tried and found (docs/verify.md)")


VERBS = {
    "verify": Verb(
        "Try to assume roles without MFA, without their external id and by shorter paths, and say whether the target"
        " accounts refuse that. What AWS gives is thrown away at once. The exit status is 0 where all is enforced, 6"
        " where a role was given, 7 where that could not be told. See docs/verify.md.",
        ("xacctctl verify prod", "xacctctl verify --all", "xacctctl verify 'cust-*' --json"),
        verify,
        _declare,
    ),
}
