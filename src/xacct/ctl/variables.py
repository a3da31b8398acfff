"""The variables that lead an SDK to the endpoint, and those that would lead it elsewhere."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Final

    from xacct import wire

CONTAINER: Final = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
KEYS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
BEDROCK: Final = "AWS_BEARER_TOKEN_BEDROCK"
RIVALS: Final = (
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_CREDENTIAL_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    BEDROCK,
)
"""Each of these beats the endpoint in some SDK, or mixes with static keys.

AWS_ACCESS_KEY and AWS_SECRET_KEY are Go v1's and Java v1's, AMAZON_* JavaScript v2's, AWS_CREDENTIAL_FILE botocore's.
The last is a key of Amazon Bedrock's for a user of its own: what asks Bedrock takes it before any credentials.
"""

IMDS: Final = (
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_METADATA_ENDPOINT",
    "AWS_EC2_METADATA_V1_DISABLED",
)
"""The second is what object_store calls the first."""

NO_IMDS: Final = "AWS_EC2_METADATA_DISABLED"

PROFILE: Final = "AWS_PROFILE"
NO_PROFILE: Final = "xacctctl-env-failed"
"""A profile that nobody has, for a shell whose `env` failed: its AWS tools say its name and stop."""

ROLE: Final = "XACCT_ROLE"
CONFIG: Final = "AWS_CONFIG_FILE"
COPY: Final = "aws-config-"
"""How the directory of a copy of the config file begins; see xacct.copies."""

_DIGITS: Final = 16

INSTEAD: Final = {
    CONFIG: "XACCT_INSTEAD_OF_CONFIG_FILE",
    "AWS_REGION": "XACCT_INSTEAD_OF_REGION",
    "AWS_DEFAULT_REGION": "XACCT_INSTEAD_OF_DEFAULT_REGION",
}
"""Where it stands what a variable said before ours; empty or not there: it was not set."""

OUR_REGION: Final = "XACCT_REGION"
OUR_PROFILE: Final = "XACCT_PROFILE"
"""What we set AWS_REGION and AWS_PROFILE to: what they say besides is the user's."""

PROJECT: Final = "XACCT_PROJECT"
"""Which .xacct.toml, with which bytes in it, put the shell into its role; not set where somebody chose it."""

SANDBOXED: Final = "XACCT_SANDBOXED"
"""Set for a command of `exec --sandbox`, so that xacctctl can say why it finds no xacctd there."""

_TIMEOUT: Final = "AWS_METADATA_SERVICE_TIMEOUT"
_PATIENCE: Final = "130"
"""Seconds that PHP waits for the endpoint's whole answer (1 otherwise): a little longer than xacctd holds one.

botocore, both AWS CLIs and Java read it for EC2's metadata only, which they don't ask here.
"""

_LOOPBACK: Final = ("127.0.0.1", "localhost")
_PROXY: Final = ("NO_PROXY", "no_proxy")


