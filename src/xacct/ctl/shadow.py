"""What beats the endpoint for a program without a profile, in this user's files; and how that is avoided.

`AWS_PROFILE` gets a profile of ours that has no credentials, in a copy of the config file that has all else: so
`--profile X` is X as ever, and the credentials file stays where it is. ARCHITECTURE.md weighs it against other ways.
"""

from __future__ import annotations

import time

from xacct import awsfiles, fileio
from xacct.copies import lines as aws
from xacct.ctl import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

PROFILE: Final = "xacct"
FOR_POLARS: Final = "For polars: xacctctl exec --static ROLE -- COMMAND, or a profile of xacctctl configure."
_BOTO: Final = ("/etc/boto.cfg", "~/.boto")
_BOTO_CONFIG: Final = "BOTO_CONFIG"
_JAVA: Final = "AWS_CREDENTIAL_PROFILES_FILE"


class Shadow:
    """Variables that take the shadow away, and notes for the human; empty if there is none."""

    def __init__(self) -> None:
        self.set: dict[str, str] = {}
        self.notes: list[str] = []


def lifted(environ: Mapping[str, str], home: str, directory: str, user: str, always: str | None = None) -> Shadow:
    """Say what keeps the user's files from winning, as a process would see it.

    Args:
        environ: the process's environment.
        home: its HOME.
        directory: where a copy of the config file goes, if one is needed.
        user: for whom it is kept: a grant's id, or `pid-N`.
        always: the name of the profile where no file needs one: something else sets AWS_PROFILE again.

    Raises:
        CtlError: a copy can't be made.
    """
    before = variables.without_ours(environ)
    shadow = Shadow()
    winning = [file for file in _read_by_some(before, home) if shadows(lines(file))]
    if winning or always is not None:
        shadow.set.update(_profile(before, home, directory, user, (PROFILE if winning else None) or always or ""))
    if winning:
        shadow.notes.append(
            f"[default] in {' and '.join(winning)} would win over xacct; programs without a profile have"
            f" {shadow.set[variables.PROFILE]} here, and every other profile is what it is outside."
        )
    boto = next((file for file in _boto_files(before, home) if _has_boto_keys(file)), None)
    if boto:
        shadow.set[_BOTO_CONFIG] = "/dev/null"
        shadow.notes.append(f"The keys in {boto} would win over xacct in boto3; the file is left out here.")
    return shadow


def region(environ: Mapping[str, str], home: str) -> str | None:
    """Return the region of [default], for SDKs that read no file; of both files the credentials file wins."""
    for file in reversed(files(variables.without_ours(environ), home)):
        said = aws.options(lines(file)).get("region")
        if said and (value := aws.value_of(said[0]).strip()):
            return value
    return None


def _profile(before: Mapping[str, str], home: str, directory: str, user: str, wish: str) -> dict[str, str]:
    """Return the variables of the profile of ours, called as wished if nobody is, in a copy that is up to date."""
    from xacct import paths  # noqa: PLC0415 - see paths.py
    from xacct.copies import store  # noqa: PLC0415 - only where something shadows
    from xacct.ctl.failure import CtlError  # noqa: PLC0415

    config, credentials = files(before, home)
    if aws.gives_all(lines(config)):  # guard: what-every-profile-has-is-refused
        raise CtlError(
            f"[DEFAULT] in {config} gives credentials to every profile, ours included, and they would win over xacct.",
            "For Python's programs [DEFAULT] is a part of each section: is [default] meant? Or: xacctctl exec --static",
        )
    taken: set[str] = set().union(*(aws.sections(lines(file)) for file in _read_by_some(before, home)))
    name = next(name for number in range(1, 1000) if (name := wish + f"-{number}" * (number > 1)) not in taken)
    about = store.About(config, credentials, name)
    paths.make_private(directory)
    try:
        copy = store.made(store.directory(directory, about), about, user, time.time())
    except (store.Failed, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CtlError(
            f"[default] has credentials that would win over xacct, and no copy of {config} can be kept: {why}.".replace(
                "..", "."
            ),
            "Or use the role by its profile: xacctctl configure",
        ) from None
    return {
        variables.PROFILE: name,
        variables.OUR_PROFILE: name,
        variables.CONFIG: copy,
        # absolute: the shell may go elsewhere, and a request still has to name the file that this is a copy of
        **variables.instead([variables.CONFIG], {variables.CONFIG: config if before.get(variables.CONFIG) else ""}),
    }


def shadows(content: Sequence[str]) -> bool:
    """Say whether [default] in these lines of an AWS file has, or is given, credentials or a provider of them."""
    return aws.shadows(content)


def taken_by_polars(home: str) -> str | None:
    """Return the file whose first keys polars takes, of whatever profile, unless boto3 serves it; None without keys."""
    file = f"{home}/.aws/credentials"
    return file if aws.has_secrets(lines(file)) else None


def _read_by_some(environ: Mapping[str, str], home: str) -> list[str]:
    """Return the files in which some SDK looks for a profile: JavaScript v2 and Java v1 heed variables of their own."""
    java = awsfiles.path(environ, _JAVA, "~/.aws/credentials", home, awsfiles.directory())
    return list(dict.fromkeys([*files(environ, home), f"{home}/.aws/credentials", java]))


def _boto_files(environ: Mapping[str, str], home: str) -> list[str]:
    """Return the files of boto 2, from which botocore still takes keys, as it looks for them."""
    if _BOTO_CONFIG in environ:
        return [environ[_BOTO_CONFIG]]
    return [home + file[1:] if file.startswith("~") else file for file in _BOTO]


def _has_boto_keys(file: str) -> bool:
    found = aws.options(lines(file), "Credentials")
    return "aws_access_key_id" in found


def files(environ: Mapping[str, str], home: str) -> tuple[str, str]:
    """Return the config and the credentials file that SDKs with `environ` read."""
    found = awsfiles.named({**environ, "HOME": home}, awsfiles.directory())
    return found.config, found.credentials


def lines(path: str) -> list[str]:
    """Return the file's lines; none if it can't be read, for then no SDK reads it either."""
    try:
        text = fileio.read(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    except OSError:
        return []
    return aws.cut(text.replace("\r\n", "\n").replace("\r", "\n"))
