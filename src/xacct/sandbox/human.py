"""`xacct-sandbox approve`, `deny`, `consent` and `revoke`: the human and the administrator of both kinds of sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xacct.sandbox import reach
from xacct.sandbox.console_login import control as console_login
from xacct.sandbox.identity_center import control as identity_center

if TYPE_CHECKING:
    from pathlib import Path


def answer(directory: Path, verb: str, user_code: str | None, user: str | None) -> str:
    """Answer a device's sign-in.

    Args:
        directory: The running sandbox's.
        verb: approve or deny.
        user_code: Which one; None: the only one that waits.
        user: Who says yes; None: the instance's first user.

    Returns:
        What to print.

    Raises:
        Problem: If no sandbox runs there, or none waits.
    """
    given = {"answer": "allow" if verb == "approve" else "deny", "user_code": user_code, "user": user}
    told = reach.tell(directory, identity_center.ANSWER_PATH, _said(given))
    return f"{'Approved' if verb == 'approve' else 'Denied'}: {told['user_code']} of {told['client_name']}."


def consent(directory: Path, word: str, user: str | None) -> str:
    """Set what every sign-in from now on is answered at once: allow or deny, or nothing (ask).

    Args:
        directory: The running sandbox's.
        word: The answer.
        user: Who says it, by an address of Identity Center's or an IAM user's name; None: the first user there.

    Returns:
        What to print.

    Raises:
        Problem: If no sandbox runs there.
    """
    told = reach.tell(directory, f"{identity_center.STATE_PATH}/consent", _said({"answer": word, "user": user}))
    reach.tell(directory, f"{console_login.STATE_PATH}/consent", _said({"answer": word, "user": _iam_user(user)}))
    return f"Sign-ins are answered: {told['answer']}."


def revoke(directory: Path, user: str | None) -> str:
    """End the sign-ins of a user, or all.

    Returns:
        What to print.

    Raises:
        Problem: If no sandbox runs there.
    """
    asked = _said({"user": user})
    kinds = (identity_center, console_login)
    ended = [reach.tell(directory, f"{kind.STATE_PATH}/revoke", asked)["revoked"] for kind in kinds]
    return f"Sign-ins ended: {sum(ended)}."


def _iam_user(name: str | None) -> str | None:
    """The name, unless it is an address: one user of each kind is chosen at a time."""
    return None if name is None or "@" in name else name


def _said(given: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}
