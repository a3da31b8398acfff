"""Where the contract matrix happens: the daemons, and the environments and verdicts of clients in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from bucket import Bucket
from stack import Stack

FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


@dataclass(frozen=True)
class Seen:
    """The cell's word, and what a human would want to see if it is another than expected."""

    word: str
    evidence: str


class Lab:
    """The daemons, the bucket and the folders of one run of the matrix; `notes`: what scenarios saw beside cells."""

    def __init__(self, directory):
        self.directory = directory
        self.notes = {}
        self._open = ExitStack()

    def __enter__(self):
        self.bucket = self._open.enter_context(Bucket())
        return self

    def __exit__(self, *_):
        self._open.close()

    @cached_property
    def day(self):
        """A daemon past its morning code, for whatever does not change it."""
        stack = self._open.enter_context(self.stack("day"))
        stack.login("prod")
        return stack

    @cached_property
    def shadowed(self):
        """A daemon past its morning code, where [default] has the user's keys."""
        stack = self._open.enter_context(self.stack("shadowed", default_keys=True))
        stack.login("prod")
        return stack

    @contextmanager
    def stack(self, name, *, default_keys=False, **options):
        """A sandbox and a daemon, with AWS's files where everybody's are: in HOME, and no variable names them.

        `default_keys`: the user's keys are those of [default] as well. Yields the Stack.
        """
        with Stack(self.directory / name, daemon=False, **options) as stack:
            theirs = Path(stack.env["HOME"]) / ".aws"
            theirs.mkdir()
            for variable, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
                shutil.copy(stack.env.pop(variable), theirs / file)
            if default_keys:
                keys = ConfigParser()
                keys.read(theirs / "credentials")
                keys["default"] = dict(keys["central"])
                with (theirs / "credentials").open("w") as file:
                    keys.write(file)
            stack.start()
            yield stack

    def environment(self, stack, role="prod", **environ):
        """What `xacctctl env` makes of a shell with `environ`; and where STS and S3 are played."""
        sts = {"AWS_ENDPOINT_URL_STS": stack.env["AWS_ENDPOINT_URL_STS"]}
        shell = {name: value for name, value in stack.env.items() if not name.startswith("AWS_")} | sts | environ
        command = [sys.executable, "-m", "xacct.ctl", "env", role, "--pid", "0", "--format", "json"]
        said = subprocess.run(command, env=shell, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        change = json.loads(said.stdout)
        played = sts | self.bucket.variables
        kept = {name: value for name, value in shell.items() if name not in change}
        return kept | {name: value for name, value in change.items() if value is not None} | played

    def other_token(self):
        """The variables of a token that is no grant's."""
        path = self.directory / "other-token"
        path.write_text("xacct_other")
        return {TOKEN: "xacct_other", TOKEN_FILE: str(path)}


def tapped(environment, relay):
    """The same environment, by way of a wire tap."""
    return environment | {FULL_URI: relay.instead_of(environment[FULL_URI])}


def port_of(environment):
    return urlsplit(environment[FULL_URI]).port


def identity(outcome):
    """As whom a client acted all the time: "the role", "[default]" (our user's own key), or "nobody"."""
    names = {_name(said) for said in outcome.arns}
    if outcome.status != 0 or not names:
        return "nobody"
    return names.pop() if len(names) == 1 else "several"


def _name(said):
    if said.startswith("ASIA") or ":assumed-role/cross-account-role-name/" in said:
        return "the role"
    return "[default]" if said.startswith("AKIA") or ":user/" in said else "somebody else"


def times(requests):
    return f"{requests} request{'' if requests == 1 else 's'}"


def seen(word, outcome, *more):
    last = outcome.stderr.strip()[-600:]
    return Seen(word, f"as {identity(outcome)}, status {outcome.status}, {outcome.seconds:.1f} s, {more} {last}")
