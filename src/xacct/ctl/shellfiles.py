"""Which of AWS's files this shell means: every request to xacctd says so."""

import os

from xacct import awsfiles, wire
from xacct.ctl import variables
from xacct.ctl.failure import USAGE, CtlError


def named() -> awsfiles.Files:
    """Return the files that AWS's tools read in this shell, or read in it before `env` or `exec` changed it."""
    return awsfiles.named(variables.without_ours(os.environ), awsfiles.directory())


def header() -> str:
    """Return them as a request names them. Raises `CtlError` where no request has room for such paths."""
    value = awsfiles.header(named())
    if len(value) > wire.FILES_LIMIT:
        raise CtlError("The paths of this shell's AWS files are too long.", f"Look at {awsfiles.CONFIG}.", USAGE)
    return value


def for_daemon() -> dict[str, str]:
    """Return the environment of a daemon that this shell starts: it works in another directory than we do."""
    environ = variables.without_ours(os.environ)
    paths = named().environ()
    return {**environ, **{name: path for name, path in paths.items() if environ.get(name)}}
