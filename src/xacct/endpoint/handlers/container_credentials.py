"""Container credentials: from a trusted request head to credentials, a hold while a human types, or a refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xacct import errors, rolekeys
from xacct.asker import unknown
from xacct.awsfiles import Files
from xacct.credentials.ask import Ask
from xacct.endpoint import answers
from xacct.endpoint.head import ROLE_ARN_PATH, ROLE_PATH
from xacct.endpoint.recorder import SERVED, NullAudit
from xacct.model import Credentials, slug_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from xacct.credentials.ask import FindAsker, Waiting
    from xacct.credentials.node import Node
    from xacct.credentials.service import CredentialService
    from xacct.endpoint.head import Request
    from xacct.endpoint.recorder import Recorder, Written
    from xacct.grants.grants import Grants
    from xacct.model import Caller, Grant, Where

ONE_ROLE = "/v1/credentials"
"""EKS Pod Identity's path: the token says which role. For grants that have one."""

SILENCE = 0.5
"""Seconds without a byte: JS v2, C++, Java and PHP give up at one."""

TRICKLE = 0.25
"""Seconds between white space while a human is awaited: keeps every per-read time-out measured from running out."""

RUST_PATIENCE = 25.0
"""object_store's whole-request time-out is 30 s (object_store, client/mod.rs: request timeout)."""


