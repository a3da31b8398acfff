"""`keys rotate`: xacctd has IAM make another access key, and the old one retired; here is what is said of it."""

from typing import Final

from xacct import wire
from xacct.ctl import shape
from xacct.ctl.client import Client, event, foreign
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import OK
from xacct.ctl.hold import converse, refusal
from xacct.ctl.http10 import quote
from xacct.ctl.render import say, show

_STEPS: Final = {
    "made": "The new key …{ends} is made; waiting until AWS knows it everywhere ...",
    "works": "The new key …{ends} works.",
    "switched": "The new key …{ends} is in the keychain, and counts.",
    "retired": "The old key …{ends} is inactive.",
    "deleted": "The old key …{ends} is deleted.",
    "undone": "The new key …{ends} is deleted again.",
}

_BEFORE: Final = ("", "made", "works")
"""The last step that was told, where Ctrl-C has it undone."""


def rotate(profile: str, client: Client, *, finish: bool, delete: bool, yes: bool) -> int:
    """Rotate, or end what is left of a rotation.

    Args:
        profile: whose key.
        client: the daemon's.
        finish: end what is left.
        delete: delete the old key as well.
        yes: don't ask.
    """
    if not yes:
        demand_yes(_question(profile, finish=finish, delete=delete))
    body = {name: True for name, said in (("finish", finish), ("delete", delete)) if said}
    done: wire.RotatedEvent | None = None
    last = ""
    try:
        for raw in converse(client, wire.KEY_ROTATE.format(profile=quote(profile)), body):
            match raw.get("event"):
                case "rotating":
                    step = event(raw, wire.RotatingEvent)
                    last = step["step"]
                    show(_STEPS.get(last, last).format(ends=step["ends"]))
                case "rotated":
                    done = event(raw, wire.RotatedEvent)
                case "failed":
                    raise refusal(event(raw, shape.FAILED)["error"])
    except KeyboardInterrupt:
        _say_what_goes_on(profile, last, finish=finish)
        raise
    if done is None:
        raise foreign("no outcome and no reason")
    _say_outcome(done)
    return OK


def _question(profile: str, *, finish: bool, delete: bool) -> str:
    if finish:
        return (
            f"End the rotation of the access key of {profile}? The key that does not count is deleted or inactive then."
        )
    goes = "deleted" if delete else "made inactive"
    return f"Have IAM make a new access key for {profile}? The old one is {goes} then, wherever else it is used."


def _say_what_goes_on(profile: str, last: str, *, finish: bool) -> None:
    """Say what xacctd does without us: what was made is taken back, unless it counts already."""
    does = "takes back what was made" if last in _BEFORE and not finish else "goes on to the end"
    say(f"\nxacctd {does}. What is left, if anything: xacctctl keys; then xacctctl keys rotate {profile} --finish")


def _say_outcome(done: wire.RotatedEvent) -> None:
    show(f"The access key of {done['profile']} is …{done['ends']} ({done['arn']}).")
    if done["old_is"] == "inactive":
        show(
            f"Should something have needed the old one, …{done['old']}, IAM makes it active again. When nothing does:"
            f" xacctctl keys rotate {done['profile']} --finish"
        )
    elif done["old_is"] == "another's":
        show(f"The user's other key, …{done['old']}, is in use by somebody, and stays.")
