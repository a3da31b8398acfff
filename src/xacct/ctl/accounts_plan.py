"""What `accounts sync` makes of a list of accounts and of the profiles it has made before. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from xacct.ctl import profile_names
from xacct.ctl.profile_names import PermissionSet

_SETTING: Final = re.compile(r"^(\w+) = (.*?)\r?$", re.MULTILINE)
_NEEDED: Final = ("sso_account_id", "sso_role_name")


class SignIn(NamedTuple):
    """What is signed in to. `session` is empty where profiles name the start URL themselves."""

    session: str
    start_url: str
    region: str


class Entry(NamedTuple):
    """A profile of ours.

    Attributes:
        region: for what the profile is used for; empty: none.
        services: the section of that name that it points to; empty: none.
    """

    profile: str
    sign_in: SignIn
    account_id: str
    role: str
    region: str = ""
    services: str = ""

    def of(self, sign_in: SignIn) -> bool:
        """Say whether it is had by a sign-in."""
        if self.sign_in.session or sign_in.session:
            return self.sign_in.session == sign_in.session
        return _plain(self.sign_in.start_url) == _plain(sign_in.start_url)

    def lines(self) -> list[str]:
        """Return its section."""
        by = (
            {"sso_session": self.sign_in.session}
            if self.sign_in.session
            else {"sso_start_url": self.sign_in.start_url, "sso_region": self.sign_in.region}
        )
        settings = {
            **by,
            "sso_account_id": self.account_id,
            "sso_role_name": self.role,
            "region": self.region,
            "services": self.services,
        }
        return [f"[profile {self.profile}]", *(f"{name} = {value}" for name, value in settings.items() if value)]


class Listed(NamedTuple):
    """The list.

    Attributes:
        there: every permission set.
        failed: ids of the accounts whose permission sets could not be listed.
    """

    there: tuple[PermissionSet, ...]
    failed: frozenset[str]


class Wishes(NamedTuple):
    """What was asked for.

    Attributes:
        template: names profiles; None: those that are there keep their names, new ones get `profile_names.TEMPLATE`.
        region: None: those that are there keep theirs, new ones get none.
        wanted: whether a permission set is to have a profile.
        prune: whether profiles of what is listed no more go.
        services: for new profiles.
    """

    template: str | None
    region: str | None
    wanted: Callable[[PermissionSet], bool]
    prune: bool
    services: str = ""


class Plan(NamedTuple):
    """What is to be.

    Attributes:
        entries: all profiles of the block.
        gone: profiles that go, since the list does not have them.
        stale: those that stay though the list does not have them.
        unknown: those that stay because their account's permission sets could not be listed.
        foreign: names that would be ours, and are somebody else's profile.
    """

    entries: tuple[Entry, ...]
    gone: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def entries(body: str) -> Iterator[Entry]:
    """Yield the profiles of a block; what else it has, nobody promised to keep."""
    for section in re.split(r"^\[profile ", body, flags=re.MULTILINE)[1:]:
        heading, _, rest = section.partition("]")
        found = dict(_SETTING.findall(rest))
        by = SignIn(found.get("sso_session", ""), found.get("sso_start_url", ""), found.get("sso_region", ""))
        if all(found.get(name) for name in _NEEDED) and (by.session or by.start_url):
            account, role = (found[name] for name in _NEEDED)
            yield Entry(heading, by, account, role, found.get("region", ""), found.get("services", ""))


def plan(before: Iterable[Entry], outside: set[str], sign_in: SignIn, listed: Listed, wishes: Wishes) -> Plan:
    """Return what the block is to hold.

    Args:
        before: what it holds.
        outside: names of the profiles that are not in it.
        sign_in: what the list was had by; profiles of others stay as they are.
        listed: the list.
        wishes: what was asked for.

    Raises:
        CtlError: two profiles would have the same name.
    """
    draft = _Draft(outside, sign_in, listed, wishes)
    for entry in before:
        draft.look_at(entry)
    draft.add_new()
    return draft.plan()


class _Draft:
    """A plan that is being made; the arguments are those of `plan`."""

    def __init__(self, outside: set[str], sign_in: SignIn, listed: Listed, wishes: Wishes) -> None:
        self._outside = outside
        self._sign_in = sign_in
        self._listed = listed
        self._wishes = wishes
        self._there = {(one.account_id, one.role): one for one in listed.there}
        wanted = [one for one in self._there.values() if wishes.wanted(one)]
        label = sign_in.session or sign_in.start_url
        self._names = profile_names.of_all(wishes.template or profile_names.TEMPLATE, label, wanted)
        self._kept: list[Entry] = []
        self._gone: list[str] = []
        self._stale: list[str] = []
        self._unknown: list[str] = []
        self._foreign: list[str] = []

    def look_at(self, entry: Entry) -> None:
        """Decide on a profile that is there."""
        one = self._there.get((entry.account_id, entry.role))
        if entry.profile in self._outside:
            self._foreign.append(entry.profile)  # somebody has made theirs since: AWS's tools read no file with both
        elif not entry.of(self._sign_in):
            self._kept.append(entry)
        elif one is not None:
            self._kept.append(self._brought_up_to_date(entry, one))
        elif entry.account_id in self._listed.failed:  # guard: nothing-is-pruned-that-could-not-be-listed
            self._unknown.append(entry.profile)
            self._kept.append(entry)
        elif self._wishes.prune:
            self._gone.append(entry.profile)
        else:
            self._stale.append(entry.profile)
            self._kept.append(entry)

    def add_new(self) -> None:
        """Add what has no profile yet."""
        have = {(entry.account_id, entry.role) for entry in self._kept if entry.of(self._sign_in)}
        new = []
        for one, name in self._names.items():
            if (one.account_id, one.role) in have:
                continue
            if name in self._outside:  # guard: profile-of-others-is-never-shadowed
                self._foreign.append(name)
            else:
                region, services = self._wishes.region or "", self._wishes.services
                new.append(Entry(name, self._sign_in, one.account_id, one.role, region, services))
        self._kept += sorted(new)

    def plan(self) -> Plan:
        """Return it.

        Raises:
            CtlError: two profiles have the same name.
        """
        _refuse_doubles(self._kept)
        foreign = tuple(dict.fromkeys(self._foreign))
        return Plan(tuple(self._kept), tuple(self._gone), tuple(self._stale), tuple(self._unknown), foreign)

    def _brought_up_to_date(self, entry: Entry, one: PermissionSet) -> Entry:
        """Return a profile with the name and region that were asked for; what was not asked for stays as it is."""
        name = self._names.get(one)
        if name is None:
            return entry
        region = entry.region if self._wishes.region is None else self._wishes.region
        if self._wishes.template is None or name == entry.profile:
            return entry._replace(region=region)
        taken = name in self._outside
        if taken:
            self._foreign.append(name)
            return entry._replace(region=region)
        return entry._replace(profile=name, region=region)


def _refuse_doubles(found: Iterable[Entry]) -> None:
    taken: dict[str, Entry] = {}
    for entry in found:
        other = taken.setdefault(entry.profile, entry)
        if other is not entry:
            raise profile_names.collision(entry.profile, _said(other), _said(entry))


def _said(entry: Entry) -> str:
    return f"{entry.role} in {entry.account_id}, by {entry.sign_in.session or entry.sign_in.start_url}"


def _plain(start_url: str) -> str:
    return start_url.partition("#")[0].rstrip("/").lower()
