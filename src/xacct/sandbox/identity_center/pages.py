"""What a human's browser is shown: plain forms, on which a click is a yes or a no. Opening one answers nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)


def notice(sentence: str) -> str:
    """Return a page with one sentence."""
    return _page("xacct-sandbox", f"<p>{escape(sentence)}</p>")


def consent(client: str, users: Sequence[str], request: str) -> str:
    """Return the page on which a client's sign-in by browser is allowed or denied.

    Args:
        client: Its name.
        users: Who may sign in.
        request: The random name of the question.
    """
    hidden = f'<input type="hidden" name="request" value="{escape(request)}">'
    return _page("Allow access?", f"<p>{escape(client)} asks for your data.</p>\n{_form(hidden, users)}")


def device(user_code: str) -> str:
    """Return the page on which a device's code is typed, and allowed or denied; a given code stands there already."""
    field = f'<label>Code <input name="user_code" value="{escape(user_code)}" required></label>'
    return _page("Authorization requested", _form(field, ()))


def _form(field: str, users: Sequence[str]) -> str:
    options = "".join(f"<option>{escape(user)}</option>" for user in users)
    chosen = f'<label>User <select name="user">{options}</select></label>' if users else ""
    return (
        f'<form method="post">{field}{chosen}'
        '<button id="allow" name="answer" value="allow">Allow</button>'
        '<button id="deny" name="answer" value="deny">Deny</button></form>'
    )
