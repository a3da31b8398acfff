"""`accounts sync`: profiles of the listed permission sets, in a block of their own in ~/.aws/config."""

import re
from argparse import Namespace
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from xacct import paths, text, tomlfile, wire
from xacct.copies import lines as aws
from xacct.ctl import accounts_list, accounts_plan, block, configure, difference, profile_names, rewrite, terminal
from xacct.ctl.accounts_plan import Listed, Plan, SignIn, Wishes
from xacct.ctl.client import Client
from xacct.ctl.failure import HUMAN, OK, USAGE, CtlError
from xacct.ctl.profile_names import PermissionSet
from xacct.ctl.render import say, show
from xacct.ctl.start import alone
from xacct.ctl.terminal import Terminal

WORD: Final = "prune"
"""What has to be typed where not one profile would be left."""

_OURS: Final = ("profile_template", "region")
"""The settings of [identity_center] that are ours to take."""

_TRIES: Final = 10
_NAMED: Final = 10
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ROLE: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_VALUE: Final = re.compile(r"[^\s;\[\]\x00-\x1f\x7f]{1,300}")
"""What stands behind `=` in a line of ours, and every tool reads alike."""


class Sync:
    """One run: what is to be written, and where.

    Args:
        path: the AWS config file.
        others: names of profiles that stand in the credentials file, which count as well.
        found: the list.
        wishes: what was asked for.
    """

    def __init__(self, path: str, others: set[str], found: wire.AccountsEvent, wishes: Wishes) -> None:
        self._path = path
        self._others = others
        self._wishes = wishes
        said = found["sign_in"]
        self.sign_in = SignIn(said["session"], said["start_url"], said["region"])
        self.listed = listed_of(found)

    def plan(self, content: bytes) -> tuple[Plan, bytes]:
        """Return what is to be, and the file's content with it.

        Raises:
            CtlError: names clash, or our block is damaged.
        """
        place = block.cut(content, block.ACCOUNTS)
        outside = block.profiles(place.outside) | self._others
        before = list(accounts_plan.entries(place.body or ""))
        made = accounts_plan.plan(before, outside, self.sign_in, self.listed, self._wishes)
        return made, block.with_block(place, block.ACCOUNTS, [entry.lines() for entry in made.entries])

    def write(self, shown: Plan) -> None:
        """Write what was shown; where the file has changed meanwhile, only if that comes to the same.

        Raises:
            CtlError: it can't be, or comes to something else now.
        """
        paths.make_private(paths.runtime_dir())
        with alone(f"{paths.runtime_dir()}/configure.lock"):
            for _ in range(_TRIES):
                old = rewrite.content(self._path)
                made, new = self.plan(old)
                if made != shown:
                    raise CtlError(f"{self._path} has changed meanwhile; nothing was written.", "Say it again.")
                if old == new or rewrite.replace(self._path, old, new):
                    return
        raise CtlError(f"{self._path} changes all the time; it was left alone.", "What else writes to it?")


def sync(args: Namespace, client: Client, session: str | None) -> int:
    """Bring the profiles up to date with the list."""
    forms = {"--json": args.json, "--csv": args.csv is not None, "--names": args.names}
    if said := next((option for option, given in forms.items() if given), None):
        raise CtlError(f"{said} is for the list, without sync.", f"xacctctl accounts {said}", USAGE)
    tty = None if args.yes else terminal.find()
    if tty is None and not (args.yes or args.dry_run):
        raise CtlError(
            "sync asks before it writes, and there is no terminal here.",
            "Say --yes to write without being asked, or --dry-run to see what it would do.",
            USAGE,
        )
    template, region = _chosen(args)
    path, others = configure.files()
    found = accounts_list.listed(client, session, refresh=args.refresh)
    wishes = Wishes(template, region, lambda one: _matches(args, one), args.prune, _services(found, path))
    run = Sync(path, others, found, wishes)
    _demand_matches(args, run.listed)
    old = rewrite.content(path)
    made, new = run.plan(old)
    for line in difference.unified(path, old, new):
        show(line)
    for note in [*accounts_list.troubles(found), *_notes(made, run.listed)]:
        say(f"xacctctl: note: {note}")
    if old == new:
        show(f"Nothing to change in {path}.")
        return OK
    if args.dry_run:
        return OK
    if not _agreed(tty, made, run.sign_in):
        show("Nothing was written.")
        return HUMAN
    run.write(made)
    show(f"Written to {path}: {len(made.entries)} profiles of xacctctl accounts sync.")
    return OK


