"""The control API as both ends see it: paths, payloads, version. Standard library only.

`xacctctl` and the daemon both import this file and nothing of each other. The prose, with examples for
`curl --unix-socket`, is docs/control-api.md. Instants on the wire are Unix seconds (float, UTC); durations
are seconds. Requests and answers are JSON objects; where an answer streams it is one JSON object a line
(NDJSON), each with a key `event`.

The payloads' types are in payloads/, and are had from here too: `wire.StatusAnswer` loads them when it is first asked
for. They need `typing`, which takes longer to load than all that a daily verb loads besides.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from xacct.payloads import *  # noqa: F403 - as types they are wire's
    from xacct.payloads import ErrorBody

API = 2
"""Raised when an old end could misread a new one; additions alone do not raise it."""

API_HEADER = "Xacct-Api"
"""Both ends say it each time: `xacctctl` before it misreads an answer, xacctd before it does what was not meant."""

VERSION_HEADER = "Xacct-Version"
"""The release at either end (0.1.0). It decides nothing; sentences name it."""

FILES_HEADER = "Xacct-Aws-Files"
"""Which of AWS's files a request means: config, credentials and HOME, absolute, percent-encoded, a space between two.

Behind them AWS_ENDPOINT_URL_STS=VALUE and AWS_CA_BUNDLE=VALUE, where the shell has them. Without the header all is the
daemon's own. awsfiles.py writes and reads it.
"""

AROUND_HEADER = "Xacct-Surroundings"
"""What else the request's shell has: its proxies, and a digest of its keys. surroundings.py writes and reads it."""

FILES_LIMIT = 8000
"""Characters of that header at most: aiohttp takes lines of 8190."""

VERSION = "/v1/version"
STATUS = "/v1/status"
ROLES = "/v1/roles"
EXPLAIN = "/v1/roles/{role}/explain"
POLICY = "/v1/roles/{role}/policy"
SELECTION = "/v1/selection"
WHOAMI = "/v1/whoami"
VERIFY = "/v1/verify"
CONSOLE = "/v1/console"
LOGIN = "/v1/login"
LOGOUT = "/v1/logout"
ACCOUNTS = "/v1/accounts"
CREDENTIALS = "/v1/credentials"
GRANTS = "/v1/grants"
GRANT = "/v1/grants/{id}"
CONTAINERS = "/v1/containers"
KEYS = "/v1/keys"
KEY = "/v1/keys/{profile}"
MFA = "/v1/mfa"
MFA_SEEDS = "/v1/mfa/seeds"
MFA_SEED = "/v1/mfa/seeds/{serial}"
KEY_CHECK = "/v1/keys/{profile}/check"
KEY_ROTATE = "/v1/keys/{profile}/rotate"
PROMPTS = "/v1/prompts"
PROMPT = "/v1/prompts/{id}"
EVENTS = "/v1/events"
AUDIT = "/v1/audit"
LOCK = "/v1/lock"
UNLOCK = "/v1/unlock"
RELOAD = "/v1/reload"
SUCCEED = "/v1/succeed"
STOP = "/v1/stop"

EVERY_API = (VERSION, SUCCEED, STOP)
"""What any xacctctl may ask of any xacctd: which are you, let what is installed now take over, and go."""

OTHER_VERSION = "other-version"
"""The error code for a request of another API. Its shape is the same in every API: an old `xacctctl` prints it."""


def older(which: Literal["daemon", "command"], daemon: str, command: str) -> ErrorBody:
    """Say which end is older, and what to do.

    Args:
        which: the older end.
        daemon: its version, empty where not known.
        command: likewise.
    """
    xacctd, xacctctl = _with_version("xacctd", daemon), _with_version("xacctctl", command)
    if which == "daemon":
        return {
            "code": OTHER_VERSION,
            "category": "usage",
            "sentence": f"The running {xacctd} is older than this {xacctctl}.",
            "hint": "xacctctl restart; where that does not help, xacctctl stop && xacctctl start",
        }
    return {
        "code": OTHER_VERSION,
        "category": "usage",
        "sentence": f"This {xacctctl} is older than the running {xacctd}.",
        "hint": "Upgrade xacctctl, or look for an older one earlier in PATH (type -a xacctctl).",
    }


def _with_version(name: str, version: str) -> str:
    return f"{name} ({version})" if version else name


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Return a payload's type."""
        from xacct import payloads  # noqa: PLC0415 - late on purpose: see above

        try:
            return vars(payloads)[name]
        except KeyError:
            raise AttributeError(f"module 'xacct.wire' has no attribute {name!r}") from None
