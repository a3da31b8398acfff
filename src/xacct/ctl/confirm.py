"""A yes or no at the terminal, before something that can't be undone."""

from xacct.ctl import terminal
from xacct.ctl.failure import HUMAN, USAGE, CtlError


def demand_yes(question: str) -> None:
    """Ask at the terminal, and go on only after a yes.

    Raises:
        CtlError: there is no terminal, or the answer is another.
    """
    there = terminal.find()
    if there is None:
        raise CtlError("There is no terminal to ask at.", "--yes goes ahead without a question.", USAGE)
    there.forget()
    there.ask(f"{question} [y/N] ")
    if (there.line() or "").lower() not in {"y", "yes"}:  # guard: only-yes-is-yes
        raise CtlError("Nothing was changed.", "", HUMAN)
