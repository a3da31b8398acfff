"""The options that narrow a grant (`--read-only`, `--allow` ...), and what of them goes to xacctd. docs/scopes.md."""

from __future__ import annotations

from xacct import fileio
from xacct.ctl import when
from xacct.ctl.failure import USAGE, CtlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any, Final

_TTL: Final = ("36h", "Narrower credentials live for 36 hours at most.")
_LARGEST: Final = 16 * 1024
"""Bytes of a file with a policy: AWS takes 2048 characters, and white space is left out before."""


def declare(parser: ArgumentParser, *, ttl: bool = True) -> None:
    """Declare them; without `ttl` where a verb has an option of that name already."""
    group = parser.add_argument_group("narrower credentials", "one says what may be done; docs/scopes.md")
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument("--read-only", action="store_true", help="reading, of common services, and no secrets")
    kinds.add_argument("--policy", metavar="FILE|JSON", help="what an IAM policy allows")
    kinds.add_argument(
        "--allow",
        action="append",
        metavar="ACTION,...",
        help="these actions (s3:GetObject,s3:List*); may be given again",
    )
    kinds.add_argument("--scope", metavar="NAME", help="a scope of config.toml")
    group.add_argument(
        "--on", action="append", metavar="ARN", help="with --allow: on this resource; may be given again"
    )
    group.add_argument("--regions", metavar="R,...", help="in these regions only; IAM and the like are in us-east-1")
    if ttl:
        group.add_argument(
            "--ttl", metavar="DURATION", help="for so long (20m): the grant, and its credentials, then end"
        )


def asked(args: Namespace, *, timed: bool = True) -> dict[str, Any]:
    """Return what a grant's request has besides, by the options that were given.

    Args:
        args: the command line.
        timed: whether --ttl alone is a scope: credentials are to end with the grant.
    """
    scope: dict[str, Any] = {}
    if args.read_only:
        scope["read_only"] = True
    if args.policy is not None:
        scope["policy"] = _policy(args.policy)
    if args.allow is not None:
        scope["allow"] = _words("--allow", ",".join(args.allow))
    if args.on is not None:
        scope["on"] = list(args.on)
    if args.regions is not None:
        scope["regions"] = _words("--regions", args.regions)
    if args.scope is not None:
        scope["name"] = args.scope
    ttl = getattr(args, "ttl", None)
    if ttl is None:
        return {"scope": scope} if scope else {}
    seconds = when.seconds(ttl, _TTL if scope or timed else when.GRANT)
    if scope or timed:
        scope["ttl"] = seconds
    return {"ttl": seconds, **({"scope": scope} if scope else {})}


def _words(option: str, said: str) -> list[str]:
    words = [word.strip() for word in said.split(",")]
    if not all(words):
        raise CtlError(f"{option} has an empty word.", f"{option} one,another", USAGE)
    return words


def _policy(said: str) -> str:
    """Return the policy itself, in JSON, or what is in its file."""
    if said.lstrip().startswith("{"):
        return said
    try:
        return fileio.read_text(said, _LARGEST)
    except UnicodeDecodeError:
        raise CtlError(f"{said} is no text.", "A policy is a JSON object.", USAGE) from None
    except OSError as error:
        raise CtlError(
            f"The policy {said} can't be read ({error.strerror}).", "--policy FILE, or the JSON", USAGE
        ) from None