class Change:
    """What to do to an environment."""

    def __init__(self, set: dict[str, str], unset: tuple[str, ...]) -> None:  # noqa: A002 - as in fish and PowerShell
        self.set = set
        self.unset = unset

    def applied(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return a changed copy of `environ`."""
        kept = {name: value for name, value in environ.items() if name not in self.unset}
        return {**kept, **self.set}


def endpoint(role: str, grant: wire.GrantAnswer, environ: Mapping[str, str]) -> Change:
    """Return the change that leads SDKs to the endpoint with `grant`, and nowhere else.

    Both token variables are set: some SDKs know only one of them.
    """
    values = (grant["urls"][role], grant["token_file"], grant["token"])
    return Change(
        {
            **dict(zip(CONTAINER, values, strict=True)),
            NO_IMDS: "true",
            **({} if environ.get(_TIMEOUT) else {_TIMEOUT: _PATIENCE}),
            **region_of(grant["regions"].get(role), environ),
            **no_proxy(environ),
            ROLE: role,
        },
        KEYS + RIVALS + IMDS,
    )


def imds(port: wire.ImdsPort, environ: Mapping[str, str]) -> Change:
    """Return the change that leads SDKs to a port that speaks EC2's metadata protocol, and nowhere else.

    Container variables go: an SDK that finds them never looks further.
    """
    values = (port["url"], port["url"].rstrip("/"), "true")
    return Change(
        {
            **dict(zip(IMDS, values, strict=True)),
            **region_of(port["region"], environ),
            **no_proxy(environ),
            ROLE: port["role"],
        },
        CONTAINER + KEYS + RIVALS + (NO_IMDS, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
    )


def static(role: str, keys: wire.CredentialsEvent, environ: Mapping[str, str]) -> Change:
    """Return the change that carries the credentials themselves."""
    expiration = keys["expiration"]
    values = (keys["access_key_id"], keys["secret_access_key"], keys["session_token"])
    return Change(
        {
            **dict(zip(KEYS, values, strict=False)),
            **({KEYS[3]: expiration} if expiration else {}),
            **region_of(keys["region"], environ),
            ROLE: role,
        },
        CONTAINER + RIVALS + IMDS + (() if expiration else KEYS[3:]),
    )


def nobody(environ: Mapping[str, str]) -> Change:
    """Return the change that leads SDKs to no role: neither that of an earlier `env`, nor [default]'s keys.

    The profile does not exist, and says so: SDKs fail with its name. A later `env` takes it away.
    """
    before = without_ours(environ)
    ours = tuple(name for name in environ if name not in before)
    gone = dict.fromkeys((*CONTAINER, *KEYS, *RIVALS, *IMDS, ROLE, *ours))
    stays = {PROFILE: NO_PROFILE, NO_IMDS: "true"}
    # guard: failed-env-leaves-no-former-role
    return settled(Change(stays, tuple(name for name in gone if name not in stays)), environ)


def no_proxy(environ: Mapping[str, str], *hosts: str) -> dict[str, str]:
    """Return NO_PROXY and no_proxy with loopback and `hosts` in them: some SDKs send the token to HTTP_PROXY otherwise.

    Each spelling keeps its own hosts, for programs read the one or the other; one that is not set has the other's, as
    programs that look for both have it. `*` stays alone in no_proxy: Python and curl take it for "all" only so. In
    NO_PROXY it does not: Rust's and Kotlin's SDKs, which look there first, don't take it to cover addresses.
    """
    upper, lower = (environ.get(name, "").strip() for name in _PROXY)
    return {
        _PROXY[0]: _with_hosts(upper or lower, hosts),
        _PROXY[1]: "*" if (lower or upper) == "*" else _with_hosts(lower or upper, hosts),
    }


def _with_hosts(listed: str, hosts: Iterable[str]) -> str:
    entries = [host for entry in listed.split(",") if (host := entry.strip())]
    return ",".join([*dict.fromkeys([*entries, *_LOOPBACK]), *hosts])  # guard: proxy-no-proxy-names-loopback-beside


def without_ours(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` as it was before `env` or `exec` changed it, as far as can be told.

    A daemon started from within such a shell must not take its own endpoint for a source.
    """
    if environ.get(PROFILE) == NO_PROFILE:
        return {name: value for name, value in environ.items() if name not in (PROFILE, NO_IMDS, PROJECT)}
    if ROLE not in environ:
        return dict(environ)
    ours = {*CONTAINER, *KEYS, *IMDS, ROLE, PROJECT, NO_IMDS, OUR_REGION, OUR_PROFILE, *INSTEAD.values()}
    if environ.get(_TIMEOUT) == _PATIENCE:
        ours.add(_TIMEOUT)
    if environ.get(OUR_PROFILE) is not None and environ.get(PROFILE) == environ[OUR_PROFILE]:
        ours.add(PROFILE)
    kept = {name: value for name, value in environ.items() if name not in ours}
    for variable, note in INSTEAD.items():
        if _is_ours(variable, environ):
            del kept[variable]
            kept |= {variable: environ[note]} if environ.get(note) else {}
    return kept


def settled(change: Change, environ: Mapping[str, str]) -> Change:
    """Return `change` and, besides, an end to what an earlier `env` or `exec` set: what was before stands again."""
    environ = dict(environ)
    before = without_ours(environ)
    said = {*change.set, *change.unset}
    over = [name for name, value in environ.items() if before.get(name) != value and name not in said]
    again = {name: before[name] for name in over if name in before}
    return Change({**again, **change.set}, (*change.unset, *(name for name in over if name not in before)))


def is_copy(path: str) -> bool:
    """Say whether a path is that of a copy of the config file: of ours, not of the user's."""
    above, slash, name = path.rpartition("/")
    _, another, directory = above.rpartition("/")
    digits = directory.removeprefix(COPY)
    ours = slash and another and name == "config" and digits != directory and len(digits) == _DIGITS
    return bool(ours) and set(digits) <= set("0123456789abcdef")


def strayed(environ: Mapping[str, str]) -> str:
    """Say that AWS_CONFIG_FILE has been changed since `env` set it, and AWS_PROFILE has not; empty if that is not so.

    direnv does so, or a hook of the shell's: the profile of ours is in our copy of the former file and nowhere else.
    """
    ours = environ.get(OUR_PROFILE)
    if not ours or environ.get(PROFILE) != ours or is_copy(environ.get(CONFIG, "")):
        return ""
    now = f"{CONFIG} is {environ[CONFIG]}" if environ.get(CONFIG) else f"{CONFIG} is not set"
    return (
        f"{PROFILE} is {ours}, the profile that xacctctl made for role {environ.get(ROLE, '')} in a copy of other AWS"
        f" files; {now} by now (direnv, or another directory?), so AWS's tools stop: they know no such profile."
    )


def anew(environ: Mapping[str, str]) -> str:
    """Return the line that gives a shell its role anew, of the files that it means now."""
    import shlex  # noqa: PLC0415 - seldom needed

    return f'eval "$(xacctctl env {shlex.quote(environ.get(ROLE) or "ROLE")})"'


def _is_ours(variable: str, environ: Mapping[str, str]) -> bool:
    """Say whether `env` or `exec` gave one of the variables of INSTEAD its value."""
    value = environ.get(variable)
    if variable == CONFIG:
        return value is not None and is_copy(value)
    return value is not None and value == environ.get(OUR_REGION)


def region_of(region: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the role's own region, else of that which the shell had before us.

    boto3 reads only AWS_DEFAULT_REGION, the others AWS_REGION.
    """
    before = without_ours(environ)
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    if region:
        return {**dict.fromkeys(names, region), OUR_REGION: region, **instead(names, before)}
    first, second = (before.get(name) for name in names)
    return {name: value for name, value in zip(names, (first or second, second or first), strict=True) if value}


def instead(names: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that remember what these said `before` us."""
    return {INSTEAD[name]: before[name] for name in names if before.get(name)}


def covered(change: Change, names: Collection[str]) -> Change:
    """Return the change that sets these, too, to the profile of ours, where it has one."""
    ours = change.set.get(OUR_PROFILE)
    return change if ours is None else Change({**change.set, **dict.fromkeys(names, ours)}, change.unset)
