"""EC2's instance metadata (IMDSv2) on a port of its own, for tools that know no other protocol: one port, one role.

There is no grant: whoever runs as our user and asks on this port gets the role. SDKs give up after a second and show no
error, so nobody is held for a human: who comes too early is refused at once, while the human is asked; the next try
finds it answered. A refusal is EC2's own, an object at status 200: Go prints its Message, the others nothing.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from xacct import errors, policy
from xacct.asker import unknown
from xacct.credentials.ask import Ask
from xacct.endpoint import answers, head
from xacct.endpoint.metadata_tokens import MetadataTokens
from xacct.endpoint.recorder import SERVED, NullAudit
from xacct.model import Credentials, Grant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from xacct.credentials.ask import FindAsker, Waiting
    from xacct.credentials.node import Node
    from xacct.credentials.service import CredentialService
    from xacct.endpoint.recorder import Recorder, Written
    from xacct.model import Caller, Role

TOKEN = "/latest/api/token"  # noqa: S105 - a path
_META = "/latest/meta-data/"
ROLES = (_META + "iam/security-credentials", _META + "iam/security-credentials-extended")
"""The second is what newer PHP, Ruby and Java try first; it has the account's id beside the rest, as the first has."""

REGION = _META + "placement/region"
ZONE = _META + "placement/availability-zone"

WAIT = 0.8
"""Seconds for a call to STS: botocore, JS, Rust and C++ give up at one, most after a single try."""

_TOKEN_HEADER = b"x-aws-ec2-metadata-token"
_TTL_HEADER = b"x-aws-ec2-metadata-token-ttl-seconds"
_LEADING = re.compile("^//")
"""Java, JavaScript v2, Hadoop and opendal put their path, slash and all, behind an endpoint that ends with one, the
token's too; AWS CLI 2.9 takes no endpoint that does not."""

# guard: imds-put-for-token-alone, imds-other-methods, imds-token-path-one-slash-more
_REQUEST_LINE = re.compile(rb"(?:(PUT) (/?%s)|(GET) (/[A-Za-z0-9._/-]*)) HTTP/1\.1" % TOKEN.encode("ascii"))


def parse(raw: bytes, hosts: frozenset[bytes]) -> head.Request:
    """Read one request head, without its final empty line; guarded as the endpoint's own.

    Raises:
        Refused: for whatever is not exactly a request an SDK sends to EC2's metadata.
    """
    line, headers = head.trusted(raw, hosts, _REQUEST_LINE)  # guard: imds-guard-of-endpoint
    method, target = (part.decode("ascii") for part in line.groups() if part is not None)
    return head.Request(
        target,
        headers.get(_TOKEN_HEADER, b""),
        headers.get(b"user-agent", b""),
        keep_alive=head.keeps_alive(headers),
        method=method,
        ttl=headers.get(_TTL_HEADER, b""),
    )


