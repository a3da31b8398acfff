"""Reading config.toml, for the daemon and xacctctl alike: bounded in size, depth and time. Standard library only."""

import re
from typing import Any

from xacct import fileio

MOST_BYTES = 256 * 1024
"""A hundred roles with a policy each have less."""

MOST_DOTS = 10
"""Parts of one name, less one. No setting of ours has more than four, and tomllib takes seconds for thousands."""

_NAME = re.compile(r"""\s*\[{0,2} ( (?: "[^"\n]*" | '[^'\n]*' | [^="'\]\n] )* )""", re.VERBOSE)
_QUOTED = re.compile(r""" "[^"]*" | '[^']*' """, re.VERBOSE)


class TomlError(ValueError):
    """A file that is no TOML, or none that a human wrote.

    Attributes:
        why: follows its name in a sentence, and quotes nothing.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read(path: str) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        OSError: It can't be read (`FileNotFoundError`: it is not there).
        TomlError: It is no TOML.
    """
    return parse(fileio.read(path, MOST_BYTES))


def parse(content: bytes) -> dict[str, Any]:
    """Return what the bytes of a TOML file say.

    Raises:
        TomlError: They are no TOML.
    """
    import tomllib  # noqa: PLC0415 - late: few verbs need it

    try:
        text = content.decode("utf-8-sig")
        _demand_shallow(text)  # guard: config-toml-is-not-deep
        return tomllib.loads(text)
    except UnicodeDecodeError:
        raise TomlError("is no UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line \d+, column \d+", str(error))
        raise TomlError(f"is no TOML ({where.group() if where else 'at its end'})") from None
    except RecursionError:
        raise TomlError("is nested too deeply") from None
    except TomlError:
        raise
    except ValueError:  # Python's bound for the digits of a number
        raise TomlError("has a number that is far too large") from None


def _demand_shallow(text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") <= MOST_DOTS:
            continue
        name = _NAME.match(line)
        if name and _QUOTED.sub("", name[1]).count(".") > MOST_DOTS:
            raise TomlError(f"is nested too deeply (line {number})")
