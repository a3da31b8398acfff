"""One file with the bytecode of the daily verbs' modules, from which the launcher loads them.

Python looks for each module on its own: in each folder of `sys.path`, by name, by date, in a cache beside the source.
For the twenty modules of `xacctctl process` that takes longer than what they do. `make install` writes the bundle, and
the launcher that reads it (scripts/launcher.sh); pip's own script, which each installation by pip puts back, knows of
neither.

A bundle never stands in for newer code: the Python that wrote it alone reads it, and a module is taken from it only
where its source has the size and the date that it had then, which is what Python asks of its own caches. Whatever is
not in it, or is not as it was, is loaded as ever.

usage: python -I -m xacct.ctl.bundle FILE
"""
# No `from __future__`: the launcher runs this first, and that module is in the bundle.

import os
import sys
from _frozen_importlib import ModuleSpec  # importlib.machinery's, which takes longer to load
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO
    from types import CodeType, ModuleType
    from typing import Final

    Bundled = tuple[str, str | None, int, int, CodeType | tuple[int, int]]
    """A module: its source, its folder if it is a package, the source's date (ns) and size (bytes); its code, or how
    long that is in the file and how far behind the first piece (bytes)."""

VERBS: "Final" = ("process", "env", "status", "exec", "whoami", "leave")
"""What shells and programs run all day. The modules of the first are in one piece, for most others have them, too."""

LENGTH: "Final" = 4
"""Bytes of a length in the file; scripts/launcher.sh has it, too."""


class Bundle:
    """Finds and loads modules, as one of `sys.meta_path`.

    Args:
        modules: by name.
        behind: bytes that there are behind the first piece.
        file: the bundle, read as far as that.

    Raises:
        ValueError: it has been cut off.
    """

    def __init__(self, modules: "dict[str, Bundled]", behind: int, file: "FileIO") -> None:
        self._modules = modules
        self._file = file
        self._end = file.tell()
        if os.fstat(file.fileno()).st_size != self._end + behind:
            raise ValueError

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return how this module is loaded from here; None where it is not in here, or no longer as it was."""
        if name not in self._modules:
            return None
        source, folder, date, size, _ = self._modules[name]
        try:
            now = os.stat(source)  # noqa: PTH116 - no pathlib here: see paths.py
        except OSError:
            return None
        if (now.st_mtime_ns, now.st_size) != (date, size):  # guard: bundle-stands-in-for-no-newer-code
            return None
        spec = ModuleSpec(name, self, origin=source, is_package=folder is not None)  # type: ignore[arg-type]
        if folder is not None:
            spec.submodule_search_locations = [folder]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        """Return None: a module is made as usual."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        source, *_, code = self._modules.pop(module.__name__)  # an exec waits for long, and needs it no more
        if isinstance(code, tuple):
            length, place = code
            code = loads(os.pread(self._file.fileno(), length, self._end + place))  # noqa: S302 - as Python does
        module.__file__ = source
        exec(code, module.__dict__)  # noqa: S102 - as any loader does


def content() -> bytes:
    """Return a bundle.

    It begins as Python's caches do. Then come the length of the first piece (LENGTH bytes, little-endian) and that: how
    modules are found, all modules, with the code of those that most verbs have, and the length of what is behind it,
    the code of the others.
    """
    from importlib.util import MAGIC_NUMBER  # noqa: PLC0415 - of use to who writes one alone

    from xacct.ctl import main  # noqa: F401, PLC0415 - it is for what it loads
    from xacct.ctl.verb import load  # noqa: PLC0415

    modules: dict[str, Bundled] = {}
    others = b""
    for verb in VERBS:
        load(verb)
        if verb == "exec":
            from xacct.ctl import child  # noqa: F401, PLC0415 - which exec loads at last
        for name in [*sys.modules]:
            if name not in modules and (name == "__future__" or name.partition(".")[0] == "xacct"):
                source, folder, date, size, code = _bundled(sys.modules[name].__spec__)
                modules[name] = source, folder, date, size, code
                if verb != VERBS[0]:
                    dumped = dumps(code)
                    modules[name] = source, folder, date, size, (len(dumped), len(others))
                    others += dumped
    first = dumps((_bundled(__spec__)[-1], modules, len(others)))
    return MAGIC_NUMBER + len(first).to_bytes(LENGTH, "little") + first + others


def _bundled(spec: ModuleSpec | None) -> "tuple[str, str | None, int, int, CodeType]":
    """Return a module, whose spec this is, as it is on the disk."""
    assert spec is not None  # noqa: S101 - all of them are of files
    assert spec.origin is not None  # noqa: S101
    with open(spec.origin, "rb") as file:  # noqa: PTH123
        source = file.read()
        now = os.fstat(file.fileno())
    folder = spec.submodule_search_locations[0] if spec.submodule_search_locations else None
    code = compile(source, spec.origin, "exec", dont_inherit=True)
    return spec.origin, folder, now.st_mtime_ns, now.st_size, code


if __name__ == "__main__":
    with open(sys.argv[1], "wb") as written:  # noqa: PTH123
        written.write(content())
