"""What time it is for AWS, on a machine that sleeps, is stepped by NTP, or is plainly wrong.

Every STS answer carries a Date header. Between answers two clocks of ours say how much time has passed: the
wall clock, which may be stepped, and the boot-time clock, which counts through a suspend but stands still while
a virtual machine is paused. Where they differ, the later one decides what may be served (never call expired
credentials valid), the earlier one what is thrown away (never lose a session to a wrong clock); the next answer
sets both right again. Nothing here reads a clock: `read` is an argument.

Dates can lie: a proxy's, a captive portal's. So only what certainly comes from STS is told here (aws/sts.py sees to
that), and even that is not believed alone where it would move our estimate far, or contradicts a laptop clock that has
agreed so far: a second date, from another answer, has to say the same. A success says more than its date: AWS takes no
signature that is more than SIGNATURE_WINDOW off. And time never goes back past what was certain.

Once a success has told the time, complaints ("signature expired") change only what is signed with, however many agree:
if they are right the next call succeeds, and its date is the time; if they lie nothing that is held is called expired,
or valid. Before the first success there is nothing to go by but the machine's own clock; two complaints outweigh that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from xacct.model import Instant

DATE_RESOLUTION = 2.0
"""Seconds a Date header can be off without saying anything: it counts whole seconds (RFC 9110, 5.6.7), and answers
travel. Our choice: one second for each."""

SIGNATURE_WINDOW = 900.0
"""Seconds by which a request's signature may be off: "more than 15 minutes" (STS API Reference, Common Errors,
RequestExpired); its sentence ends in "(... - 15 min.)"."""

NUDGE = 60.0
"""Seconds by which one date alone may move our estimate. Our choice: less than credentials are renewed ahead of time by
(policy.py), so that nothing expires for it."""

AGREE = 10.0
"""Seconds by which two dates, each carried on to the same instant, may differ and still say the same. Our choice:
each is DATE_RESOLUTION off, and answers may come late by some seconds."""

JUMP = 5.0
"""Seconds by which the two clocks may drift apart between two looks before we call it a step or a suspend. Our choice:
NTP slews 0.5 ms a second at most (adjtimex(2)), which is 15 ms in the 30 s between two looks."""


class AwsClock:
    """AWS's time, estimated from our clocks and corrected by what AWS says.

    Args:
        read: gives one reading of the machine's clocks.
    """

    def __init__(self, read: Callable[[], Instant]) -> None:
        self._read = read
        self._anchor = read()
        self._aws_at_anchor = self._anchor.wall
        self._seen = self._anchor
        self._floor = float("-inf")
        self._suspected: tuple[float, float] | None = None
        self._certain = False  # whether STS has taken a signature of ours, in this process or the one before it
        self._ahead = 0.0  # what complaints say beyond that: it is signed with, and no more
        self.told = False
        """Whether AWS has said what time it is; until then it is our own clock's word."""

    def now(self) -> float:
        """AWS's time in Unix seconds: never earlier than it really is, as far as our clocks can tell."""
        at = self._read()
        return self._aws_at_anchor + max(at.boot - self._anchor.boot, at.wall - self._anchor.wall)

    def earliest(self) -> float:
        """AWS's time in Unix seconds: never later than it really is, as far as our clocks can tell."""
        at = self._read()
        return self._aws_at_anchor + min(at.boot - self._anchor.boot, at.wall - self._anchor.wall)

    def likeliest(self) -> float:
        """AWS's time in Unix seconds, most likely: to sign with, and to tell one time step's code from the next."""
        at = self._read()
        return self._aws_at_anchor + (at.boot - self._anchor.boot) + self._ahead

    def boot(self) -> float:
        """Seconds on the boot-time clock: for back-off and patience, which no clock step may stretch."""
        return self._read().boot

    def wall(self) -> float:
        """This machine's own clock, whatever AWS says (Unix seconds)."""
        return self._read().wall

    def skew(self) -> float:
        """Seconds AWS is ahead of this machine's wall clock (negative: the machine is ahead)."""
        at = self._read()
        return self._aws_at_anchor + (at.boot - self._anchor.boot) - at.wall

    def heard(self, aws_time: float, *, signed_for: bool = True) -> None:
        """Learn from the Date header of an answer that certainly comes from STS.

        Args:
            aws_time: what it says (Unix seconds).
            signed_for: whether STS took the time that we signed at: then its own can't be far from that.
        """
        at = self._read()
        off = aws_time - self.likeliest()
        # guard: time-never-back, time-no-further-than-signature
        if self._impossible(aws_time, at) or (signed_for and abs(off) > SIGNATURE_WINDOW):
            return
        # guard: time-second-witness
        if not self._believable(aws_time, off, at) and not self._said_before(aws_time, at):
            self._suspected = (aws_time, at.boot)
            return
        # guard: complaints-move-only-what-is-signed-with
        if signed_for or not self._certain or abs(at.wall - aws_time) <= DATE_RESOLUTION:
            self._certain |= signed_for
            self._learn(aws_time, at)
        else:
            self._suspected = None
            self._ahead += off

    def _impossible(self, aws_time: float, at: Instant) -> bool:
        """Whether it lies before what was certain: the boot-time clock never runs ahead of real time."""
        return aws_time + DATE_RESOLUTION < self._floor + at.boot

    def _believable(self, aws_time: float, off: float, at: Instant) -> bool:
        """Whether it needs no second date that says the same."""
        if abs(at.wall - aws_time) <= DATE_RESOLUTION:
            return True  # the laptop's clock says the same
        agreed = self.told and abs(at.wall - self.likeliest()) <= DATE_RESOLUTION
        return abs(off) <= (DATE_RESOLUTION if agreed else NUDGE)

    def _said_before(self, aws_time: float, at: Instant) -> bool:
        """Whether another answer has said the same."""
        if self._suspected is None:
            return False
        then, boot = self._suspected
        return abs(aws_time - (then + at.boot - boot)) <= AGREE

    def _learn(self, aws_time: float, at: Instant) -> None:
        """Where the wall clock agrees with the date, the wall clock is the finer of the two."""
        agrees = abs(at.wall - aws_time) <= DATE_RESOLUTION
        self._suspected, self._ahead = None, 0.0
        self.told = True
        self._anchor = at
        self._aws_at_anchor = at.wall if agrees else aws_time + 0.5
        self._floor = max(self._floor, aws_time - at.boot - DATE_RESOLUTION)

    def anchor(self) -> tuple[float, Instant]:
        """AWS's time when it was last heard, and our clocks then: for a clock that goes on from here."""
        return self._aws_at_anchor, self._anchor

    def resume(self, aws_time: float, at: Instant) -> None:
        """Go on from an `anchor` of this boot."""
        self._aws_at_anchor, self._anchor, self._ahead = aws_time, at, 0.0
        self._certain = True

    def shift(self, seconds: float) -> None:
        """Take AWS to be so many seconds ahead of the wall clock until it is heard again."""
        self._anchor, self._ahead = self._read(), 0.0
        self._aws_at_anchor = self._anchor.wall + seconds

    def stepped(self) -> bool:
        """Whether the wall clock has jumped against the boot-time clock since this was last asked."""
        at = self._read()
        before, self._seen = self._seen, at
        return abs((at.wall - before.wall) - (at.boot - before.boot)) > JUMP
