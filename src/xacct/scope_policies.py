"""A scope, made of what somebody asked for, and said in words. Pure.

What a scope allows is one IAM policy, as a session policy: STS gives what the role may do and the policy allows, never
more. Regions are a Deny for all others in the same policy, so that they narrow whatever else is allowed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xacct import errors
from xacct.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_POLICY = 2048
"""Characters that STS takes (AWS STS API Reference, GetScopedCredentials and AssumeRole, Policy)."""

MOST_ARNS = 10
"""Managed policies of one session (AWS STS API Reference, AssumeRole, PolicyArns)."""

TTL_MAX = 129600
"""Seconds (AWS STS API Reference, GetScopedCredentials, DurationSeconds)."""

SHOWN = 300
"""Characters of the words about a scope, at most."""

ACTION = r"\*|[A-Za-z0-9-]{1,64}:[A-Za-z0-9*?]{1,128}"
REGION = r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}"
ADMINISTRATOR = "AdministratorAccess"
"""The managed policy of AWS's that allows everything (AWS Managed Policy Reference)."""

POLICY_ARN = r"arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[A-Za-z0-9_+=,.@/-]{1,512}"
RESOURCE = r"\*|arn:[\x21-\x7e]{4,1024}"
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"

_READING = (
    "access-analyzer:Get* access-analyzer:List* acm:Describe* acm:List* athena:GetQuery* athena:GetTable* "
    "athena:List* autoscaling:Describe* backup:Describe* backup:List* batch:Describe* batch:List* ce:Get* "
    "cloudformation:Describe* cloudformation:Get* cloudformation:List* cloudfront:Get* cloudfront:List* "
    "cloudtrail:Describe* cloudtrail:Get* cloudtrail:LookupEvents cloudwatch:Describe* cloudwatch:Get* "
    "cloudwatch:List* codebuild:BatchGet* codebuild:List* codepipeline:GetPipeline* codepipeline:List* "
    "config:Describe* config:Get* config:List* dynamodb:BatchGet* dynamodb:Describe* dynamodb:Get* dynamodb:List* "
    "dynamodb:Query dynamodb:Scan ec2:Describe* ecr:BatchGet* ecr:Describe* ecr:List* ecs:Describe* ecs:List* "
    "eks:Describe* eks:List* elasticache:Describe* elasticfilesystem:Describe* elasticloadbalancing:Describe* "
    "es:Describe* es:List* events:Describe* events:List* firehose:Describe* glue:GetDatabase* glue:GetTable* "
    "iam:Get* iam:List* kinesis:Describe* kinesis:List* kms:Describe* kms:List* lambda:Get* lambda:List* "
    "logs:Describe* logs:FilterLogEvents logs:Get* organizations:List* rds:Describe* rds:List* redshift:Describe* "
    "route53:Get* route53:List* s3:GetBucket* s3:GetObject* s3:List* secretsmanager:List* sns:Get* sns:List* "
    "sqs:Get* sqs:List* ssm:Describe* states:Describe* states:List* tag:Get*"
)
"""What `--read-only` allows: views and data of the services that people use most, and nothing secret in itself: no
value of a secret or parameter, no decryption, no password, no credentials for somebody else (s3:GetDataAccess). Of our
choice: AWS's ReadOnlyAccess is a managed policy, which GetScopedCredentials does not take, and far longer than 2048
characters. There is room left: AWS packs policies and tags together, and does not say how."""

