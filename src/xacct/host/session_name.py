"""Names for CloudTrail out of templates: {user} is the login name, {host} this machine's, up to the first dot."""

import getpass
import os
import re
import socket

MAX_NAME = 64
"""Characters of a RoleSessionName or SourceIdentity; at least 2, of [A-Za-z0-9_+=,.@-] (AWS STS API, AssumeRole)."""


def fill(template: str) -> str:
    """The template's name; what AWS would not take is a dash instead."""
    name = template.replace("{user}", _user()).replace("{host}", socket.gethostname().split(".")[0])
    return re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)[:MAX_NAME].ljust(2, "-")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
