"""What the arguments of `docker run` say that matters to us. All others are passed on as they are."""

from typing import Final, NamedTuple

_FLAGS: Final = frozenset(
    {
        "--detach", "--disable-content-trust", "--env-host", "--help", "--http-proxy", "--init", "--interactive",
        "--no-healthcheck", "--no-hostname", "--no-hosts", "--oom-kill-disable", "--passwd", "--privileged",
        "--publish-all", "--quiet", "--read-only", "--read-only-tmpfs", "--replace", "--rm", "--rmi", "--rootfs",
        "--sig-proxy", "--tls-verify", "--tty", "--unsetenv-all", "--use-api-socket",
    }
)  # fmt: skip
"""The options of docker's and podman's run that take no value as a word of its own; all others do."""

_SHORT_FLAGS: Final = "ditPq"


class Words(NamedTuple):
    """What was found.

    Attributes:
        networks: in the order given.
        image: None: there is none.
        options: the names of all options.
    """

    networks: tuple[str, ...] = ()
    name: str | None = None
    user: str | None = None
    detached: bool = False
    restarts: bool = False
    image: str | None = None
    options: frozenset[str] = frozenset()


def read(arguments: list[str]) -> Words:
    """Read the arguments behind `docker run`, up to the image."""
    found: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] not in {"-", "--"}:
        option, value = _next(rest)
        found.setdefault(option, []).append(value)
    if rest[:1] == ["--"]:
        rest = rest[1:]
    return Words(
        networks=(*found.get("--network", []), *found.get("--net", [])),
        name=found.get("--name", [""])[-1] or None,
        user=[*found.get("--user", []), *found.get("-u", []), ""][0] or None,
        detached=found.get("--detach", found.get("-d", ["false"]))[-1] != "false",
        restarts=found.get("--restart", ["no"])[-1] not in {"no", ""},
        image=rest[0] if rest else None,
        options=frozenset(found),
    )


def _next(rest: list[str]) -> tuple[str, str]:
    """Take one option from the front, with its value; of `-dit` one letter."""
    word = rest.pop(0)
    if not word.startswith("--"):
        letter, more = word[1], word[2:]
        if letter in _SHORT_FLAGS:
            if more and not more.startswith("="):
                rest.insert(0, f"-{more}")
            return f"-{letter}", more.removeprefix("=")
        return f"-{letter}", more.removeprefix("=") or _value(rest)
    option, equals, value = word.partition("=")
    if equals or option in _FLAGS:
        return option, value
    return option, _value(rest)


def _value(rest: list[str]) -> str:
    return rest.pop(0) if rest else ""
