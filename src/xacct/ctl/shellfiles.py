"""Which of AWS's files, and which STS, this shell means: every request to xacctd says so."""

from __future__ import annotations

import os

from xacct import awsfiles, surroundings, wire
from xacct.ctl import variables
from xacct.ctl.failure import USAGE, CtlError


def named() -> awsfiles.Files:
    """Return the files that AWS's tools read in this shell, or read in it before `env` or `exec` changed it."""
    return awsfiles.named(variables.without_ours(os.environ), awsfiles.directory())


def headers() -> dict[str, str]:
    """Return what a request says of this shell.

    Raises:
        CtlError: such values don't fit into a request.
    """
    environ = variables.without_ours(dict(os.environ))
    said = {wire.FILES_HEADER: awsfiles.header(awsfiles.named(environ, awsfiles.directory()))}
    said[wire.AROUND_HEADER] = surroundings.header(surroundings.of(environ))
    if len(said[wire.FILES_HEADER]) > wire.FILES_LIMIT:
        raise CtlError("The paths of this shell's AWS files are too long.", f"Look at {awsfiles.CONFIG}.", USAGE)
    if len(said[wire.AROUND_HEADER]) > wire.FILES_LIMIT:
        raise CtlError("This shell's proxy variables are too long.", "Look at NO_PROXY.", USAGE)
    return said


def for_daemon() -> dict[str, str]:
    """Return the environment of a daemon that this shell starts: it works in another directory than we do."""
    environ = variables.without_ours(os.environ)
    meant = named()
    paths = {name: path for name, path in meant.environ().items() if environ.get(name) and name != awsfiles.ENDPOINT}
    return {**environ, **paths}