class Imds:
    """What is answered on one port.

    Args:
        role: whose credentials.
        port: for the audit, and for whom a guarded role is confirmed.
        patience: seconds a human is asked for.
        recorder: keeps the audit.
        find: a caller with its process, where that can be found out; slow.
        asker: says more of a caller, for the human who is asked.
    """

    def __init__(
        self,
        service: CredentialService,
        role: str,
        port: int,
        patience: float,
        recorder: Recorder | None = None,
        find: Callable[[Caller], Caller] = lambda caller: caller,
        asker: FindAsker = unknown,
    ) -> None:
        self._find = find
        self._asker = asker
        self.role = role
        self.port = port
        name = f"imds:{port}"
        self.consumer = Grant(id=name, digest="", label=name, roles=(role,), created=service.keeper.clock.now())
        self._service = service
        self._keeper = service.keeper
        self._patience = patience
        self._recorder = recorder or NullAudit()
        self._tokens = MetadataTokens(service.keeper.clock.boot)
        self._fetching: asyncio.Task[Credentials | errors.XacctError] | None = None

    def answer(self, request: head.Request) -> bytes | AsyncIterator[bytes]:
        """The whole answer, if it can be given at once, else its one piece once it can."""
        if request.method == "PUT":
            return self._new_token(request.ttl)
        if not self._tokens.opens(request.authorization):  # guard: imds-token-on-every-get
            self._recorder.refused("no metadata token", request.caller)
            return answers.UNAUTHORIZED
        node = self._keeper.nodes.get(self.role)
        if node is None:
            return answers.NOT_FOUND
        target = _LEADING.sub("/", request.target).removesuffix("/")
        if target in {f"{path}/{node.role.slug}" for path in ROLES}:  # guard: imds-ports-own-role-alone
            return self._credentials(node, request.caller)
        return _metadata(node.role, target)

    def _new_token(self, ttl: bytes) -> bytes:
        token = self._tokens.issue(ttl)
        return answers.BAD_TTL if token is None else answers.text(answers.OK, token, ttl=int(ttl))

    def _credentials(self, node: Node, caller: Caller) -> bytes | AsyncIterator[bytes]:
        ask = Ask(
            patience=self._patience and max(self._patience, WAIT),
            lasting=policy.IMDS_LEAST,
            process=lambda: self._find(caller).process,
            asker=lambda: self._asker(caller),
            ahead=True,  # who asks may have hung up when it comes; the next try is the use then
        )
        try:
            got = self._service.serve(node.role.name, self.consumer, ask)
        except errors.XacctError as error:
            return self._refusal(error, caller)
        written = self._served(caller) if isinstance(got, Credentials) else None
        if isinstance(got, Credentials) and written is None:
            return self._body(got)
        return self._later(node, got, written, caller)

    async def _later(
        self, node: Node, got: Credentials | Waiting, written: Written | None, caller: Caller
    ) -> AsyncIterator[bytes]:
        """The one piece there is, once the audit has the fetch."""
        try:
            if not isinstance(got, Credentials):
                got = await self._soon(node, got)
                written = self._served(caller)
            if written is not None:
                await written()
                # guard: imds-taken-back-while-it-is-written-down
                self._service.check_still(node, self.consumer)  # it may have been taken back meanwhile
        except errors.XacctError as error:
            yield self._refusal(error, caller)
        else:
            yield self._body(got)

    async def _soon(self, node: Node, waiting: Waiting) -> Credentials:
        """What there is after a moment. Whoever hangs up cancels nothing: the next try wants the same."""
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch(waiting), name=self.consumer.label)
        fetching = self._fetching
        await asyncio.wait({fetching}, timeout=WAIT)
        # guard: imds-what-was-taken-back-meanwhile
        self._service.check_still(node, self.consumer)  # it may have been taken back meanwhile, or be gone
        if not fetching.done():
            raise self._not_yet()
        if fetching.cancelled():
            raise errors.Temporary("xacctd is stopping.", "")
        got = fetching.result()
        if isinstance(got, errors.XacctError):
            raise got
        return got

    async def _fetch(self, waiting: Waiting) -> Credentials | errors.XacctError:
        """What comes of the wait."""
        try:
            return await waiting()
        except errors.XacctError as error:
            return error
        finally:
            self._fetching = None

    def _not_yet(self) -> errors.XacctError:
        if any(self.role in prompt.roles for prompt in self._keeper.broker.open_prompts):
            return errors.HumanNeeded(f"{self.role} waits for a human's answer.", "Answer it, then try again.")
        return errors.Temporary(f"{self.role} is on its way from AWS.", "Try again.")

    def _served(self, caller: Caller) -> Written | None:
        self._service.use(self.role, self.consumer)  # guard: imds-use-is-a-use
        return self._recorder.fetched(self.consumer, self.role, SERVED, caller)

    def _body(self, held: Credentials) -> bytes:
        return answers.whole(answers.OK, answers.credentials(held, self._keeper.node(self.role).role.role_arn))

    def _refusal(self, error: errors.XacctError, caller: Caller) -> bytes:
        self._recorder.fetched(self.consumer, self.role, error.code, caller)
        return answers.whole(answers.OK, answers.refusal(error.code, answers.sentence_of(error)))

    async def close(self) -> None:
        """End what is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})


def _metadata(role: Role, target: str) -> bytes:
    if target in ROLES:
        return answers.text(answers.OK, role.slug)
    if role.region is not None and target in {REGION, ZONE}:
        return answers.text(
            answers.OK, role.region + "a" * (target == ZONE)
        )  # a zone's name is its region's and a letter
    return answers.NOT_FOUND
