"""What a verb is made of; every file of verbs has a table `VERBS` of these."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Final, NamedTuple

from xacct.ctl.client import Client

NO_START: Final = "--no-start"

WHERE: Final = {
    "login": ("login", "hold roles, asking for an MFA code if one is needed"),
    "logout": ("login", "forget roles"),
    "status": ("status", "what is held, and for how long"),
    "roles": ("status", "what the configuration offers"),
    "explain": ("status", "the path to a role, step by step"),
    "env": ("env", "variables that put this shell into a role"),
    "exec": ("exec_", "run one command in a role"),
    "ssh": ("ssh", "a role on another machine, for as long as the connection stands"),
    "process": ("process", "credentials for credential_process"),
    "attend": ("attend", "answer prompts in this terminal"),
    "grants": ("grants", "who may fetch credentials: list, create, revoke"),
    "configure": ("configure", "profiles in ~/.aws/config, for programs that read only that"),
    "docker": ("docker.verbs", "run a container in a role"),
    "podman": ("docker.verbs", "the same with Podman"),
    "audit": ("audit", "who had credentials, and when"),
    "lock": ("lock", "hand out nothing until unlock"),
    "unlock": ("lock", "hand out credentials again"),
    "doctor": ("doctor.verb", "what is wrong, and what to type"),
    "start": ("lifecycle", "start xacctd"),
    "stop": ("lifecycle", "stop xacctd"),
    "restart": ("lifecycle", "start the daemon anew, with all it holds"),
    "reload": ("lifecycle", "read the configuration again"),
    "service": ("service", "have systemd or launchd keep xacctd: install, status, uninstall"),
    "hook": ("hook", "functions for direnv: use xacct ROLE in an .envrc"),
    "completion": ("complete", "the completion script of bash, zsh or fish"),
}
"""Each verb's file in this package, and its line in the help."""


def no_options(_parser: ArgumentParser) -> None:
    """Declare nothing: the verb takes no arguments."""


class Verb(NamedTuple):
    """One verb.

    Attributes:
        does: for its --help, as are the examples.
        run: gives the exit status or raises `CtlError`.
    """

    does: str
    examples: tuple[str, ...]
    run: Callable[[Namespace, Client], int]
    declare: Callable[[ArgumentParser], None] = no_options
    starts_daemon: bool = True