READ_ONLY = {"Effect": "Allow", "Action": _READING.split(), "Resource": "*"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for. Only one of the first four says what may be done.

    Attributes:
        read_only: what `READ_ONLY` allows.
        policy: an IAM policy in JSON.
        allow: actions.
        policy_arns: managed policies.
        on: resources that `allow` is for; none: any.
        regions: AWS regions outside of which nothing may be done.
        ttl: seconds.
    """

    read_only: bool = False
    policy: str | None = None
    allow: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    ttl: float | None = None


def made_of(wanted: Wanted) -> Scope:
    """The scope that somebody asked for.

    Raises:
        BadInput: it can't be meant, or is longer than AWS takes; what is wrong with it.
    """
    kinds = [wanted.read_only, wanted.policy is not None, bool(wanted.allow), bool(wanted.policy_arns)]
    if sum(kinds) > 1:  # guard: scope-says-one-thing
        raise errors.BadInput(
            "A scope is read-only, or a policy, or actions, or managed policies: not several of these.",
            "AWS would allow what any of them does. Write one policy that says what is meant.",
        )
    _check(wanted)
    statements, what = _statements(wanted)
    if wanted.regions:
        # guard: regions-deny-all-others
        statements = [*(statements or ([] if wanted.policy_arns else [_EVERYTHING])), _elsewhere(wanted.regions)]
    ttl = None if wanted.ttl is None else int(wanted.ttl)
    if not statements and not wanted.policy_arns and ttl is None:
        raise errors.BadInput("A scope without a limit is none.", "--read-only, --policy, --allow, --regions or --ttl")
    policy = _document(wanted, statements)
    return Scope(policy, wanted.policy_arns, wanted.regions, ttl, _words(what, wanted.regions, ttl))


def leaves_all(wanted: Wanted) -> bool:
    """Whether what is said of what may be done is all that a role may do (`--allow '*'`): words, and no limit.

    Regions and time are not looked at. What is no policy leaves nothing: `made_of` refuses it.
    """
    if ADMINISTRATOR in (arn.rpartition("/")[2] for arn in wanted.policy_arns):
        return True
    try:
        statements, _ = _statements(wanted)
    except errors.BadInput:
        return False
    return any(map(_is_everything, statements)) and all(each["Effect"] == "Allow" for each in statements)


def _is_everything(statement: dict[str, Any]) -> bool:
    """Whether a statement allows each action on each resource. AWS knows no wildcard in a service's name but `*`."""
    if statement["Effect"] != "Allow" or statement.get("Condition"):
        return False
    said = (statement.get(name, ()) for name in ("Action", "Resource"))
    return all(any(set(str(word)) <= set("*:") for word in _many(each)) for each in said)


def _many(said: object) -> list[Any]:
    return said if isinstance(said, list) else [said]


_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _elsewhere(regions: Sequence[str]) -> dict[str, Any]:
    """A Deny of whatever is asked for in another region; services of no region count as us-east-1."""
    return {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": list(regions)}},
    }


def _check(wanted: Wanted) -> None:
    _each(ACTION, wanted.allow, "is no action", "Such as s3:GetObject, or s3:Get*")
    _each(RESOURCE, wanted.on, "is no ARN of a resource", "Such as arn:aws:s3:::bucket/*")
    _each(REGION, wanted.regions, "is no region", "Such as eu-central-1")
    _each(POLICY_ARN, wanted.policy_arns, "is no ARN of a policy", "Such as arn:aws:iam::aws:policy/ReadOnlyAccess")
    if wanted.on and not wanted.allow:  # guard: resources-go-with-actions
        raise errors.BadInput("Resources go with the actions that are allowed on them.", "--allow ACTION --on ARN")
    if len(wanted.policy_arns) > MOST_ARNS:
        raise errors.BadInput(f"AWS takes {MOST_ARNS} managed policies at most.", "")
    if wanted.ttl is not None and not 1 <= wanted.ttl <= TTL_MAX:
        raise errors.BadInput("Credentials live from a second to 36 hours.", "Such as --ttl 20m")


def _each(pattern: str, values: Sequence[str], why: str, hint: str) -> None:
    for value in values:
        if not re.fullmatch(pattern, value):
            raise errors.BadInput(f"{_shown(value)!r} {why}.", hint)


def _statements(wanted: Wanted) -> tuple[list[dict[str, Any]], str]:
    """The statements that say what may be done, and the same in words."""
    if wanted.read_only:
        return [READ_ONLY], "reading only"
    if wanted.policy is not None:
        found = _of_policy(wanted.policy)
        return found, "by a policy of its own: " + "; ".join(map(_said, sorted(found, key=_narrowness)))
    if wanted.allow:
        on = list(wanted.on) or ["*"]
        statement = {"Effect": "Allow", "Action": list(wanted.allow), "Resource": on if on != ["*"] else "*"}
        return [statement], _said(statement)
    if wanted.policy_arns:
        return [], "by " + ", ".join(arn.rpartition("/")[2] for arn in wanted.policy_arns)
    return [], "whatever the role may do"


def _of_policy(text: str) -> list[dict[str, Any]]:
    """The statements of a policy in JSON; AWS judges what they say.

    Raises:
        BadInput: it is none.
    """
    hint = 'Such as {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise errors.BadInput("The policy is no JSON, or says something twice.", hint) from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    found = [statements] if isinstance(statements, dict) else statements
    if not isinstance(found, list) or not found or not all(_is_statement(each) for each in found):
        raise errors.BadInput("The policy has no Statement, or one that no session policy can have.", hint)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every key is there once: what another reader would take for it is not known."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _is_statement(said: object) -> bool:
    keys = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    return isinstance(said, dict) and str(said.get("Effect")) in {"Allow", "Deny"} and said.keys() <= keys


def _document(wanted: Wanted, statements: list[dict[str, Any]]) -> str:
    """The policy as it is sent.

    Raises:
        BadInput: it is longer than AWS takes.
    """
    if not statements:
        return ""
    said = json.loads(wanted.policy) if wanted.policy is not None else {}
    version = said.get("Version", "2012-10-17") if wanted.policy is None or "Version" in said else None
    document = {**({} if version is None else {"Version": version}), "Statement": statements}
    text = json.dumps(document, separators=(",", ":"))
    if len(text) > LONGEST_POLICY:
        raise errors.BadInput(
            f"The policy has {len(text)} characters, and AWS takes {LONGEST_POLICY}.", "Use wildcards, or fewer ARNs."
        )
    return text


def _words(what: str, regions: Sequence[str], ttl: int | None) -> str:
    where = f", in {', '.join(regions)}" if regions else ""
    until = "" if ttl is None else f", for {_span(ttl)} at most"
    return _shown(what, SHOWN) + where + until


def _narrowness(statement: dict[str, Any]) -> tuple[bool, int]:
    """Sorts what allows most before the rest: words are cut, and a human is to see it."""
    actions = map(_narrowness_of, _many(statement.get("Action", "*")))
    return statement["Effect"] == "Deny", min(actions, default=0)


def _narrowness_of(word: object) -> int:
    """0 for everything; then a service, or a bucket, as a whole; then other words with wildcards; then the rest."""
    text = str(word)
    if set(text) <= set("*:"):
        return 0
    return 1 if text.endswith(":*") else 3 - ("*" in text or "?" in text)


def _said(statement: dict[str, Any]) -> str:
    but = [name for name in ("NotAction", "NotResource") if name in statement]
    actions, on = (_listed(statement.get(name, statement.get(f"Not{name}", "?"))) for name in ("Action", "Resource"))
    actions, on = ("all but " * ("NotAction" in but) + actions, "all but " * ("NotResource" in but) + on)
    where = "" if on == "*" else f" on {on}"
    return f"{statement['Effect'].lower()} {actions}{where}{' if …' * ('Condition' in statement)}"


def _listed(said: object) -> str:
    # guard: what-allows-most-is-said-first
    return ", ".join(map(str, sorted(said, key=_narrowness_of))) if isinstance(said, list) else str(said)


def _shown(words: str, most: int = 100) -> str:
    """Foreign words on one line, cut."""
    line = "".join(char if char.isprintable() else "?" for char in words)
    return line if len(line) <= most else f"{line[:most]}…"


def _span(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds % 60 else "")  # noqa: PLR2004
