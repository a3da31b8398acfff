"""Access keys in the keychain, as `xacctctl keys` asks for them: which profile may have one, and whose it is."""

from __future__ import annotations

import asyncio
import sys
from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import structlog

from xacct import awsfiles, errors
from xacct.aws import chains, inifiles, sources, targets
from xacct.aws.sources import keychain, profile_keys
from xacct.daemon.rotation import Asked, Outcome
from xacct.host.threads import run_in_daemon_thread
from xacct.model import Credentials, Role, Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from xacct import wire
    from xacct.aws.inifiles import AwsFiles, Profile
    from xacct.aws.sts import Sts
    from xacct.awsfiles import Files
    from xacct.daemon.rotation import Rotator
    from xacct.state.access_keys import AccessKeys
    from xacct.state.key_index import Row, Where

log = structlog.get_logger("xacct.daemon")

TEMPORARY = "ASIA"
"""How the ids of temporary keys begin (IAM User Guide, unique identifiers)."""


class KeychainKeys:
    """Keeps, checks and removes access keys for the control API.

    Args:
        kept: the keychain.
        sts: says whose a key is.
        env: the daemon's environment at its start.
        own: gives the daemon's own files.
        reload: has the configuration read again.
        rotator: rotates them.
    """

    def __init__(
        self,
        kept: AccessKeys,
        sts: Sts,
        env: Mapping[str, str],
        own: Callable[[], Files],
        reload: Callable[[], Awaitable[object]],
        rotator: Rotator,
    ) -> None:
        self._kept = kept
        self._sts = sts
        self._env = dict(env)
        self._own = own
        self._reload = reload
        self._rotator = rotator
        self._rotating: dict[tuple[Where, str], asyncio.Task[Outcome]] = {}

    def list(self) -> wire.KeysAnswer:
        """All keys that are in the keychain, of whichever files."""
        return {
            "keys": [_shown(row) for row in self._kept.rows],
            "keychain": "the login keychain" if sys.platform == "darwin" else "the Secret Service",
        }

    async def add(self, files: Files | None, asked: wire.KeyRequest) -> wire.KeyAnswer:
        """Keep a key, which AWS has said whose it is.

        Raises:
            ConfigError: the profile can't have one.
            XacctError: what AWS or the keychain said.
        """
        profile, env = asked["profile"], self._env_of(files)
        found = await run_in_daemon_thread(lambda: inifiles.read(*inifiles.paths(env)))
        moved = "access_key_id" not in asked
        _demand_place(profile, found, moved=moved)
        keys = _own_keys(profile, found) if moved else _typed(asked)
        _demand_long_term(keys)
        arn = None
        if asked.get("check", True):  # guard: key-is-checked-before-it-is-kept
            arn = await self._asked(keys, _role(profile, found, env, self._whose(files)), typed=not moved)
        row = await self._kept.add(keychain.where(env), profile, keys)
        await self._reload()
        return {"profile": profile, "ends": row.ends, "arn": arn}

    async def check(self, files: Files | None, profile: str) -> wire.KeyAnswer:
        """Read a key from the keychain, not from memory, and ask AWS whose it is.

        Raises:
            BadInput: there is none.
            XacctError: what AWS or the keychain said.
        """
        env = self._env_of(files)
        where = keychain.where(env)
        if profile not in self._kept.of_files(where):
            raise errors.BadInput(
                f"There is no access key of the profile {profile!r} in the keychain.", "xacctctl keys list"
            )
        keys = await self._kept.read_back(where, profile)
        # Read behind it: the keychain may have asked somebody first.
        found = await run_in_daemon_thread(lambda: inifiles.read(*inifiles.paths(env)))
        arn = await self._sts.get_caller_identity(keys, _role(profile, found, env, self._whose(files)))
        return {"profile": profile, "ends": keys.access_key_id[-4:], "arn": arn}

    async def remove(self, files: Files | None, profile: str) -> None:
        """Keep a key no longer.

        Raises:
            RotationUnfinished: it is being rotated.
            XacctError: there is none, or the keychain can't be used.
        """
        where = keychain.where(self._env_of(files))
        self._demand_still((where, profile))  # guard: key-that-is-rotated-stays
        await self._kept.drop(where, profile)
        await self._reload()

    async def rotate(
        self,
        files: Files | None,
        profile: str,
        session: Credentials | None,
        asked: wire.RotateRequest,
        tell: Callable[[wire.RotatingEvent], Awaitable[None]],
    ) -> wire.RotatedEvent:
        """Rotate a key, or end what is left of a rotation. It goes on without whoever asked, or is undone.

        Args:
            files: those of the request's shell.
            profile: whose key.
            session: the MFA session that signs; None: the key itself.
            asked: how.
            tell: is told each step.

        Raises:
            XacctError: what failed, and what is left.
        """
        env, whose = self._env_of(files), self._whose(files)
        if not self._is_own(files):
            env = {name: value for name, value in env.items() if name != targets.IAM_ENDPOINT}
        found = await run_in_daemon_thread(lambda: inifiles.read(*inifiles.paths(env)))
        key = keychain.where(env), profile
        self._demand_still(key)  # guard: one-rotation-of-a-key-at-once
        role, given_up = _role(profile, found, env, whose), asyncio.Event()

        async def told(step: str, ends: str) -> None:
            try:
                if not given_up.is_set():
                    await tell({"event": "rotating", "step": cast("Any", step), "ends": ends})
            except ConnectionError:  # guard: rotation-is-not-cut-by-a-lost-connection
                given_up.set()

        how = Asked(
            where=key[0],
            profile=profile,
            sts=role,
            iam=replace(role, target=targets.of_iam(profile, found, env, whose)),
            session=session,
            delete=asked.get("delete", False),
            tell=told,
            given_up=given_up,
        )
        work = self._rotator.finish if asked.get("finish") else self._rotator.rotate
        task = self._rotating[key] = asyncio.get_running_loop().create_task(work(how), context=Context())
        task.add_done_callback(lambda task: self._rotated(key, task))
        try:
            done = await asyncio.shield(task)  # guard: rotation-is-not-cut-by-its-asker
        except asyncio.CancelledError:
            given_up.set()
            raise
        return _event(profile, done)

    def _demand_still(self, key: tuple[Where, str]) -> None:
        if key in self._rotating:
            raise errors.RotationUnfinished(f"The access key of {key[1]!r} is being rotated.", "xacctctl keys")

    @property
    def rotating(self) -> bool:
        """Whether a key is being rotated, be it that whoever asked for that has gone."""
        return bool(self._rotating)

    def _rotated(self, key: tuple[Where, str], task: asyncio.Task[Outcome]) -> None:
        del self._rotating[key]
        if not task.cancelled() and (problem := task.exception()) is not None:
            sentence = getattr(problem, "sentence", type(problem).__name__)  # of others the kind alone
            log.warning("access key not rotated", why=sentence)

    async def _asked(self, keys: Credentials, role: Role, *, typed: bool) -> str:
        """Whose a key is by AWS's word.

        Raises:
            XacctError: AWS does not take it, or can't be asked.
        """
        try:
            return await self._sts.get_caller_identity(keys, role)
        except (errors.BadKey, errors.BadSignature) as refusal:
            if not typed:
                raise
            what = "id" if isinstance(refusal, errors.BadKey) else "secret"
            raise type(refusal)(
                f"AWS does not take this access key: its {what} is mistyped, or it is deleted or inactive.",
                "Nothing was kept. Copy both parts again, from where IAM showed them.",
            ) from None

    def _is_own(self, files: Files | None) -> bool:
        return files is None or awsfiles.resolved(files) == awsfiles.resolved(self._own())

    def _env_of(self, files: Files | None) -> dict[str, str]:
        return self._env if files is None or self._is_own(files) else awsfiles.resolved(files).within(self._env)

    def _whose(self, files: Files | None) -> str:
        return "the daemon's" if self._is_own(files) else "the shell's"