class ContainerCredentials:
    """Answers requests of grant holders.

    Args:
        patience: seconds an ordinary client is held while a human is asked.
        recorder: keeps the audit.
        find: a caller with its process, where that can be found out; slow.
        asker: says more of a caller, for the human who is asked.
    """

    def __init__(
        self,
        service: CredentialService,
        grants: Grants,
        patience: float,
        recorder: Recorder | None = None,
        find: Callable[[Caller], Caller] = lambda caller: caller,
        asker: FindAsker = unknown,
    ) -> None:
        self._find = find
        self._asker = asker
        self._recorder = recorder or NullAudit()
        self._service = service
        self._keeper = service.keeper
        self._grants = grants
        self._patience = patience
        self._bodies: dict[tuple[str, str], tuple[Credentials, bytes, bytes]] = {}

    def answer(self, request: Request, where: Where = "host") -> bytes | AsyncIterator[bytes]:
        """The whole answer, if it can be given at once, else its pieces as they come.

        Args:
            request: trusted.
            where: whom the listener it came to is for.
        """
        grant = self._grants.find(request.authorization)  # guard: grant-before-anything
        if grant is None or grant.where != where:  # guard: grant-for-one-kind-of-listener
            self._recorder.refused("no grant", request.caller)
            return answers.NO_GRANT
        role = None
        try:
            role = self._role(grant, request.target)
            got = self._service.serve(role, grant, self._ask(request))
        except errors.XacctError as error:
            self._recorder.fetched(grant, role, error.code, request.caller)
            return _refusal(error)
        if not isinstance(got, Credentials):
            return self._hold(grant, self._keeper.nodes[role], got, request.caller)
        written = self._recorder.fetched(grant, role, SERVED, request.caller)
        if written is not None:  # guard: audit-fetch-is-written-before-it-leaves
            return self._once_written(written, grant, self._keeper.nodes[role], got)
        return self._ready(grant, role, got)[1]

    async def _once_written(
        self, written: Written, grant: Grant, node: Node, held: Credentials
    ) -> AsyncIterator[bytes]:
        """The credentials, once the audit has the fetch: whoever is killed afterwards has not lost it."""
        try:
            await written()
            # guard: endpoint-taken-back-while-it-is-written-down
            self._check_still(grant, node)  # it may have been taken back meanwhile
            answer = self._ready(grant, node.role.name, held)[1]
        except errors.XacctError as error:
            yield _refusal(error)
        else:
            yield answer

    def _check_still(self, grant: Grant, node: Node) -> None:
        """Go on, after a wait, only where the grant is in force still and the role what it was, and may leave.

        Raises:
            XacctError: it may not.
        """
        now = self._grants.in_force(grant)
        if now is None:  # guard: endpoint-grant-that-ended-meanwhile
            raise _ended()
        self._service.check_still(node, now)

    def _ask(self, request: Request) -> Ask:
        caller = request.caller
        return Ask(
            patience=self._patience_for(request),
            process=lambda: self._find(caller).process,
            asker=lambda: self._asker(caller),
        )

    def _role(self, grant: Grant, target: str) -> str:
        arn = target.removeprefix(ROLE_ARN_PATH)
        if arn != target:
            return self._service.by_arn(arn, grant)
        # guard: path-without-role-is-for-grants-of-one
        if target == ONE_ROLE and len(grant.roles) == 1 and grant.roles[0] in self._keeper.nodes:
            return grant.roles[0]
        slug = target.removeprefix(ROLE_PATH)
        if slug != target and slug in self._keeper.slugs:
            name = self._keeper.slugs[slug]
            if grant.allows(name):  # guard: no-telling-what-lies-beyond-grant, grants-roles-and-no-others
                return name
        for name in grant.roles if slug != target else ():
            if slug in _earlier_slugs(grant, name) and name in self._keeper.nodes:
                return name
        raise self._service.out_of_reach()

    def _ready(self, grant: Grant, role: str, held: Credentials) -> tuple[bytes, bytes]:
        """The body, and the whole answer, which is made once for all who fetch these credentials."""
        key = role, "" if grant.scope is None else held.access_key_id  # guard: each-scope-has-its-own-bytes
        known = self._bodies.get(key)
        if known is None or known[0] is not held:
            body = answers.credentials(held, self._keeper.node(role).role.role_arn)
            known = self._bodies[key] = (held, body, answers.whole(answers.OK, body))
        return known[1], known[2]

    def forget(self) -> None:
        """Let go of bodies that can't be served (locked, or of credentials no longer held)."""
        narrower = self._service.narrower_held()
        for key, (built_from, *_) in list(self._bodies.items()):
            role, narrow = key
            held = (role, id(built_from)) in narrower if narrow else self._service.holds(role, built_from)
            if not held:  # guard: bytes-of-narrower-credentials-are-forgotten
                del self._bodies[key]

    async def _hold(self, grant: Grant, node: Node, waiting: Waiting, caller: Caller) -> AsyncIterator[bytes]:
        """Silence, then white space (leading white space is legal JSON), then the credentials or a sentence."""
        role = node.role.name
        fetch = asyncio.ensure_future(waiting())
        try:
            done, _ = await asyncio.wait({fetch}, timeout=SILENCE)
            trickling = not done
            if trickling:
                yield answers.CHUNKED
            while not done and self._grants.in_force(grant) is not None:
                yield answers.chunk(b" ")
                done, _ = await asyncio.wait({fetch}, timeout=TRICKLE)
            try:
                if not done:  # guard: endpoint-who-is-held-hears-of-grants-end
                    raise _ended()
                held = fetch.result()
                # guard: endpoint-what-was-taken-back-meanwhile
                self._check_still(grant, node)  # it may have been taken back since the fetch was done
                written = self._recorder.fetched(grant, role, SERVED, caller)
                if written is not None:
                    await written()  # guard: endpoint-taken-back-while-it-was-held-and-is-written-down
                    self._check_still(grant, node)
                body, whole = self._ready(grant, role, held)
            except (errors.XacctError, asyncio.CancelledError) as trouble:
                error = _as_ours(trouble)
                self._recorder.fetched(grant, role, error.code, caller)
                yield (answers.last_words(answers.sentence_of(error)) if trickling else _refusal(error))
            else:
                yield (answers.chunk(body) + answers.LAST_CHUNK if trickling else whole)
        finally:
            fetch.cancel()

    def _patience_for(self, request: Request) -> float:
        if request.user_agent.startswith((b"object_store/", b"polars/")):
            return min(RUST_PATIENCE, self._patience)
        return self._patience


def _earlier_slugs(grant: Grant, role: str) -> set[str]:
    """What a role may have been called when the grant was made, while the daemon's own files were others."""
    name = rolekeys.split(role)[0]
    there = rolekeys.id_of(Files(*grant.files)) if grant.files else rolekeys.OWN
    return {slug_of(name), slug_of(rolekeys.key(name, there))}


def _ended() -> errors.XacctError:
    """What whoever is held for a grant is told that has been revoked, or is over."""
    return errors.UnknownRole("This grant has ended.", "Make another one, where it should go on.")


def _as_ours(trouble: errors.XacctError | asyncio.CancelledError) -> errors.XacctError:
    if isinstance(trouble, errors.XacctError):
        return trouble
    return errors.Temporary("xacctd is stopping.", "Try again in a moment.")


def _refusal(error: errors.XacctError) -> bytes:
    return answers.whole(answers.FORBIDDEN, answers.refusal(error.code, answers.sentence_of(error)))
