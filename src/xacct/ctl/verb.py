"""The verbs there are, and what one is made of; every file of verbs has a table `VERBS` of these."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from xacct.ctl.client import Client

NO_START: Final = "--no-start"

TYPED: Final[list[str]] = []
"""The command line as it was typed, but for that: no hint repeats it."""

WHERE: Final = {
    "login": ("login", "hold roles, asking for an MFA code if one is needed"),
    "logout": ("login", "forget roles"),
    "status": ("status", "what is held, and for how long"),
    "whoami": ("whoami", "which role this shell is in, and whether AWS agrees"),
    "roles": ("status", "what the configuration offers"),
    "explain": ("status", "the path to a role, step by step"),
    "verify": ("verify", "whether target accounts enforce MFA, external ids, paths"),
    "policy": ("policy", "the trust policy that a role should have, its callers too"),
    "console": ("console", "the AWS console in a role, in a browser"),
    "env": ("env", "variables that put this shell into a role"),
    "leave": ("leave", "variables that take it out again"),
    "exec": ("exec_", "run one command in a role"),
    "ssh": ("ssh", "a role on another machine, for as long as the connection stands"),
    "process": ("process", "credentials for credential_process"),
    "attend": ("attend", "answer prompts in this terminal"),
    "grants": ("grants", "who may fetch credentials: list, create, revoke"),
    "keys": ("keys", "access keys in the keychain: list, add, import, remove"),
    "mfa": ("mfa", "MFA devices: list; add, remove: TOTP seeds in the keychain"),
    "configure": ("configure", "profiles in ~/.aws/config, for programs that read only that"),
    "accounts": ("accounts", "accounts and roles of IAM Identity Center; sync: profiles of them"),
    "agent": ("agent.verb", "coding agents' shells in a role: install, list, uninstall"),
    "docker": ("docker.verbs", "run a container in a role"),
    "podman": ("docker.verbs", "the same with Podman"),
    "mcp": ("mcp.verb", "scoped access for coding agents, by the Model Context Protocol"),
    "audit": ("audit.verb", "who had credentials, and when"),
    "lock": ("lock", "hand out nothing until unlock"),
    "unlock": ("lock", "hand out credentials again"),
    "doctor": ("doctor.verb", "what is wrong, and what to type"),
    "start": ("lifecycle", "start xacctd"),
    "stop": ("lifecycle", "stop xacctd"),
    "restart": ("lifecycle", "start the daemon anew, with all it holds"),
    "reload": ("lifecycle", "read the configuration again"),
    "service": ("service", "have systemd or launchd keep xacctd: install, status, uninstall"),
    "init": ("init", "xuse, xleave and a prompt for a shell's rc file"),
    "hook": ("hook", "what shells do on cd (.xacct.toml); functions for direnv"),
    "trust": ("project.verb", "let .xacct.toml, or a team's catalogue, name roles"),
    "untrust": ("project.verb", "no longer"),
    "completion": ("complete", "the completion script of bash, zsh or fish"),
}
"""Each verb's file in this package, and its line in the help."""


def no_options(_parser: ArgumentParser) -> None:
    """Declare nothing: the verb takes no arguments."""


class Verb:
    """One verb.

    Args:
        does: for its --help, as are the examples.
        examples: lines to type.
        run: gives the exit status or raises `CtlError`.
        declare: declares its arguments.
        starts_daemon: whether it starts the daemon where that does not run.
    """

    def __init__(
        self,
        does: str,
        examples: tuple[str, ...],
        run: Callable[[Namespace, Client], int],
        declare: Callable[[ArgumentParser], None] = no_options,
        *,
        starts_daemon: bool = True,
    ) -> None:
        self.does = does
        self.examples = examples
        self.run = run
        self.declare = declare
        self.starts_daemon = starts_daemon


def load(name: str) -> Verb:
    """Return the verb called `name`, one of WHERE."""
    verbs: dict[str, Verb] = __import__(f"xacct.ctl.{WHERE[name][0]}", fromlist=["VERBS"]).VERBS
    return verbs[name]


NARROWING: Final = ("read_only", "policy", "allow", "on", "regions", "ttl", "scope")
"""What scope_options.py declares."""


def narrows(args: Namespace) -> bool:
    """Say whether any option narrows the credentials."""
    return any(getattr(args, name, None) not in (None, False) for name in NARROWING)


SANDBOX: Final = ("sandbox", "no_network", "keep", "write", "hide", "keep_env")
"""What sandboxed/options.py declares: two that are said or not, and lists."""

_UNBOUNDED: Final[Mapping[str, Any]] = {**dict.fromkeys(SANDBOX[:2], False), **dict.fromkeys(SANDBOX[2:])}

_WIDE: Final[Mapping[str, Any]] = {"read_only": False, **dict.fromkeys(NARROWING[1:])}
_WAYS: Final[Mapping[str, Any]] = {"imds": False, "static": False, "lifetime": None, "region": None, **_WIDE}

_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "process": {"lifetime": None, **_WIDE},
    "env": {"format": "sh", "pid": None, **_WAYS},
    "exec": {"detach": False, "parallel": None, **_WAYS, **_UNBOUNDED},
}
"""The options of the daily verbs that take one role, as they are where none is given.

What argparse would make of such a line is written down here, for to load it takes longer than the rest of such a verb.
tests/ctl/test_lean.py asks argparse for the same.
"""

_STATUS: Final[Mapping[str, Any]] = {
    "roles": (),
    "json": False,
    "prompt": False,
    "filter": (),
    "sort": None,
    "group": None,
    "colour": None,
    "watch": False,
}
"""Those of `status`, of all roles."""


_PROMPTS: Final = ([], ["--prompt"], *(["--prompt", "--colour", each] for each in ("ansi", "bash", "zsh")))
"""Lines of `status`; all but the first are typed by a shell, each time that it shows its prompt."""

_WHOAMI: Final[Mapping[str, Any]] = {"role": None, "offline": False, "json": False}
"""Those of `whoami`, of the shell's own role."""


class _Arguments:
    """As argparse's Namespace: an attribute for each argument."""


def plain(verb: str, words: list[str]) -> Namespace | None:
    """Return the arguments of a verb as argparse would, None where that has to look at them."""
    if verb in _OPTIONS and len(words) == 1 and not words[0].startswith("-"):
        return _made({"role": words[0], **_OPTIONS[verb]})
    if verb == "whoami" and not words:
        return _made(_WHOAMI)
    if verb == "status" and words in _PROMPTS:
        colour = words[2] if len(words) > len(_PROMPTS[1]) else None
        return _made({**_STATUS, "roles": [], "filter": [], "prompt": bool(words), "colour": colour})
    return None


def _made(said: Mapping[str, Any]) -> Namespace:
    made: Any = _Arguments()
    vars(made).update(said)
    return made  # type: ignore[no-any-return]  # it is used as one
