"""When Python looks for garbage: seldom while a daemon loads, as ever from when all is there.

Loading makes a hundred thousand objects that stay; to look through them again and again is a tenth of the time until
the first client is served. Not to look at all would keep the little garbage there is for good: half a MiB.
"""

from __future__ import annotations

import gc

ORDINARY = gc.get_threshold()
"""Python's own choice, which differs by its version."""

SELDOM = (20_000, 50, 100)
"""New objects between two passes, and passes between two that look at older objects. Our choice, by what it brought."""


def seldom() -> None:
    """Look seldom from now on."""
    gc.set_threshold(*SELDOM)


def as_ever() -> None:
    """What is there now stays: no later pass need look at it again. From here on as Python does by itself."""
    gc.unfreeze()  # the first reading has left all as it was, garbage of loading as well
    gc.collect()
    gc.freeze()
    gc.set_threshold(*ORDINARY)


def pause() -> None:
    """Don't look until `go_on`: a full pass holds up everything for 50 to 100 ms once there are thousands of roles."""
    gc.disable()


def go_on(*, stays: bool) -> None:
    """Look again.

    Args:
        stays: whether much was made meanwhile that is here to stay, and has no garbage in it: no pass looks at it.
    """
    if stays:
        gc.freeze()
    gc.enable()