def _event(profile: str, done: Outcome) -> wire.RotatedEvent:
    return {
        "event": "rotated",
        "profile": profile,
        "ends": done.ends,
        "arn": done.arn,
        "old": done.old,
        "old_is": done.old_is,
    }


def _shown(row: Row) -> wire.KeyInfo:
    shown: wire.KeyInfo = {
        "profile": row.profile,
        "ends": row.ends,
        "added": row.added,
        "config": row.config,
        "credentials": row.credentials,
    }
    if (rotation := row.rotation) is not None:
        shown["rotation"] = {
            "step": rotation.step,
            "began": rotation.began,
            "old": rotation.old_ends,
            "new": rotation.new_ends or "",
        }
    return shown


def _demand_place(profile: str, files: AwsFiles, *, moved: bool) -> None:
    """Refuse a profile for which a key in the keychain would not count, or be another identity than AWS's tools have.

    Args:
        profile: its name.
        files: what the AWS files say.
        moved: whether its own key is moved there.

    Raises:
        ConfigError: it can't have one; why.
    """
    if profile not in files.profiles:
        raise errors.ConfigError(
            f"There is no profile {profile!r} in {files.config_file} or {files.credentials_file}.",
            f"Check the spelling, or: aws configure set region eu-central-1 --profile {profile}",
        )
    if chains.assumes_a_role(files.profiles[profile]):
        raise errors.ConfigError(
            f"The profile {profile!r} assumes a role: it takes the access key of its source_profile.",
            "Name that one.",
        )
    source = sources.own(profile, files)
    if moved:
        if source is None or source.kind != "profile":
            raise errors.ConfigError(
                f"The profile {profile!r} has no access key in AWS's files.", f"xacctctl keys add {profile}"
            )
        other = sources.own(profile, _without_key(profile, files))
        if other is not None:  # guard: no-key-moves-and-leaves-other-credentials
            raise errors.ConfigError(
                f"Without its key the profile {profile!r} would be another identity: it has other credentials as well"
                f" ({sources.KINDS[other.kind].describe(other)}).",
                "Take those out of AWS's files first.",
            )
    elif source is not None:  # guard: no-key-beside-other-credentials
        what = sources.KINDS[source.kind].describe(source)
        raise errors.ConfigError(
            f"The profile {profile!r} has credentials in AWS's files ({what}), and those are what AWS's tools take.",
            f"xacctctl keys import {profile}" if source.kind == "profile" else "Take them out of the files first.",
        )


