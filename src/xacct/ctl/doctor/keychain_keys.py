"""Access keys in the keychain: whether each counts, and can be had."""

from collections.abc import Iterator
from typing import Final

from xacct.ctl.doctor.finding import Finding, warning
from xacct.ctl.doctor.scene import Scene

_NOT_USED: Final = "key-not-used"
_LOCKED: Final = "source-locked"


def keychain_keys(scene: Scene) -> Iterator[Finding]:
    """Yield what is the matter with them, as far as the daemon has noticed."""
    roles, status = scene.daemon.roles, scene.daemon.status
    if roles is None or status is None:
        return
    found = [problem for problem in roles["problems"] if problem["code"] == _NOT_USED]
    found += [role["error"] for role in status["roles"] if role["error"] and role["error"]["code"] == _LOCKED]
    seen = {problem["sentence"]: problem["hint"] for problem in found}
    for sentence, hint in seen.items():
        yield warning(sentence, hint)
