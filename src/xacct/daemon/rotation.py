"""The rotation of an access key in the keychain: another is made and proved, switched to, the old one retired.

What is about to happen is written down before it does (state/key_index.py), without a secret: whatever ends this
process between two steps, `finish` finds out from the keychain and from IAM how far it was. A key is deleted only where
its digest was written down: what somebody else has made meanwhile stays.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn, Protocol

import msgspec

from xacct import errors
from xacct.model import Credentials, iso
from xacct.state.access_keys import digest
from xacct.state.key_index import Rotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from xacct.aws.iam import KeyAtAws
    from xacct.model import Role
    from xacct.state.access_keys import AccessKeys
    from xacct.state.key_index import Where

    Tell = Callable[[str, str], Awaitable[None]]
    """Is told each step, with the end of the id of the key it is about."""

PATIENCE = 120.0
"""Seconds that a new key may take to work: IAM is eventually consistent, and says of no time how long that is."""

PAUSES = (1.0, 2.0, 3.0, 5.0)
"""Seconds between two tries of the new key; the last again and again."""

SURE = 2
"""Answers in a row that take a new key to be working: the first may be of the one server that knows it already."""

FINISH = "xacctctl keys rotate {profile} --finish"


class Sts(Protocol):
    """Says whose a key is."""

    async def get_caller_identity(self, keys: Credentials, role: Role) -> str:
        """Its ARN; raises an XacctError."""


class Iam(Protocol):
    """Makes and retires keys (aws/iam.py)."""

    async def access_keys(self, keys: Credentials, role: Role, user: str) -> list[KeyAtAws]:
        """Those of a user."""

    async def last_used(self, keys: Credentials, role: Role, access_key_id: str) -> float | None:
        """When it has signed last."""

    async def create(self, keys: Credentials, role: Role, user: str) -> Credentials:
        """Another one."""

    async def deactivate(self, keys: Credentials, role: Role, user: str, access_key_id: str) -> None:
        """Switch one off."""

    async def delete(self, keys: Credentials, role: Role, user: str, access_key_id: str) -> None:
        """Delete one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which key is rotated, and how.

    Attributes:
        sts: a role that says where STS is asked, as `iam` does of IAM.
        session: the MFA session that signs; None: the key itself does.
        delete: whether the old key is deleted as well.
        tell: is told each step.
        given_up: set once nobody wants it any more; after the switch that changes nothing.
    """

    where: Where
    profile: str
    sts: Role
    iam: Role
    session: Credentials | None
    delete: bool
    tell: Tell
    given_up: asyncio.Event


class Outcome(NamedTuple):
    """What came of it: the end of the id of the key that counts, whose it is, and what became of the other one."""

    ends: str
    arn: str
    old: str
    old_is: Literal["inactive", "deleted", "another's"]


class _User(NamedTuple):
    """Whose a key is."""

    arn: str
    name: str


class Rotator:
    """Rotates keys of one keychain.

    Args:
        kept: the keychain.
        sts: says whose a key is.
        iam: makes and retires keys.
        now: AWS's time.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        kept: AccessKeys,
        sts: Sts,
        iam: Iam,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._kept = kept
        self._sts = sts
        self._iam = iam
        self._now = now
        self._sleep = sleep

    async def rotate(self, asked: Asked) -> Outcome:
        """Make another key, switch to it, retire the old one. What fails is undone, as far as that is certain.

        Raises:
            RotationUnfinished: another rotation has left something.
            TooManyKeys: the user has two keys; which.
            XacctError: what failed, and what is left.
        """
        _demand_finished(asked, self._kept.row(asked.where, asked.profile).rotation)
        old = await self._kept.read_back(asked.where, asked.profile)
        if digest(old.access_key_id) != self._kept.row(asked.where, asked.profile).digest:
            raise errors.SourceUnusable(
                f"The keychain has another access key for {asked.profile!r} than was added with xacctctl.",
                f"xacctctl keys remove {asked.profile}; then xacctctl keys add {asked.profile}",
            )
        user = await self._user(asked, old)
        await self._demand_room(asked, old, user)
        rotation = Rotation(
            step="making", began=self._now(), old=digest(old.access_key_id), old_ends=old.access_key_id[-4:]
        )
        await self._note(asked, rotation)  # guard: rotation-is-written-down-before-a-key-is-made
        new = await self._made(asked, old, user)
        rotation = msgspec.structs.replace(
            rotation, step="made", new=digest(new.access_key_id), new_ends=new.access_key_id[-4:]
        )
        await self._switch(asked, user, old, new, rotation)
        return await self._retire_or_undo(asked, user, old, new, rotation)

    async def finish(self, asked: Asked) -> Outcome:
        """End what is left of a rotation: undo it where the keychain has the old key, else retire or delete that.

        Raises:
            BadInput: nothing is left.
            XacctError: it can't be ended; why.
        """
        row = self._kept.row(asked.where, asked.profile)
        rotation = row.rotation
        if rotation is None:
            raise errors.BadInput(
                f"No rotation of the access key of {asked.profile!r} is unfinished.",
                f"xacctctl keys rotate {asked.profile}",
            )
        key = await self._kept.read_back(asked.where, asked.profile)
        if digest(key.access_key_id) not in row.taken:
            raise errors.SourceUnusable(
                f"The keychain has another access key for {asked.profile!r} than was rotated.",
                f"xacctctl keys remove {asked.profile}; then xacctctl keys add {asked.profile}",
            )
        user = await self._user(asked, key)
        if row.digest != digest(key.access_key_id):  # it was cut short between the keychain and its list
            await self._kept.switch(asked.where, asked.profile, key, rotation)
        there = await self._iam.access_keys(self._signer(asked, key), asked.iam, user.name)
        if digest(key.access_key_id) == rotation.old:
            return await self._undo_cut_short(asked, user, key, rotation, there)
        old = next((each.access_key_id for each in there if digest(each.access_key_id) == rotation.old), None)
        if old is None:
            await self._note(asked, None)
            return Outcome(key.access_key_id[-4:], user.arn, rotation.old_ends, "deleted")
        try:
            return await self._retire(asked, user, key, old, rotation)
        except _Refused as refused:  # nobody has the old key's secret any more, to switch back to it
            raise _saying(
                refused.why, f"The new key counts; the old one …{old[-4:]} could not be made inactive.", _finish(asked)
            ) from None

    # Before a key is made.

    async def _user(self, asked: Asked, key: Credentials) -> _User:
        arn = await self._sts.get_caller_identity(key, asked.sts)
        kind, slash, path = arn.rpartition(":")[2].partition("/")
        if not slash or kind != "user":  # guard: keys-of-users-alone-are-rotated
            raise errors.BadInput(
                f"The access key of {asked.profile!r} is {arn}'s, which is no IAM user: only users' keys are rotated.",
                "Root keys: delete them in the AWS console, and use an IAM user.",
            )
        return _User(arn, path.rpartition("/")[2])

    async def _demand_room(self, asked: Asked, old: Credentials, user: _User) -> None:
        """Refuse where there are two keys: AWS takes no third, and which of the two goes is a human's to say."""
        signer = self._signer(asked, old)
        there = await self._iam.access_keys(signer, asked.iam, user.name)
        others = [key for key in there if key.access_key_id != old.access_key_id]
        if not others:
            return
        raise errors.TooManyKeys(
            f"{user.name} has another access key beside …{old.access_key_id[-4:]}, and AWS takes no third:"
            f" {'; '.join([await self._described(asked, signer, key) for key in others])}.",
            f"If nobody needs it: {_deletes(asked, user, others[0])}",
        )

    async def _described(self, asked: Asked, signer: Credentials, key: KeyAtAws) -> str:
        try:
            used = await self._iam.last_used(signer, asked.iam, key.access_key_id)
        except errors.XacctError:
            words = "whether it is used is not known"
        else:
            words = "never used" if used is None else f"last used {iso(used)}"
        state = "active" if key.active else "inactive"
        return f"…{key.access_key_id[-4:]} is {state}, made {iso(key.created)}, {words}"

    # The new key.

    async def _made(self, asked: Asked, old: Credentials, user: _User) -> Credentials:
        signer = self._signer(asked, old)
        try:
            return await self._iam.create(signer, asked.iam, user.name)
        except errors.XacctError as why:
            if isinstance(why, errors.Temporary) and why.answered:  # guard: key-that-may-be-made-is-remembered
                await self._demand_none_made(asked, old, user, why)
            await self._note(asked, None)
            raise _saying(why, "Nothing was changed.") from None

    async def _demand_none_made(self, asked: Asked, old: Credentials, user: _User, why: errors.XacctError) -> None:
        """Find out whether a call without an answer has made a key, whose secret nobody has then.

        Raises:
            XacctError: it has, or that is not known either.
        """
        try:
            there = await self._iam.access_keys(self._signer(asked, old), asked.iam, user.name)
        except errors.XacctError:
            there = []
        if [key.access_key_id for key in there] != [old.access_key_id]:
            raise _saying(why, "The old key counts on; whether a new one was made is not known.", _finish(asked))

    async def _switch(self, asked: Asked, user: _User, old: Credentials, new: Credentials, rotation: Rotation) -> None:
        """Write the new key down, prove it, and have it in the keychain; what fails is undone."""
        try:
            await self._note(asked, rotation)
            await asked.tell("made", new.access_key_id[-4:])
            await self._works(asked, new, user)
            await asked.tell("works", new.access_key_id[-4:])
            _demand_wanted(asked)
            await self._kept.switch(asked.where, asked.profile, new, msgspec.structs.replace(rotation, step="switched"))
        except errors.XacctError as why:
            await self._undo(asked, user, old, new, why)
        await asked.tell("switched", new.access_key_id[-4:])

    async def _works(self, asked: Asked, new: Credentials, user: _User) -> None:
        """Wait until AWS knows the new key.

        Raises:
            XacctError: it does not in time, or it is another's, or nobody wants it any more.
        """
        until, pauses, right = self._now() + PATIENCE, iter(PAUSES), 0
        while right < SURE:
            _demand_wanted(asked)
            try:
                arn = await self._sts.get_caller_identity(new, asked.sts)
            except (errors.BadKey, errors.Temporary) as not_yet:
                right = 0
                if self._now() >= until:  # guard: new-key-is-not-waited-for-longer
                    raise _saying(not_yet, f"The new key …{new.access_key_id[-4:]} did not work in time.") from None
            else:
                right += 1
                if arn != user.arn:  # guard: new-key-is-the-same-users
                    raise errors.WrongIdentity(f"The new key is {arn}'s, and the old one {user.arn}'s.", "")
            if right < SURE:
                await self._sleep(next(pauses, PAUSES[-1]))

    async def _undo(
        self, asked: Asked, user: _User, old: Credentials, new: Credentials, why: errors.XacctError
    ) -> NoReturn:
        """Delete the new key, for the old one counts.

        Raises:
            XacctError: why, and what is left.
        """
        ends = new.access_key_id[-4:]
        try:
            await self._deleted(asked, user, old, new.access_key_id)
            await self._note(asked, None)
        except errors.XacctError as left:
            raise _saying(
                why, f"The old key counts on; the new one …{ends} could not be deleted: {left.sentence}", _finish(asked)
            ) from None
        await asked.tell("undone", ends)
        raise _saying(why, f"The old key counts on; the new one …{ends} was deleted.") from None

    # The old key.

    async def _retire_or_undo(
        self, asked: Asked, user: _User, old: Credentials, new: Credentials, rotation: Rotation
    ) -> Outcome:
        switched = msgspec.structs.replace(rotation, step="switched")
        try:
            return await self._retire(asked, user, new, old.access_key_id, switched)
        except _Refused as refused:
            try:
                await self._kept.switch(asked.where, asked.profile, old, rotation)
            except errors.XacctError as left:
                raise _saying(
                    refused.why, f"The new key counts, and could not be taken back: {left.sentence}", _finish(asked)
                ) from None
            await self._undo(asked, user, old, new, refused.why)

    async def _retire(self, asked: Asked, user: _User, key: Credentials, old: str, rotation: Rotation) -> Outcome:
        """Make the old key inactive; delete it where that was asked for, or it was inactive before.

        Args:
            asked: which, and how.
            user: whose they are.
            key: the one that counts.
            old: the id of the other.
            rotation: how far it was.

        Raises:
            _Refused: AWS does not let it be made inactive.
            XacctError: that is not certain; what is left.
        """
        delete = asked.delete or rotation.step == "retired"
        if rotation.step != "retired":
            try:
                await self._patiently(lambda: self._iam.deactivate(self._signer(asked, key), asked.iam, user.name, old))
            except errors.NoSuchKey:
                delete = True  # somebody else has deleted it meanwhile
            except errors.Temporary as why:  # guard: only-a-key-that-is-surely-active-is-switched-back-to
                raise _saying(
                    why, f"The new key counts; the old one …{old[-4:]} may be active.", _finish(asked)
                ) from None
            except errors.XacctError as why:
                raise _Refused(why) from None
            await self._note(asked, msgspec.structs.replace(rotation, step="retired"))
            await asked.tell("retired", old[-4:])
        if not delete:
            return Outcome(key.access_key_id[-4:], user.arn, old[-4:], "inactive")
        try:
            await self._deleted(asked, user, key, old)
        except errors.XacctError as why:
            raise _saying(
                why, f"The new key counts; the old one …{old[-4:]} is inactive, and not deleted.", _finish(asked)
            ) from None
        await self._note(asked, None)
        await asked.tell("deleted", old[-4:])
        return Outcome(key.access_key_id[-4:], user.arn, old[-4:], "deleted")

    async def _undo_cut_short(
        self, asked: Asked, user: _User, key: Credentials, rotation: Rotation, there: Sequence[KeyAtAws]
    ) -> Outcome:
        """End a rotation that did not get as far as the keychain: what it made goes."""
        others = [each for each in there if each.access_key_id != key.access_key_id]
        ours = [each for each in others if digest(each.access_key_id) == rotation.new]
        for each in ours:  # guard: only-keys-of-ours-are-deleted
            await self._deleted(asked, user, key, each.access_key_id)
        if rotation.new is None:
            for each in others:
                await self._demand_anothers(asked, user, key, each)
        await self._note(asked, None)
        other = others[0].access_key_id[-4:] if others else ""
        return Outcome(key.access_key_id[-4:], user.arn, other, "deleted" if ours or not others else "another's")

    async def _demand_anothers(self, asked: Asked, user: _User, key: Credentials, other: KeyAtAws) -> None:
        """Refuse where nobody can tell whether a key is ours: one that was used is not, for we lost the secret.

        Raises:
            RotationUnfinished: it may be.
        """
        signer = self._signer(asked, key)
        if await self._iam.last_used(signer, asked.iam, other.access_key_id) is None:
            raise errors.RotationUnfinished(
                f"{await self._described(asked, signer, other)}: it may be what the rotation has made, whose secret is"
                " lost, or somebody else's.",
                f"If it is nobody's: {_deletes(asked, user, other)}; then {_finish(asked)}",
            )

    # What both need.

    async def _deleted(self, asked: Asked, user: _User, key: Credentials, access_key_id: str) -> None:
        signer = self._signer(asked, key)
        try:
            await self._patiently(lambda: self._iam.delete(signer, asked.iam, user.name, access_key_id))
        except errors.NoSuchKey:
            return  # it is gone, by whomever

    async def _patiently(self, call: Callable[[], Awaitable[None]]) -> None:
        """Try again while IAM does not know the key that signs: it may be a new one that STS alone knows by now."""
        until, pauses = self._now() + PATIENCE, iter(PAUSES)
        while True:
            try:
                return await call()
            except errors.BadKey:
                if self._now() >= until:
                    raise
                await self._sleep(next(pauses, PAUSES[-1]))

    async def _note(self, asked: Asked, rotation: Rotation | None) -> None:
        await self._kept.note(asked.where, asked.profile, rotation)

    def _signer(self, asked: Asked, key: Credentials) -> Credentials:
        """What signs for IAM: the MFA session, where the profile has a device, else the key that counts."""
        return asked.session or key


