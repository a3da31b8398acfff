"""The ways to ask of `prompts.order`: which of them xacctd passes over, and why."""

from collections.abc import Iterator
from typing import Final

from xacct.ctl.doctor.finding import Finding, ok, warning
from xacct.ctl.doctor.scene import Scene

_FIX: Final = {
    "pinentry": "Install a pinentry with a window (pinentry-gnome3, pinentry-qt), or: xacctctl attend --pinentry",
    "notification": 'Take "notification" out of prompts.order, or use a desktop whose notifications have buttons',
}
_CHOSEN_BY_DEFAULT: Final = "dialog"
"""What stands in the order where nobody has written one: that it can't be used here is nothing amiss."""


def ways(scene: Scene) -> Iterator[Finding]:
    """Yield each that can't be used; and that pinentry could, where nothing beside terminals asks."""
    daemon = scene.daemon.about
    if daemon is None:
        return
    passed_over = daemon.get("cannot_ask", {})
    for name, why in passed_over.items():
        said = f"xacctd passes over {name}: {why}."
        yield ok(said) if name == _CHOSEN_BY_DEFAULT else warning(said, _FIX.get(name, "xacctctl attend"))
    if not daemon["asks"] and "pinentry" not in passed_over and scene.which("pinentry"):
        yield ok('pinentry is here, and would ask too: [prompts] order = ["terminal", "pinentry"], and a restart.')
