"""Words that mean roles: names, aliases, groups, patterns, ARNs, ACCOUNT:ROLE.

Each word means at least one role, or is refused in a sentence: nothing is left out without a word. A name that is a
role's means that role, whatever else it could mean. One that is neither a group nor has a wildcard means one role:
where several fit, it is refused, for they may differ in device, limits and region.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING

from xacct import errors
from xacct.credentials.node import unknown
from xacct.model import Source
from xacct.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xacct.model import Role

_WILDCARDS = frozenset("*?[")


class Selection:
    """Finds the roles that words mean.

    Args:
        roles: by their names, in the order of the configuration.
        aliases: `[aliases]` of config.toml: other names of roles.
        groups: `[groups]`: words by the group's name.
        accounts: `[accounts]`: names of accounts by their numbers.
        known: looks for a role by its name, and raises why there is none: its profile may be one that can't be used.
    """

    def __init__(
        self,
        roles: Mapping[str, Role],
        aliases: Mapping[str, str],
        groups: Mapping[str, Sequence[str]],
        known: Callable[[str], object] = lambda _name: None,
        accounts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._roles = roles
        self._known = known
        self._aliases = aliases
        self._groups = groups
        self._accounts = accounts

    def of(self, words: Sequence[str]) -> list[str]:
        """The names of the roles that these words mean, each once, in the words' order.

        Raises:
            UnknownRole: a word means none.
            ConfigError: it means one that can't be used, or no file can be read.
            BadInput: a word means several, and is no pattern; or a group leads back to itself.
        """
        return list(dict.fromkeys(name for word in words for name in self._meant(word, ())))

    def _meant(self, word: str, within: tuple[str, ...]) -> Iterator[str]:
        if word in self._roles:  # guard: a-roles-name-means-that-role
            yield word
        elif word in self._aliases:
            yield self._of_alias(word)
        elif word.startswith("@"):
            yield from self._of_group(word[1:], within)
        else:
            yield from self._fitting(word)

    def _of_alias(self, alias: str) -> str:
        name = self._aliases[alias]
        try:
            self._look_for(name)
        except errors.XacctError as error:
            sentence = f"{error.sentence} {alias!r} of [aliases] in config.toml stands for {name!r}."
            raise errors.UnknownRole(sentence, error.hint) from None
        return name

    def _look_for(self, name: str) -> None:
        """Raise what is wrong, where there is no such role."""
        if name not in self._roles:
            self._known(name)
            raise unknown(name, self._roles)

    def _of_group(self, group: str, within: tuple[str, ...]) -> Iterator[str]:
        if group in within:
            raise errors.BadInput(
                f"The group @{group} leads back to itself.", "Look at [groups] in config.toml: a group may not."
            )
        if group not in self._groups:
            known = ", ".join(f"@{name}" for name in self._groups)
            raise errors.UnknownRole(
                f"There is no group @{group}.", f"There is {known}." if known else "Groups are [groups] in config.toml."
            )
        for word in self._groups[group]:
            try:
                yield from self._meant(word, (*within, group))
            except errors.UnknownRole as error:
                raise errors.UnknownRole(f"{error.sentence} The group @{group} names it.", error.hint) from None

    def _fitting(self, word: str) -> Iterator[str]:
        fits = _test_of(word, self._accounts)
        found = [name for name, role in self._roles.items() if fits(role)]
        if not found:
            self._look_for(word)
        if len(found) > 1 and not _WILDCARDS & set(word):  # guard: no-pattern-means-one-role
            raise errors.BadInput(
                f"{word!r} may mean any of {len(found)} roles: {listed(found)}.", "Name the one you mean."
            )
        yield from found


def _test_of(word: str, accounts: Mapping[str, str]) -> Callable[[Role], bool]:
    """Whether a role is what a word means that is no name."""
    if word.startswith("arn:"):
        return lambda role: role.role_arn is not None and fnmatchcase(role.role_arn, word)
    account, colon, name = word.partition(":")
    if colon:
        return lambda role: (
            role.account is not None
            and (fnmatchcase(role.account, account) or fnmatchcase(accounts.get(role.account, ""), account))
            and any(fnmatchcase(each, name) for each in _names_in_account(role))
        )
    return lambda role: bool(_WILDCARDS & set(word)) and fnmatchcase(role.name, word)


def _names_in_account(role: Role) -> tuple[str, ...]:
    """What a role is called in its account: an IAM role with and without its path, or a permission set."""
    if isinstance(role.parent, Source) and role.parent.permission_set:
        return (role.parent.permission_set,)
    path = (role.role_arn or "").partition(":role/")[2]
    return (path, path.rpartition("/")[2]) if path else ()
