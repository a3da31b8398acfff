"""What the tools are called, what they take, and what a model is told of each."""

from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

from xacct.ctl.mcp.limits import MOST_WAIT, Limits

INSTRUCTIONS: Final = (
    "xacct gives temporary, narrowed access to AWS roles. Ask for the least that the task needs, in one request, with"
    " a reason that a human understands. You get an endpoint and the path of a file, never keys: set the environment"
    " for the commands that need it; AWS's SDKs and command line do the rest. A human may be asked, and may say no:"
    " then don't ask again, and don't look for another way to the same. Release what you no longer need."
)

_REQUEST: Final = (
    "Ask for access to one AWS role, for a short time, narrowed to what you say. It makes no call to AWS for you. A"
    " human may have to say yes first, which takes as long as it takes: state 'waiting' is no error, ask access_status"
    " then. A human may say no: state 'refused' is final, don't ask again. With state 'granted' you get environment"
    " variables for your commands; they hold the path of a token's file, whose content you must neither read, print"
    " nor copy."
)
_READS: Final = ToolAnnotations(read_only_hint=True)
_ID: Final = {"type": "string", "description": "The id that request_access gave."}
_WAIT: Final = {
    "type": "integer",
    "minimum": 0,
    "maximum": MOST_WAIT,
    "description": "Seconds that this call waits for a human's answer; 0: it returns at once.",
}
_WORDS: Final = {"type": "array", "items": {"type": "string"}}


def tools(limits: Limits) -> list[Tool]:
    """Return the tools of a server with these limits."""
    return [
        Tool(
            name="whoami",
            description="What this server may give at most, and what it has given you. It asks and gives nothing.",
            input_schema=_takes({}),
            annotations=_READS,
        ),
        Tool(
            name="list_roles",
            description="The AWS roles that you can ask for, with their accounts. It gives no access to any of them.",
            input_schema=_takes({"contains": {"type": "string", "description": "Only names with this text in them."}}),
            annotations=_READS,
        ),
        Tool(name="request_access", description=_REQUEST, input_schema=_request(limits)),
        Tool(
            name="access_status",
            description="How a request stands: waiting, granted, refused, failed or ended. It asks no human once more.",
            input_schema=_takes({"id": _ID, "wait_seconds": _WAIT}, "id"),
            annotations=_READS,
        ),
        Tool(
            name="release",
            description="End access that you no longer need. It can't be undone; ask anew if you need it again.",
            input_schema=_takes({"id": _ID}, "id"),
        ),
    ]


def _takes(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _request(limits: Limits) -> dict[str, Any]:
    role: dict[str, Any] = {"type": "string", "description": "A role's name, as list_roles has it."}
    if limits.roles:
        role["enum"] = list(limits.roles)
    properties = {
        "role": role,
        "reason": {"type": "string", "description": "What it is for, in a short line that is shown to a human."},
        **(_named(limits) if limits.scopes else _SCOPE),
        "ttl_seconds": {
            "type": "integer",
            "minimum": 1,
            "maximum": limits.ttl,
            "description": "How long you need it. Ask for no longer than the task takes.",
        },
        "wait_seconds": _WAIT,
    }
    return _takes(properties, "role", "reason")


def _named(limits: Limits) -> dict[str, Any]:
    about = "What may be done: a scope that the human who started this server has named."
    return {"scope": {"type": "string", "enum": list(limits.scopes), "description": about}}


_SCOPE: Final[dict[str, Any]] = {
    "read_only": {"type": "boolean", "description": "Reading, of common services, and no secrets. Try this first."},
    "allow": {**_WORDS, "description": 'Or: just these actions, such as ["s3:GetObject", "s3:List*"].'},
    "on": {**_WORDS, "description": "With allow: on these resources alone (ARNs). Without it: on any."},
    "policy": {"type": "string", "description": "Or: what this IAM policy (JSON) allows."},
    "scope": {"type": "string", "description": "Or: a scope that the user's config.toml has, by its name."},
    "regions": {**_WORDS, "description": "Besides: in these regions only."},
}