def listed_of(found: wire.AccountsEvent) -> Listed:
    """Return the list as the plan takes it; what would not be one word in a file is left out.

    Raises:
        CtlError: what was signed in to can't be written into a file.
    """
    sign_in = found["sign_in"]
    values = [sign_in["session"] or "-", sign_in["start_url"], sign_in["region"]]
    if not all(map(_VALUE.fullmatch, values[:1] if sign_in["session"] else values)):
        raise CtlError("AWS tools don't agree on how to read the name of that session, or its start URL, in a profile.")
    there = tuple(
        PermissionSet(account["account_id"], account["account_name"], one["permission_set"])
        for account in found["accounts"]
        for one in account["permission_sets"]
        if _ACCOUNT.fullmatch(account["account_id"]) and _ROLE.fullmatch(one["permission_set"])
    )
    failed = frozenset(account["account_id"] for account in found["accounts"] if account["error"] is not None)
    return Listed(there, failed)


def _chosen(args: Namespace) -> tuple[str | None, str | None]:
    """Return the template and the region: as typed, else as config.toml says, else None.

    Raises:
        CtlError: one of them can't be meant.
    """
    settings = _settings()
    template = args.profile_template if args.profile_template is not None else settings.get("profile_template")
    region = args.region if args.region is not None else settings.get("region") or None
    if template is not None:
        profile_names.check(template)
    if region is not None and not _REGION.fullmatch(region):
        raise CtlError(f"{region[:40]!r} is no region of AWS's.", "For example: --region eu-central-1", USAGE)
    return template, region


def _settings() -> dict[str, str]:
    """Return what [identity_center] of config.toml says.

    Raises:
        CtlError: it can't be read, or says something else than text.
    """
    path = paths.config_file()
    try:
        table = tomlfile.read(path).get("identity_center", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CtlError(f"{path} can't be read: {why}.", "docs/settings.md says what may stand in it.") from None
    found = {name: table[name] for name in _OURS if name in table} if isinstance(table, dict) else None
    if found is None or not all(isinstance(value, str) for value in found.values()):
        raise CtlError(f"[identity_center] of {path} holds something that is no text.", "docs/settings.md")
    return found


def _matches(args: Namespace, one: PermissionSet) -> bool:
    names = (one.account_id, one.account_name.lower(), profile_names.slug(one.account_name))
    return (not args.accounts or any(fnmatchcase(name, p.lower()) for name in names for p in args.accounts)) and (
        not args.roles or any(fnmatchcase(one.role.lower(), pattern.lower()) for pattern in args.roles)
    )


def _demand_matches(args: Namespace, listed: Listed) -> None:
    if (args.accounts or args.roles) and listed.there and not any(_matches(args, one) for one in listed.there):
        raise CtlError("Nothing in the list is like that.", "xacctctl accounts shows it; quote a * from the shell.")


def _services(found: wire.AccountsEvent, path: str) -> str:
    """Return what the profiles name as `services` that are signed in to in this way: without it they would ask AWS."""
    example = found["sign_in"]["example"]
    if example is None:
        return ""
    content = aws.cut(rewrite.content(path).decode("utf-8-sig", "surrogateescape"))
    there = aws.options(content, example).get("services", [""])
    value = aws.value_of(there[0]).strip() if there[0] else ""
    return value if _VALUE.fullmatch(value) else ""


def _notes(made: Plan, listed: Listed) -> Iterator[str]:
    """Yield what somebody should know of the profiles that are not as the list would have them."""
    if not listed.there and not listed.failed:
        yield "the list is empty."
    if made.stale:
        yield f"kept, though the list has them no more (--prune removes them): {text.listed(made.stale, _NAMED)}"
    if made.unknown:
        yield f"kept, for their accounts could not be listed: {text.listed(made.unknown, _NAMED)}"
    if made.foreign:
        yield f"left alone, for a profile that is not from here has the name: {text.listed(made.foreign, _NAMED)}"


def _agreed(tty: Terminal | None, made: Plan, sign_in: SignIn) -> bool:
    """Say whether it is to be written, asking where somebody is to be asked.

    Raises:
        CtlError: that takes more than --yes.
    """
    left = any(entry.of(sign_in) for entry in made.entries)
    if made.gone and not left:  # guard: not-one-left-takes-a-word
        if tty is None:
            raise CtlError(
                f"--prune would remove all {len(made.gone)} profiles of {sign_in.session or sign_in.start_url}.",
                f"Say it at a terminal without --yes, and type the word {WORD} there.",
                USAGE,
            )
        return _asked(tty, f"Not one profile would be left. Type {WORD} to remove them: ") == WORD
    return tty is None or _asked(tty, "Write this? [y/N] ").lower() in {"y", "yes"}


def _asked(tty: Terminal, question: str) -> str:
    tty.forget()  # what was typed before the question is no answer to it
    tty.ask(question)
    answer = tty.line()
    if answer is None:
        tty.show("")
    return answer or ""
