"""Roles out of ~/.aws/config and ~/.aws/credentials, each meaning what it means to AWS's command line, or a problem.

A user with working profiles configures nothing. A profile that can't be used is a problem with a sentence, and
takes nothing else down with it. Where xacct means something else than AWS's tools: docs/aws-settings.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xacct import errors
from xacct.aws import chains, included, inifiles, instances, mfa_process, regions, sources, targets
from xacct.aws.sources import keychain
from xacct.aws.sources.process import asks_xacct
from xacct.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles, Profile
    from xacct.model import Source

LONGEST_CHAIN = 20
"""Roles from a role up to its source. AWS's tools know no limit; each is a call to AWS, and nobody means so many."""

_SERIAL = re.compile(r"[\w+=/:,.@-]+", re.ASCII)
"""What AWS takes for the name of an MFA device (AWS STS API Reference, AssumeRole, SerialNumber)."""


@dataclass(slots=True)
class Profiles:
    """What the AWS files say: roles, and what can't be used.

    Attributes:
        files: secrets included, never log.
        problems: what people should mend.
        instances: what stands for the sso-sessions (instances.py).
        unusable: of each profile that is no role here, why: those of `problems`, and those that only nobody could use
            (they have no credentials).
        mfa_processes: the shell commands that print codes of MFA devices, by the devices' serials.
    """

    files: AwsFiles | None = field(default=None, repr=False)
    roles: dict[str, Role] = field(default_factory=dict)
    problems: list[errors.XacctError] = field(default_factory=list)
    instances: list[Role] = field(default_factory=list)
    unusable: dict[str, errors.XacctError] = field(default_factory=dict)
    mfa_processes: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def raw(self) -> dict[str, Profile]:
        """The profiles of both files (secrets included)."""
        return self.files.profiles if self.files else {}

    def refuse(self, name: str, problem: errors.XacctError) -> None:
        """Take a role out, with why."""
        self.roles.pop(name, None)
        self.unusable[name] = problem
        self.problems.append(problem)


def read(env: Mapping[str, str], whose: str = "the daemon's", in_keychain: Mapping[str, str] | None = None) -> Profiles:
    """Read both files.

    Args:
        env: of it count the files' variables and those of targets.VARIABLES.
        whose: it is.
        in_keychain: profiles that have an access key in the keychain, each with the digest of its id.

    Raises:
        ConfigError: one can't be read or parsed; which, and where.
    """
    found = Profiles(inifiles.read(*inifiles.paths(env)))
    assert found.files is not None  # noqa: S101 - just read
    found.files.in_keychain = in_keychain or {}
    for name in found.files.profiles:
        try:
            found.roles[name] = _role(name, found.files, env, whose)
        except errors.UnknownRole as reason:
            found.unusable[name] = reason
        except errors.ConfigError as problem:
            found.refuse(name, problem)
    for names, ignored in found.files.ignored:
        found.problems.append(ignored)
        found.unusable |= {name: ignored for name in names if name not in found.files.profiles}
    without_loose_ends(found)
    found.instances = list(instances.found(found.files, env, whose))
    found.mfa_processes = mfa_process.of_devices(found.roles, found.files)
    if in_keychain:
        found.problems += keychain.unused(found.files, {name: _source(name, found.files) for name in in_keychain})
    return found


def without_loose_ends(found: Profiles) -> None:
    """Take out roles whose chain of parents ends nowhere or in a circle, or whose calls would go to another address.

    Each becomes a problem.
    """
    for name, role in list(found.roles.items()):
        if role.region is not None and not (regions.is_region(role.region) or role.target.endpoint_url):
            found.refuse(
                name,
                errors.ConfigError(
                    f"region of [roles.{name}] in config.toml is {role.region[:40]!r}, which is no region of AWS's.",
                    'For example: region = "eu-central-1"',
                ),
            )
        elif isinstance(role.parent, str) and (above := found.roles.get(role.parent)) and above.target != role.target:
            found.refuse(name, _parted(role, above))
    _cut_chains(found)  # last: what hangs from a role that was refused goes with it


def _cut_chains(found: Profiles) -> None:
    """Take out roles whose chain of parents does not end at a source, or is too long to be meant."""
    long, ends = [], {}
    for name in found.roles:
        chain, end = _chain(name, found.roles)
        if len(chain) > LONGEST_CHAIN:
            long.append(name)
        elif isinstance(end, str):
            ends[name] = "comes back to itself" if end in chain else f"ends at {end!r}, which can't be used"
    for name, trouble in ends.items():
        found.refuse(name, errors.ConfigError(f"The chain of {name!r} {trouble}.", "Check its source_profile."))
    if long:  # one problem for all of them: there may be thousands
        others = f" and those of {len(long) - 1} other profiles" if len(long) > 1 else ""
        problem = errors.ConfigError(
            f"The chain of {long[0]!r}{others} has more than {LONGEST_CHAIN} roles.", "Check its source_profile."
        )
        found.problems.append(problem)
        for name in long:
            del found.roles[name]
            found.unusable[name] = problem


def _chain(name: str, roles: Mapping[str, Role]) -> tuple[list[str], Source | str]:
    """The roles from this one up, to one more than there may be, and what the last one of them hangs from."""
    chain = [name]
    parent = roles[name].parent
    # guard: chain-of-profiles-has-end
    while isinstance(parent, str) and parent in roles and parent not in chain and len(chain) <= LONGEST_CHAIN:
        chain.append(parent)
        parent = roles[parent].parent
    return chain, parent