class _Refused(Exception):
    """AWS has said no to making the old key inactive: it surely is active still."""

    def __init__(self, why: errors.XacctError) -> None:
        super().__init__()
        self.why = why


def _demand_finished(asked: Asked, rotation: Rotation | None) -> None:
    if rotation is None:
        return
    if rotation.unfinished:
        raise errors.RotationUnfinished(
            f"The rotation of the access key of {asked.profile!r} that began {iso(rotation.began)} is unfinished.",
            _finish(asked),
        )
    raise errors.RotationUnfinished(
        f"The key before, …{rotation.old_ends}, is inactive and still there: a user has two keys at most.",
        f"{_finish(asked)} deletes it.",
    )


def _demand_wanted(asked: Asked) -> None:
    if asked.given_up.is_set():  # guard: rotation-nobody-waits-for-is-undone
        raise errors.Declined("The rotation was given up.", "")


def _saying(why: errors.XacctError, left: str, hint: str | None = None) -> errors.XacctError:
    """The same failure, with what is left of the rotation."""
    return type(why)(f"{why.sentence} {left}", why.hint if hint is None else hint)


def _finish(asked: Asked) -> str:
    return FINISH.format(profile=asked.profile)


def _deletes(asked: Asked, user: _User, key: KeyAtAws) -> str:
    return (
        f"aws iam delete-access-key --user-name {user.name} --access-key-id {key.access_key_id}"
        f" --profile {asked.profile}"
    )
