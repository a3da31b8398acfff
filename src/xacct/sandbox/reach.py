"""What a command says to a running sandbox, and hears back: JSON over HTTP at 127.0.0.1."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from xacct.sandbox.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER_SECONDS: Final = 5.0


def ask(url: str, body: dict[str, str] | None = None) -> Any:
    """Return what a sandbox answers.

    Args:
        url: With its path, at 127.0.0.1.
        body: What is posted; None: GET.

    Raises:
        ValueError: For an address that is not this machine's, or an answer that is no JSON.
        OSError: If nobody answers, or with a refusal.
    """
    if not url.startswith("http://127.0.0.1:"):
        raise ValueError(url)
    # No proxy stands between us and 127.0.0.1, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode()
    with opener.open(url, data, timeout=_ANSWER_SECONDS) as answer:
        return json.load(answer)


def tell(directory: Path, path: str, body: dict[str, str]) -> Any:
    """Post to the sandbox that runs in a directory, and return its answer.

    Raises:
        Problem: If none runs there, or with its own sentence if it refuses.
    """
    try:
        return ask((directory / "ready").read_text().strip() + path, body)
    except urllib.error.HTTPError as error:
        with error:
            raise Problem(_sentence(error), "xacct-sandbox --help shows what it takes.") from None
    except (OSError, ValueError):
        raise not_running(directory) from None


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"The sandbox answers {error.code}."


def not_running(directory: Path) -> Problem:
    """Return the problem that no sandbox runs in a directory."""
    return Problem(
        f"No sandbox is running in {directory}.",
        f"Start one with: xacct-sandbox run --dir {directory}",
    )