def _parted(role: Role, above: Role) -> errors.ConfigError:
    """AWS's tools make every call of a chain as its last profile says; here a role is held once for all it serves."""
    fields = ("endpoint_url", "ca_bundle", "fips", "dualstack", "legacy", "proxy_ca_bundle", "proxy_client_cert")
    differs = [name for name in fields if getattr(role.target, name) != getattr(above.target, name)]
    names = {"fips": "use_fips_endpoint", "dualstack": "use_dualstack_endpoint", "legacy": "sts_regional_endpoints"}
    settings = " and ".join(names.get(name, name) for name in differs)
    return errors.ConfigError(
        f"{role.name!r} and its source_profile {above.name!r} have not the same {settings}.",
        "AWS's tools would assume both as the first one says, and xacct as each says. Write the same in both.",
    )


def _role(name: str, files: AwsFiles, env: Mapping[str, str], whose: str) -> Role:
    """The role that a profile is.

    Raises:
        UnknownRole: it has no credentials at all.
        ConfigError: it can't be used; why.
    """
    profile = files.profiles[name]
    if not chains.assumes_a_role(profile):
        return _own_keys(name, files, env, whose)
    _check_values(name, files)
    parent, via = chains.parent_of(name, files)
    if not isinstance(parent, str):
        parent = files.shared(parent)
    includes = included.counts(profile)
    if includes:
        profile = included.completed(name, files)
        _check_values(name, replace(files, profiles={**files.profiles, name: profile}))
    region, target = targets.of(name, files, env, whose)
    chained = isinstance(parent, str)
    inherited = files.profiles[via].get("mfa_serial") if via is not None and not chained else None
    _check_serial(name, profile.get("mfa_serial"), files)
    if via is not None and not profile.get("mfa_serial"):
        _check_serial(via, inherited, files)
    return Role(
        name=name,
        parent=parent,
        role_arn=profile["role_arn"],
        mfa_serial=profile.get("mfa_serial") or (inherited if isinstance(inherited, str) else None) or None,
        external_id=profile.get("external_id"),
        session_name=profile.get("role_session_name"),
        duration=_duration(name, profile),
        region=region,
        target=target,
        included=str(profile[included.SETTING]) if includes else "",
    )


def _own_keys(name: str, files: AwsFiles, env: Mapping[str, str], whose: str) -> Role:
    """A profile without a role: to log in to it is to hold the MFA session's own credentials."""
    source = sources.own(name, files)
    if source is None:
        raise _leads_nowhere(name, files)
    source = files.shared(source)
    if source.kind == "profile" and source.temporary:
        raise errors.ConfigError(
            f"The keys of {name!r} are temporary (a session token), and nothing says until when they last:"
            " xacct can't hand them on.",
            f"Use them as they are (--profile {name}), or as the source_profile of a role.",
        )
    _check_values(name, files)
    region, target = targets.of(name, files, env, whose)
    profile = files.profiles[name]
    if source.signs_in is not None:
        return Role(name=name, parent=source, region=region, target=target)
    if source.gives_token:
        arn, session = profile["role_arn"], profile.get("role_session_name")
        return Role(name=name, parent=source, role_arn=arn, session_name=session, region=region, target=target)
    _check_serial(name, profile.get("mfa_serial"), files)
    return Role(name=name, parent=source, mfa_serial=profile.get("mfa_serial"), region=region, target=target)


def _source(name: str, files: AwsFiles) -> Source | None:
    """The source that a profile is by itself; None where it is none, or can't be used."""
    try:
        return sources.own(name, files) if name in files.profiles else None
    except errors.ConfigError:
        return None


def _leads_nowhere(name: str, files: AwsFiles) -> errors.UnknownRole:
    profile = files.profiles[name]
    if asks_xacct(profile.get("credential_process")):
        return errors.UnknownRole(
            f"The profile {name!r} asks xacct for its credentials: it is no role of its own.",
            "Name the role that its credential_process names.",
        )
    return errors.UnknownRole(
        f"The profile {name!r} has no credentials: neither an access key, nor a role_arn, nor a credential_process.",
        f"Add source_profile and role_arn to {files.where(name, '')}.",
    )


def _check_values(name: str, files: AwsFiles) -> None:
    """Refuse what AWS would be asked with as it stands and can't be: an empty value, or a block."""
    profile = files.profiles[name]
    for setting in chains.ROLE_SETTINGS:
        value = profile.get(setting)
        if value is not None and (not isinstance(value, str) or not value):
            what = "is an indented block" if value else "is empty"
            raise errors.ConfigError(
                f"{setting} of {files.where(name, setting)} {what}.", "Give it a value, or remove that line."
            )


def _check_serial(name: str, serial: object, files: AwsFiles) -> None:
    """Refuse what names no MFA device, before a human is asked for a code of it."""
    if not isinstance(serial, str) or not serial or _SERIAL.fullmatch(serial):
        return
    meant = _SERIAL.fullmatch(serial.split()[0].strip("'\""))  # a comment behind it, or quotes
    raise errors.ConfigError(
        f"mfa_serial of {files.where(name, 'mfa_serial')} names no device: AWS takes no {_first_wrong(serial)} there.",
        f"Write mfa_serial = {meant[0]} and nothing else in that line." if meant else "Write the device's ARN.",
    )


def _first_wrong(serial: str) -> str:
    wrong = next(char for char in serial if not _SERIAL.fullmatch(char))
    return "space" if wrong.isspace() else repr(wrong)


def _duration(name: str, profile: Profile) -> int | None:
    duration = profile.get("duration_seconds")
    if duration is None:
        return None
    if not str(duration).isascii() or not str(duration).isdigit():
        raise errors.ConfigError(f"duration_seconds of {name!r} is no number.", "Seconds, for example 3600.")
    return int(duration) or None
