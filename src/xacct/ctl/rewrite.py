"""The user's AWS config file read and changed, with a verb's own errors. How: userfiles/edit.py."""

from xacct.ctl.failure import CtlError
from xacct.userfiles import edit


def content(path: str) -> bytes:
    """Return what is in the file, nothing where there is none.

    Raises:
        CtlError: it is no plain file.
    """
    try:
        return edit.content(path)
    except OSError as error:
        raise CtlError(f"{path} can't be read: {error.strerror}.", "Look at AWS_CONFIG_FILE.") from None


def replace(path: str, old: bytes, new: bytes) -> bool:
    """Replace what is in the file; see `userfiles.edit.replace`.

    Raises:
        CtlError: that can't be done.
    """
    try:
        return edit.replace(path, old, new)
    except edit.Refused as refusal:
        raise CtlError(refusal.sentence, refusal.hint) from None
    except OSError as error:
        raise CtlError(f"{path} can't be written: {error.strerror}.", "Look at its directory's owner.") from None
