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
    from types import CodeType, ModuleType
    from typing import Final

    Bundled = tuple[str, str | None, int, int, CodeType | bytes]
    """A module: its source, its folder if it is a package, the source's date (ns) and size (bytes), its code."""

VERBS: "Final" = ("process", "env", "status", "exec", "whoami", "leave")
"""What shells and programs run all day. The modules of the first are in one piece, for most others have them, too."""


class Bundle:
    """Finds and loads modules, as one of `sys.meta_path`.

    Args:
        modules: by name.
    """

    def __init__(self, modules: "dict[str, Bundled]") -> None:
        self._modules = modules

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
        source, *_, code = self._modules[module.__name__]
        module.__file__ = source
        exec(loads(code) if isinstance(code, bytes) else code, module.__dict__)  # noqa: S102, S302 - as any loader does


def content() -> bytes:
    """Return a bundle: what Python's caches begin with, then how modules are found in it, then the modules."""
    from importlib.util import MAGIC_NUMBER  # noqa: PLC0415 - of use to who writes one alone

    from xacct.ctl import main  # noqa: F401, PLC0415 - it is for what it loads
    from xacct.ctl.verb import load  # noqa: PLC0415

    modules: dict[str, Bundled] = {}
    for verb in VERBS:
        load(verb)
        if verb == "exec":
            from xacct.ctl import child  # noqa: F401, PLC0415 - which exec loads at last
        for name in [*sys.modules]:
            if name not in modules and (name == "__future__" or name.partition(".")[0] == "xacct"):
                source, folder, date, size, code = _bundled(sys.modules[name].__spec__)
                modules[name] = source, folder, date, size, code if verb == VERBS[0] else dumps(code)
    finder = _bundled(__spec__)[-1]
    return MAGIC_NUMBER + dumps((finder, modules))


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