def _without_key(profile: str, files: AwsFiles) -> AwsFiles:
    """The files as they are without the profile's key."""

    def stripped(sections: dict[str, Profile]) -> dict[str, Profile]:
        rest = {key: value for key, value in sections.get(profile, {}).items() if key not in profile_keys.KEY}
        return {**sections, profile: rest} if profile in sections else sections

    return replace(
        files,
        config=stripped(files.config),
        credentials=stripped(files.credentials),
        profiles=stripped(files.profiles),
    )


def _own_keys(profile: str, files: AwsFiles) -> Credentials:
    keys = profile_keys.keys_of(profile, files)
    assert keys is not None  # noqa: S101 - _demand_place has seen to it
    return keys


def _typed(asked: wire.KeyRequest) -> Credentials:
    return Credentials(asked["access_key_id"], asked["secret_access_key"])


def _demand_long_term(keys: Credentials) -> None:
    """Refuse temporary keys: they end in hours.

    Raises:
        ConfigError: they are.
    """
    if keys.session_token or keys.access_key_id.startswith(TEMPORARY):  # guard: no-temporary-keys-in-keychain
        raise errors.ConfigError(
            "These keys are temporary: they end in hours, and are not worth keeping.",
            "Take the access key of an IAM user: its id begins with AKIA.",
        )


def _role(profile: str, files: AwsFiles, env: Mapping[str, str], whose: str) -> Role:
    """A role that says where STS is asked for the profile."""
    region, target = targets.of(profile, files, env, whose)
    return Role(name=profile, parent=Source(profile, "keychain"), region=region, target=target)
