"""`keys import`: a profile's access key moves from AWS's plain files into the keychain, or stays where it is.

The key is in one of the two places at every moment, and in both only meanwhile: its lines are removed after AWS has
taken the key as the keychain gives it back. Until they are, they are what counts, for xacct as for AWS's tools. No
copy of the file is kept.
"""

import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from xacct import paths, wire
from xacct.copies import lines as aws
from xacct.ctl import block, configure, difference, rewrite, shadow, variables
from xacct.ctl.client import Anything, Client
from xacct.ctl.complain import complain
from xacct.ctl.confirm import demand_yes
from xacct.ctl.failure import OK, CtlError
from xacct.ctl.http10 import quote
from xacct.ctl.render import say, show
from xacct.ctl.start import alone

KEY: Final = ("aws_access_key_id", "aws_secret_access_key")
PATIENCE: Final = 60.0
"""Seconds that the daemon gets: it waits for the keychain, and for AWS."""

TOKENS: Final = ("aws_session_token", "aws_security_token")


class Place(NamedTuple):
    """A file that has the key of a profile, as it is and as it is to be."""

    path: str
    old: bytes
    new: bytes


def move(profile: str, client: Client, *, yes: bool, dry_run: bool) -> int:
    """Move it, after the diff was shown and a yes.

    Args:
        profile: whose key.
        client: the daemon's.
        yes: don't ask.
        dry_run: show the diff and do nothing.
    """
    paths.make_private(paths.runtime_dir())
    with alone(f"{paths.runtime_dir()}/configure.lock"):
        place = _place(profile)
        show(f"The access key of {profile} goes into the keychain; then, and only if AWS takes it from there:")
        for line in difference.unified(place.path, place.old, place.new):
            show(line)
        if dry_run:
            return OK
        if not yes:
            demand_yes(f"Move the access key of {profile}?")
        arn = _kept(profile, client, place)
    show(f"The access key of {profile} ({arn}) is in the keychain, and no longer in {place.path}.")
    show("What was opened with it before is let go; the next use may ask for an MFA code.")
    return OK


def _kept(profile: str, client: Client, place: Place) -> str:
    """Keep it in the keychain, have it proved, and take it out of the file; whose it is. What fails is undone."""
    client.call("POST", wire.KEYS, wire.KeyAnswer, {"profile": profile}, timeout=PATIENCE)
    try:
        arn = _proved(profile, client)  # guard: key-leaves-the-file-after-the-proof
        _take_out(place)
    except BaseException:  # Ctrl-C as well
        _undo(profile, client, place)  # guard: import-that-fails-is-undone
        raise
    return arn


def _proved(profile: str, client: Client) -> str:
    """Have the key read from the keychain, and AWS asked with it; whose it is."""
    proof = client.call("POST", wire.KEY_CHECK.format(profile=quote(profile)), wire.KeyAnswer, timeout=PATIENCE)
    if not proof["arn"]:
        raise CtlError("AWS was not asked whose key the keychain gives back.", "xacctctl restart")
    return proof["arn"]


def _take_out(place: Place) -> None:
    if not rewrite.replace(place.path, place.old, place.new):
        raise CtlError(f"{place.path} was changed by others meanwhile.", "Try again.")


def _undo(profile: str, client: Client, place: Place) -> None:
    """Take the key out of the keychain again, if it still is where it came from."""
    if not _has_key(place, profile):  # guard: only-copy-of-key-stays
        say(f"xacctctl: note: {place.path} no longer has the key, so it stays in the keychain.")
        return
    try:
        client.call("DELETE", wire.KEY.format(profile=quote(profile)), Anything, timeout=PATIENCE)
    except CtlError as error:
        complain(f"The key is in the keychain as well now: {error.sentence}", f"xacctctl keys remove {profile}")


def _has_key(place: Place, profile: str) -> bool:
    """Say whether the file has both of the key's lines as they were."""
    try:
        now = rewrite.content(place.path)
    except CtlError:
        return False
    return _lines_of(now, profile) == _lines_of(place.old, profile)


def _place(profile: str) -> Place:
    """Return the file that has the key, and what it is to be without.

    Raises:
        CtlError: neither has it, or both do, or its lines can't be told from others.
    """
    config, credentials = _files()
    found = [
        (path, old)
        for path, old in ((path, rewrite.content(path)) for path in (credentials, config))
        if any(option in KEY for option, _ in _lines_of(old, profile))
    ]
    if not found:
        raise CtlError(
            f"The profile {profile} has no access key in {credentials} or {config}.", f"xacctctl keys add {profile}"
        )
    if len(found) > 1:
        raise CtlError(f"The profile {profile} has keys in {credentials} and in {config}.", "Remove one of them first.")
    [(path, old)] = found
    return Place(path, old, without_key(old, profile, path, _process_line(profile)))


def without_key(content: bytes, profile: str, path: str, instead: str) -> bytes:
    """Return a file without the two lines of a profile's key.

    Args:
        content: the file.
        profile: whose key.
        path: the file's, for sentences.
        instead: what stands in the place of the first; empty: nothing.

    Raises:
        CtlError: they are not two plain lines.
    """
    options = [option for option, _ in _lines_of(content, profile)]
    if any(token in options for token in TOKENS):  # guard: import-takes-no-session-token
        raise CtlError(
            f"The keys of {profile} in {path} are temporary (they have a session token).",
            "They end in hours, and are not worth keeping. Import the access key of an IAM user.",
        )
    if sorted(option for option in options if option in KEY) != sorted(KEY):
        raise CtlError(
            f"The key of {profile} in {path} is not one line {KEY[0]} and one line {KEY[1]}.", "Mend it by hand."
        )
    kept, placed = [], "credential_process" in options
    for line in _parsed(content):
        if line.section != profile or line.option not in KEY or line.indent:
            kept.append(line.text)
        elif instead and not placed:
            kept.append(instead + ("\r\n" if line.text.endswith("\r\n") else "\n"))
            placed = True
    return "".join(kept).encode("utf-8", "surrogateescape")


def _lines_of(content: bytes, profile: str) -> list[tuple[str, str]]:
    """Return the options that a profile's sections set in the first column, each with its line."""
    found = [line for line in _parsed(content) if line.section == profile]
    return [(line.option, line.text) for line in found if line.option is not None and not line.indent]


def _parsed(content: bytes) -> Iterator[aws.Line]:
    return aws.parsed(aws.cut(content.decode("utf-8", "surrogateescape")))


def _process_line(profile: str) -> str:
    """Return the line by which AWS's own tools have the profile's session from xacct.

    Without it they would find no credentials in the profile, and go on to others: in a shell of `env`, to its role's.
    """
    try:
        return f"credential_process = {configure.program()} process {block.quoted(profile)}"
    except (CtlError, ValueError):
        return ""


def _files() -> tuple[str, str]:
    config, credentials = shadow.files(variables.without_ours(os.environ), paths.home())
    if variables.is_copy(config):
        raise CtlError(
            "AWS_CONFIG_FILE is xacct's own copy of your file in this shell.",
            "Say it in a shell that xacctctl env or exec has not changed.",
        )
    return config, credentials
