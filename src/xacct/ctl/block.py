"""The block of profiles that `configure` keeps in ~/.aws/config: found, written, taken away. Pure bytes.

Everything outside the block is somebody else's, and comes through byte for byte, whatever it is.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from xacct.copies import lines as aws
from xacct.ctl.failure import CtlError


class Marks(NamedTuple):
    """The lines between which a block is.

    Attributes:
        begin: how the first one begins.
        end: the last one.
        remark: what follows in the first one, for people.
    """

    begin: str
    end: str
    remark: str


CONFIGURE: Final = Marks(
    "# >>> xacct >>>",
    "# <<< xacct <<<",
    'Made by "xacctctl configure", which writes it anew: edits in here are lost.'
    ' "xacctctl configure --remove" ends it.',
)
ACCOUNTS: Final = Marks(
    "# >>> xacct accounts >>>",
    "# <<< xacct accounts <<<",
    'Made by "xacctctl accounts sync", which writes it anew: edits in here are lost.',
)
_MARKS: Final = tuple(mark for marks in (CONFIGURE, ACCOUNTS) for mark in marks[:2])
_LINE: Final = r"[^\n]*(?:\n|\Z)"

_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_UNQUOTABLE: Final = re.compile(r"[\"'\\$`#;\[\]\x00-\x1f\x7f]")
"""What shells and AWS tools read differently within double quotes."""


_HEADING: Final = re.compile(r"\[[^\[\]]{1,200}\]\s*")
_SETTING: Final = re.compile(r"([A-Za-z][\w.-]{0,60}\s*)[=:]\s*(.*?)\s*")
_HARMLESS: Final = {
    "region",
    "output",
    "role_arn",
    "source_profile",
    "credential_source",
    "mfa_serial",
    "duration_seconds",
    "sso_session",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "services",
}
_PORTAL: Final = re.compile(r"https://[\w-]{1,63}\.awsapps\.com/start", re.ASCII)
"""A start URL of AWS's own form; another may be anything."""
_LONGEST_CALL: Final = 5
"""Words before "process ROLE" of our own calls: `python -m xacct.ctl`, and two that `_is_ours` puts before them."""


class Entry(NamedTuple):
    """One generated profile."""

    profile: str
    role: str
    region: str | None


class Cut(NamedTuple):
    """A file cut at a block, or where one would go.

    Attributes:
        separator: the line end that comes and goes with the block, so that a file whose last line has none is as it was
            when the block is gone.
        eol: how the block's own lines end.
        body: what is between the marks; None where there are none.
    """

    before: bytes
    separator: bytes
    after: bytes
    eol: bytes
    body: str | None

    @property
    def outside(self) -> bytes:
        """What is not ours."""
        return self.before + b"\n" + self.after


class Found(NamedTuple):
    """A file cut at the block of `configure`.

    Attributes:
        entries: those in it; None where there is none.
    """

    place: Cut
    entries: list[Entry] | None


def cut(content: bytes, marks: Marks, name: str = "the AWS config file") -> Cut:
    """Cut `content` at the block of these marks.

    Args:
        content: the file's.
        marks: the block's.
        name: what the file is called in a sentence.

    Raises:
        CtlError: the marks are not one beginning and one end: what is ours can't be told then.
    """
    pattern = rf"^(?:({re.escape(marks.begin)})|{re.escape(marks.end)}){_LINE}"
    there = list(re.finditer(pattern.encode(), content, re.MULTILINE))
    if not there:
        eol = _eol(content[: content.find(b"\n") + 1])
        return Cut(content, eol if content else b"", b"", eol, None)
    if [bool(mark[1]) for mark in there] != [True, False]:  # guard: damaged-block-is-left-alone
        lines = ", ".join(str(content.count(b"\n", 0, mark.start()) + 1) for mark in there)
        raise CtlError(
            f"The block of xacct in {name} is damaged: it has marks in lines {lines}.",
            f'There must be one line "{marks.begin}" and below it one "{marks.end}", or none. Mend it by hand.',
        )
    begin, end = there
    eol = _eol(begin[0])
    before = content[: begin.start()].removesuffix(eol)
    body = content[begin.end() : end.start()].decode("utf-8", "surrogateescape")
    return Cut(before, content[len(before) : begin.start()], content[end.end() :], eol, body)


