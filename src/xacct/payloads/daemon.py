"""The daemon itself: its version, its state, what a reload and a restart answer."""

from typing import NotRequired, TypedDict

from xacct.payloads.failures import ErrorBody


class VersionAnswer(TypedDict):
    """GET /v1/version."""

    api: int
    version: str
    pid: int
    endpoint: str | None
    config_problem: ErrorBody | None


class ImdsPort(TypedDict):
    """One port of [imds] in GET /v1/status: it speaks EC2's metadata protocol, to every process of the user."""

    port: int
    role: str
    url: str
    region: str | None


class DaemonStatus(TypedDict):
    """The daemon itself, in GET /v1/status.

    Attributes:
        executable: the Python it runs on.
        code: the directory of its code.
        code_changed: files there have changed since it started.
        clock_skew: seconds AWS's clock is ahead of this machine's, null until AWS has been heard.
        asks: how it asks people beside terminals: `command`, `pinentry`, `dialog`, `notification`; `notice` only tells
            them, `device-command` and `mfa-process` are for some devices.
        cannot_ask: the ways of `prompts.order` that can't be used, and why.
    """

    version: str
    executable: str
    code: str
    code_changed: bool
    started: float
    clock_skew: float | None
    asks: list[str]
    cannot_ask: NotRequired[dict[str, str]]


class LockAnswer(TypedDict):
    """POST /v1/lock and POST /v1/unlock: how it is now."""

    locked: bool


class SucceedAnswer(TypedDict):
    """POST /v1/succeed: the process that holds and serves everything from now on."""

    pid: int


class ReloadAnswer(TypedDict):
    """POST /v1/reload: how many roles there are now.

    Attributes:
        problems: as in GET /v1/roles.
        restart: whether settings or code have changed that only a new process takes up.
    """

    roles: int
    restart: bool
    problems: list[ErrorBody]
