"""The server: the SDK's, on stdin and stdout, with a handler for each tool; at its end all access is taken back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent

from xacct import __version__, wire
from xacct.ctl import agents
from xacct.ctl.failure import OK, CtlError
from xacct.ctl.mcp.access import Session
from xacct.ctl.mcp.limits import MOST_WAIT, only, shown, text, wanted, whole
from xacct.ctl.mcp.tools import INSTRUCTIONS, tools
from xacct.text import clean, cut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.context import ServerRequestContext
    from mcp_types import PaginatedRequestParams

    from xacct.ctl.client import Client
    from xacct.ctl.mcp.limits import Limits

    Tool = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]

MOST_ROLES = 200
"""Roles in one answer: more would fill a model's context."""

ANONYMOUS = "an MCP client"


def serve(client: Client, limits: Limits) -> int:
    """Serve until stdin ends, or a signal ends the process. Returns its exit status."""
    session = Session(client, time.monotonic)
    try:
        asyncio.run(_run(Handlers(client, session, limits), session))
    except* (OSError, asyncio.CancelledError):  # the client has gone, and with it whom an answer was for
        pass
    finally:
        session.close()
    return OK


async def _run(handlers: Handlers, session: Session) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, _end, session, number)
    server = Server(
        "xacct",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
    )
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _end(session: Session, number: int) -> None:
    """End at a signal: the thread that reads stdin can't be interrupted, so nothing is waited for."""
    session.close()
    os._exit(128 + number)


class Handlers:
    """What the tools do.

    Args:
        client: of xacctd.
        session: what was granted.
        limits: what may be.
    """

    def __init__(self, client: Client, session: Session, limits: Limits) -> None:
        self._client = client
        self._session = session
        self._limits = limits
        self._tools: dict[str, Tool] = {
            "whoami": self._whoami,
            "list_roles": self._list_roles,
            "request_access": self._request_access,
            "access_status": self._access_status,
            "release": self._release,
        }

    async def list_tools(
        self, _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        """Return the tools."""
        return ListToolsResult(tools=tools(self._limits))

    async def call_tool(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """Run a tool. What fails is an answer that a model can read, and never a traceback."""
        try:
            found = await self._tool(params.name)(params.arguments or {}, _agent(context))
        except CtlError as error:
            return _answer({"sentence": clean(error.sentence), "hint": clean(error.hint)}, failed=True)
        except Exception:  # noqa: BLE001 - its text may quote what must not leave
            return _answer({"sentence": "xacctctl mcp has a fault, and can't answer this.", "hint": ""}, failed=True)
        return _answer(found, failed=found.get("state") in ("refused", "failed"))

    def _tool(self, name: str) -> Tool:
        if name not in self._tools:
            raise CtlError(f"There is no tool {shown(name)}.", f"There are: {', '.join(self._tools)}.")
        return self._tools[name]

    async def _whoami(self, said: dict[str, Any], agent: str) -> dict[str, Any]:
        only(said, set())
        status = await asyncio.to_thread(self._client.call, "GET", wire.STATUS, wire.StatusAnswer)
        return {
            "server": f"xacct {__version__}",
            "agent": agent,
            "locked": status.get("locked", False),
            "roles": list(self._limits.roles) or "any of list_roles",
            "scopes": list(self._limits.scopes) or "whatever you say",
            "scope_needed": not self._limits.unscoped,
            "longest_seconds": self._limits.ttl,
            "requests": [
                {"id": access.id, "role": access.role, "state": access.state, "scope": access.scope}
                for access in self._session.accesses.values()
            ],
        }

    async def _list_roles(self, said: dict[str, Any], _agent: str) -> dict[str, Any]:
        only(said, {"contains"})
        part = text(said, "contains", 256)
        answer = await asyncio.to_thread(self._client.call, "GET", wire.ROLES, wire.RolesAnswer)
        # guard: mcp-other-roles-are-not-listed
        mine = [role for role in answer["roles"] if not self._limits.roles or role["name"] in self._limits.roles]
        found = [role for role in mine if part.lower() in role["name"].lower()]
        rows = [
            {
                "role": clean(role["name"]),
                "account": role["account"],
                "account_name": cut(clean(role.get("account_name") or ""), 60),
                "region": role["region"],
                "production": role.get("production", False),
            }
            for role in found[:MOST_ROLES]
        ]
        return {"roles": rows, "not_shown": len(found) - len(rows)}

    async def _request_access(self, said: dict[str, Any], agent: str) -> dict[str, Any]:
        access = await self._session.request(wanted(said, self._limits), agent)
        return await self._session.told(access)

    async def _access_status(self, said: dict[str, Any], _agent: str) -> dict[str, Any]:
        only(said, {"id", "wait_seconds"})
        seconds = whole(said, "wait_seconds", 0, 0, MOST_WAIT)
        return await self._session.told(await self._session.status(text(said, "id", 64), seconds))

    async def _release(self, said: dict[str, Any], _agent: str) -> dict[str, Any]:
        only(said, {"id"})
        return await self._session.told(await self._session.release(text(said, "id", 64)))


def _agent(context: ServerRequestContext[Any]) -> str:
    """What the client calls itself, or its shell does: a word for labels, as any of these."""
    params = context.session.client_params
    said = agents.word(params.client_info.name) if params is not None else ""
    return said or agents.named(os.environ) or ANONYMOUS


def _answer(found: dict[str, Any], *, failed: bool) -> CallToolResult:
    """An answer as text, which every client shows its model, and as a value."""
    shape = [TextContent(type="text", text=json.dumps(found, ensure_ascii=False))]
    return CallToolResult(content=list(shape), structured_content=found, is_error=failed)