def with_block(found: Cut, marks: Marks, sections: Sequence[Sequence[str]]) -> bytes:
    """Return the file with a block of these sections, each of them lines; without any it has no block."""
    if not sections:
        # lines written behind the block since must not run into the one before it
        parted = found.after and found.before and not found.before.endswith(b"\n")
        return found.before + (found.separator if parted else b"") + found.after
    lines = [f"{marks.begin} {marks.remark}"]
    for section in sections:
        lines += [*section, ""]
    lines[-1] = marks.end
    block = b"".join(line.encode("utf-8", "surrogateescape") + found.eol for line in lines)
    return found.before + found.separator + block + found.after  # guard: outside-of-the-block-stays


def find(content: bytes) -> Found:
    """Cut `content` at the block of `configure`.

    Raises:
        CtlError: as `cut`.
    """
    place = cut(content, CONFIGURE)
    return Found(place, None if place.body is None else list(_entries(place.body)))


def joined(found: Found, program: str, entries: Sequence[Entry]) -> bytes:
    """Return the file with `entries` in its block; with none it has no block."""
    sections = [
        [
            f"[profile {quoted(entry.profile)}]",
            f"credential_process = {program} process {quoted(entry.role)}",
            *([f"region = {entry.region}"] if _PLAIN.fullmatch(entry.region or "") else []),
        ]
        for entry in entries
    ]
    return with_block(found.place, CONFIGURE, sections)


def profiles(content: bytes) -> set[str]:
    """Return the names of the profiles in an AWS file, however their sections are spelt."""
    return aws.sections(aws.cut(content.decode("utf-8-sig", "surrogateescape")))


def showable(line: str) -> str:
    """Return a line of an AWS file fit to be shown, whoever wrote it.

    Shown are headings, our own lines, and settings of which no value is secret. Of all else, and of lines that go on
    from the one before, at most the setting's name: the rest may be a key, a password in a command, an external id.
    """
    text = line.rstrip("\r\n")
    if not text or _HEADING.fullmatch(text) or text.startswith(_MARKS):
        return text if text.isprintable() else "..."
    setting = _SETTING.fullmatch(text)
    if setting is None:
        return f"{text[: len(text) - len(text.lstrip())]}{'# ' if text.lstrip()[:1] in '#;' else ''}..."
    name, value = setting.groups()
    harmless = (
        (name.strip() in _HARMLESS and _PLAIN.fullmatch(value))
        or (name.strip() == "sso_start_url" and _PORTAL.fullmatch(value))
        or (name.strip() == "credential_process" and _is_ours(value))
    )
    return text if harmless and text.isprintable() else f"{name.rstrip()} = ..."


def _is_ours(command: str) -> bool:
    *program, verb, _role = ["", "", *_words(command)]
    asks = program[-1].rpartition("/")[2] == "xacctctl" or program[-2:] == ["-m", "xacct.ctl"]
    return verb == "process" and asks and len(program) <= _LONGEST_CALL


def quoted(word: str) -> str:
    """Return `word` as every AWS tool reads it, whether it splits the line itself or asks a shell.

    Raises:
        ValueError: they have no spelling in common.
    """
    if _PLAIN.fullmatch(word) and not word.startswith("-"):
        return word
    if not word or word.startswith("-") or _UNQUOTABLE.search(word):  # guard: no-line-that-shells-read-differently
        raise ValueError(word)
    return f'"{word}"'


def _eol(line: bytes) -> bytes:
    return b"\r\n" if line.endswith(b"\r\n") else b"\n"


def _entries(text: str) -> Iterable[Entry]:
    """Yield what an earlier run wrote; what else there is, nobody promised to keep."""
    for section in re.split(r"^\[profile ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("]")
        options = dict(re.findall(r"^(credential_process|region) = (.*?)\r?$", body, re.MULTILINE))
        *_, verb, role = ["", "", *_words(options.get("credential_process", ""))]
        if verb == "process":
            yield Entry(heading.strip('"'), role, options.get("region"))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []
