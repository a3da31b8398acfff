"""A role's policies as a tool takes them: JSON, a CloudFormation template, a Terraform configuration."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from xacct import wire

PARTS: Final = ("trust", "caller")
"""The role's side, and that of whoever assumes it: two accounts, so two templates."""


def as_json(answer: wire.PolicyAnswer, part: str | None) -> str:
    """Return one policy; without a part both, by their names."""
    both = {"trust": _trust(answer), "caller": _caller(answer)}
    return json.dumps(both[part] if part else both, indent=2)


def as_cloudformation(answer: wire.PolicyAnswer, part: str | None) -> str:
    """Return a template of the role, or of a managed policy for its callers."""
    path, name = _path_and_name(answer)
    if part == "caller":
        properties = {"ManagedPolicyName": f"assume-{_label(answer, '-')}"[:128], "PolicyDocument": _caller(answer)}
        kind, what = "AWS::IAM::ManagedPolicy", f"What whoever assumes {answer['role_arn']} needs"
    else:
        properties = {"RoleName": name, "Path": path, "MaxSessionDuration": answer["max_session"]}
        properties["AssumeRolePolicyDocument"] = _trust(answer)
        kind, what = "AWS::IAM::Role", f"{answer['role_arn']}, assumed by {answer['principal']}"
    resource = "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", f"{part or 'role'} {name}"))
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": what[:1024],
        "Resources": {resource[:255]: {"Type": kind, "Properties": properties}},
    }
    return json.dumps(template, indent=2)


def as_terraform(answer: wire.PolicyAnswer, part: str | None) -> str:
    """Return a resource of the role, or of a managed policy for its callers."""
    path, name = _path_and_name(answer)
    label = _label(answer, "_")
    label = label if label[0].isalpha() else f"role_{label}"
    if part == "caller":
        return _block(
            f'resource "aws_iam_policy" "assume_{label}"',
            {"name": _quoted(f"assume-{_label(answer, '-')}"[:128]), "policy": _encoded(_caller(answer))},
        )
    return _block(
        f'resource "aws_iam_role" "{label}"',
        {
            "name": _quoted(name),
            "path": _quoted(path),
            "max_session_duration": str(answer["max_session"]),
            "assume_role_policy": _encoded(_trust(answer)),
        },
    )


FORMATS: Final[Mapping[str, Callable[[wire.PolicyAnswer, str | None], str]]] = {
    "json": as_json,
    "cloudformation": as_cloudformation,
    "terraform": as_terraform,
}


def _trust(answer: wire.PolicyAnswer) -> Any:
    return json.loads(answer["trust_policy"])


def _caller(answer: wire.PolicyAnswer) -> Any:
    return json.loads(answer["caller_policy"])


def _path_and_name(answer: wire.PolicyAnswer) -> tuple[str, str]:
    """Return the IAM path and the name of the role."""
    path, _, name = answer["role_arn"].partition(":role/")[2].rpartition("/")
    return f"/{path}/" if path else "/", name


def _label(answer: wire.PolicyAnswer, between: str) -> str:
    """Return the account and the name of the role as a word: unique in the caller's account."""
    account = answer["role_arn"].split(":")[4]
    return between.join([*re.findall(r"[A-Za-z0-9]+", _path_and_name(answer)[1]), account])


def _block(heading: str, arguments: Mapping[str, str]) -> str:
    """Return a block as `terraform fmt` leaves it: what takes several lines is aligned with nothing."""
    long = {name for name, value in arguments.items() if value.count("\n")}
    width = max(len(name) for name in arguments.keys() - long)
    lines = [f"  {name if name in long else name.ljust(width)} = {value}" for name, value in arguments.items()]
    return "\n".join([f"{heading} {{", *lines, "}"])


def _quoted(text: str) -> str:
    """Return a string that Terraform takes literally: what JSON quotes it reads alike, but for its own templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _encoded(document: Any) -> str:
    text = (
        json.dumps(document, indent=2, ensure_ascii=False, separators=(",", " : "))
        .replace("${", "$${")
        .replace("%{", "%%{")
    )
    return "jsonencode(" + text.replace("\n", "\n  ") + ")"
