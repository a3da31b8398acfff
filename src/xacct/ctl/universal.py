"""fish's universal variables: those that every fish exports, wherever it was started, unless a global one covers them.

`env` and `exec` can't take one away but by erasing it in every session for good. So a profile is covered with one of
ours, and anything else that would win is refused with the line that ends it.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

from xacct import fileio
from xacct.ctl import variables
from xacct.ctl.failure import CtlError

_EXPORTED: Final = re.compile(r"SETUVAR (?:--\w+ )*--export (?:--\w+ )*(\w+):")
PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def exported(environ: Mapping[str, str], home: str) -> set[str]:
    """Return the names of the universal variables that fish exports, as its file of them says."""
    place = environ.get("XDG_CONFIG_HOME", "")
    try:
        text = fileio.read(f"{place if place.startswith('/') else home + '/.config'}/fish/fish_variables")
        lines = text.decode("utf-8", "surrogateescape").split("\n")
        return {found[1] for line in lines if (found := _EXPORTED.match(line))}
    except OSError:
        return set()


def profiles(home: str) -> list[str]:
    """Return which of AWS's variables of a profile are universal.

    Raises:
        CtlError: another universal variable would win over xacct.
    """
    there = exported(os.environ, home)
    for name in (*variables.KEYS, *variables.RIVALS):
        if name in there and name not in PROFILES:
            raise winning(name)
    return [name for name in PROFILES if name in there]


def winning(name: str) -> CtlError:
    """Return the failure for a variable that can't be covered."""
    return CtlError(
        f"fish's universal variable {name} would win over xacct.",
        f"set -e -U {name}    ends it in every session; then say it again",
    )
