"""What the profiles of `accounts sync` are called: a template, filled in with words that every AWS tool can read."""

import re
import string
import unicodedata
from typing import Final, NamedTuple

from xacct.ctl.failure import USAGE, CtlError

TEMPLATE: Final = "{account_name}.{role}"
FIELDS: Final = ("account_name", "account_id", "role", "session")

_TAKEN: Final = re.compile(r"[a-z0-9][a-z0-9_.@+=,/-]*")
_NOT_TAKEN: Final = re.compile(r"[^a-z0-9_.@+=,/-]+")
_LONGEST: Final = 200
"""Characters of a name. Our choice; no account and permission set together come near it."""


class PermissionSet(NamedTuple):
    """A permission set in an account, as it is listed."""

    account_id: str
    account_name: str
    role: str


def slug(text: str) -> str:
    """Return a text in small letters, with a `-` for what can't stand in the heading of a profile; "" if none can."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_TAKEN.sub("-", plain).strip("-./")


def check(template: str) -> None:
    """Refuse a template that names can't be made of.

    Raises:
        CtlError: it is one; what is wrong with it.
    """
    hint = f"Its fields: {', '.join(f'{{{field}}}' for field in FIELDS)}. For example: {TEMPLATE}"
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise CtlError(
            "The template of profile names has a brace that is not closed, or not opened.", hint, USAGE
        ) from None
    for literal, field, form, conversion in parts:
        if field is not None and (field not in FIELDS or form or conversion):
            raise CtlError(f"The template of profile names has no field {{{field[:40]}}} of that form.", hint, USAGE)
        if _NOT_TAKEN.search(literal):
            raise CtlError(
                f"A profile's name can't have {_NOT_TAKEN.findall(literal)[0][:20]!r} in it: small letters, digits and"
                " _ . @ + = , / - can stand there.",
                hint,
                USAGE,
            )
    if not any(field for _, field, _, _ in parts):
        raise CtlError("The template of profile names has no field: all profiles would have one name.", hint, USAGE)


def name_of(template: str, session: str, one: PermissionSet) -> str:
    """Return what a permission set's profile is called.

    Args:
        template: one that `check` has let pass.
        session: what is signed in to.
        one: the permission set.

    Raises:
        CtlError: no tool would take such a name for this profile's.
    """
    fields = {
        "account_name": slug(one.account_name) or one.account_id,
        "account_id": one.account_id,
        "role": slug(one.role) or "role",
        "session": slug(session.removeprefix("https://")) or "session",
    }
    name = template.format(**fields)
    if not _TAKEN.fullmatch(name) or name == "default" or len(name) > _LONGEST:
        raise CtlError(
            f"The profile of {one.role} in {one.account_id} can't be called {name[:80]!r}.",
            "Choose another --profile-template, or leave that one out: --accounts, --roles",
        )
    return name


def of_all(template: str, session: str, wanted: list[PermissionSet]) -> dict[PermissionSet, str]:
    """Return the name of each.

    Raises:
        CtlError: two would have the same one.
    """
    names: dict[str, PermissionSet] = {}
    for one in wanted:
        name = name_of(template, session, one)
        other = names.setdefault(name, one)
        if other != one:
            raise collision(name, said(other), said(one))
    return {one: name for name, one in names.items()}


def collision(name: str, one: str, other: str) -> CtlError:
    """Return the failure for two that would have one name."""
    return CtlError(
        f"Two profiles would be called {name}: {one}, and {other}.",
        "Tell them apart: --profile-template '{account_name}.{account_id}.{role}'",
    )


def said(one: PermissionSet) -> str:
    """Return a permission set in words."""
    return f"{one.role} in {one.account_id} ({one.account_name})"
