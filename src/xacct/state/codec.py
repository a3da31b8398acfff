"""The state as bytes: what one daemon hands to the next, whichever way they travel.

JSON with a format number. A state that is unreadable, of another format, or from the future is dropped with a sentence;
the daemon then starts empty, as after a reboot. Whether the bytes are whole and ours is the backend's to see to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from xacct.credentials.snapshot import export, restore, restore_what_was_taken_back
from xacct.credentials.snapshot_values import Snapshot, Value, nothing_but
from xacct.model import Instant  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from xacct.clock import AwsClock
    from xacct.credentials.keeper import Keeper

FORMAT = 2
"""Raised whenever an older daemon would misread the state. An older or newer one is dropped: a code mends that."""

BACKWARDS = 60.0
"""Seconds that AWS's time may seem to run backwards over a reboot before we believe no clock of the machine."""


class ClockSnapshot(Value, frozen=True):
    """AWS's time at one reading of the machine's clocks, and which boot that was."""

    aws: float
    at: Instant
    boot_id: str


class FilesSnapshot(Value, frozen=True):
    """Whose AWS files the roles are of. Each is an awsfiles.Files.

    Attributes:
        own: those of the daemon (as it was told to find them), whose roles have plain names (rolekeys.py); empty: that
            was not noted.
        others: the rest.
    """

    own: tuple[str, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()


NOT_NOTED = FilesSnapshot()


class _Head(msgspec.Struct, frozen=True):
    format: int
    version: str


class State(Value, frozen=True, kw_only=True):
    """All that travels.

    Attributes:
        version: the writer's.
        front: what an older daemon wrote; it is not read any more.
        grants: those in force, as their file has them. Whoever is handed them needs no file to know what was revoked.
    """

    format: int = FORMAT
    version: str
    clock: ClockSnapshot
    memory: Snapshot
    grants: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    files: FilesSnapshot = NOT_NOTED
    front: object = msgspec.UNSET


class Unusable(Exception):
    """A state that can't be taken over.

    Attributes:
        sentence: why.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(State)


def take(
    keeper: Keeper,
    boot_id: str,
    version: str,
    into: bytearray,
    files: FilesSnapshot = NOT_NOTED,
    grants: list[dict[str, Any]] | None = None,
    late: Snapshot | None = None,
) -> bool:
    """Write the keeper's state over what a buffer holds.

    Args:
        keeper: whose state.
        boot_id: which boot of the machine this is.
        version: ours.
        into: the buffer.
        files: whose roles they are.
        grants: those in force, as rows.
        late: what an earlier daemon held of roles whose files can't be read yet.

    Returns:
        Whether any credentials are in it.
    """
    aws, at = keeper.clock.anchor()
    memory = export(keeper)
    if late is not None:
        both = {"sessions": memory.sessions + late.sessions, "roles": memory.roles + late.roles}
        memory = msgspec.structs.replace(memory, **both)
    state = State(version=version, clock=ClockSnapshot(aws, at, boot_id), memory=memory, files=files)
    if grants is not None:
        state = msgspec.structs.replace(state, grants=grants)
    _encoder.encode_into(state, into)
    return not memory.empty


def of_what_was_taken_back(keeper: Keeper, boot_id: str, version: str, files: FilesSnapshot) -> bytes:
    """The logouts and the lock as a state that holds nothing else; empty where there are none."""
    locked, logged_out = keeper.agent_lock.locked, tuple(sorted(keeper.consents.logged_out))
    if not (locked or logged_out):
        return b""
    aws, at = keeper.clock.anchor()
    memory = nothing_but(locked=locked, logged_out=logged_out)
    return _encoder.encode(State(version=version, clock=ClockSnapshot(aws, at, boot_id), memory=memory, files=files))


def read(data: bytes | bytearray | memoryview) -> State:
    """The state of these bytes.

    Raises:
        Unusable: they are none, or of a format that this version does not read.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:  # guard: restart-another-format-is-none
            raise Unusable(f"The state was kept by xacct {head.version} in format {head.format}, not {FORMAT}.")
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The type only: a message may quote what it choked on.
        raise Unusable(f"The kept state can't be read ({type(error).__name__}).") from None


def grants_of(data: bytes) -> list[dict[str, Any]] | None:
    """The grants in a state; None where it says nothing of them."""
    try:
        grants = read(data).grants
    except Unusable:
        return None  # whoever holds it again says so
    return None if grants is msgspec.UNSET else grants


def resume_clock(state: State, clock: AwsClock, boot_id: str) -> None:
    """Let the clock go on from what the state knows of AWS's time.

    Raises:
        Unusable: the machine has been booted since, and its clock stands before the state was kept.
    """
    kept = state.clock
    if kept.boot_id == boot_id:
        clock.resume(kept.aws, kept.at)
        return
    offset = kept.aws - kept.at.wall
    if clock.now() + offset < kept.aws - BACKWARDS:  # guard: restart-no-clock-that-went-back
        raise Unusable("The machine's clock stands before the time the state was kept.")
    clock.shift(offset)


def take_back(state: State, keeper: Keeper) -> None:
    """Logouts and the lock, which hold whatever becomes of the rest of a state."""
    restore_what_was_taken_back(keeper, state.memory)


def give_back(state: State, keeper: Keeper, boot_id: str) -> int:
    """Give a configured keeper its memory back. Returns how many roles hold something again."""
    return restore(keeper, state.memory, same_boot=state.clock.boot_id == boot_id)
