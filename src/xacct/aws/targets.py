"""Where STS is asked for a role, and how: what botocore would take of the role's own profile, and of nothing else.

The order in which botocore looks (botocore/configprovider.py) is environment, then profile. Here a profile comes first.
Of the environment count the variables of VARIABLES and no others, and they are those of the shell whose role it is
(awsfiles.Files). docs/aws-settings.md says why.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from xacct import errors
from xacct.aws import regions
from xacct.awsfiles import CA_BUNDLES, ENDPOINT
from xacct.model import StsTarget
from xacct.text import without_password

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xacct.aws.inifiles import AwsFiles

IAM_ENDPOINT = "AWS_ENDPOINT_URL_IAM"
"""Counts for the daemon's own files alone: no request says what another shell has."""

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")

VARIABLES = (ENDPOINT, *CA_BUNDLES, *PROXIES)
"""What of an environment has a say in where and how STS is asked; proxies in small letters as well."""

IN_ENVIRONMENT = "the daemon's environment"

_HOST = re.compile(r"((?!-)[A-Z\d-]{1,63}(?<!-)\.)*((?!-)[A-Z\d-]{1,63}(?<!-))\.?", re.IGNORECASE)
_UNSAFE = re.compile(r"[\t\r\n ]")


def of(name: str, files: AwsFiles, env: Mapping[str, str], whose: str = "the daemon's") -> tuple[str | None, StsTarget]:
    """The region that a profile names, and where and how STS is asked for it; `whose` environment `env` is.

    Raises:
        ConfigError: a setting can't be meant; which, of which section, in which file.
    """
    return _Reader(name, files, env, whose).read()


def of_iam(name: str, files: AwsFiles, env: Mapping[str, str], whose: str = "the daemon's") -> StsTarget:
    """Where and how IAM is asked about the key of a profile.

    Raises:
        ConfigError: a setting can't be meant.
    """
    return _Reader(name, files, env, whose).read_iam()


def named_for_iam(name: str, files: AwsFiles, env: Mapping[str, str]) -> str | None:
    """The address that a profile, or else `env`, names for IAM; None: neither does.

    Raises:
        ConfigError: it can't be meant.
    """
    return _Reader(name, files, env, "").named_for_iam()


def address_of_iam(sts: StsTarget, named: str | None) -> str | None:
    """Where IAM is asked; None: at AWS's own address.

    Who is STS at an address that is none of AWS's (LocalStack, xacct-sandbox) is IAM there, too: nobody else is to see
    what is signed with such keys. A VPC's endpoint for STS is AWS's, and is STS alone.
    """
    if named is not None or sts.endpoint_url is None:
        return named
    host = urlsplit(sts.endpoint_url).hostname or ""
    return None if regions.is_awss(host) else sts.endpoint_url  # guard: iam-is-asked-where-sts-is


def of_service(service: str, name: str, files: AwsFiles) -> str | None:
    """The address that a profile names for another service than STS ("sso", "sso_oidc"); None: AWS's own.

    Raises:
        ConfigError: it can't be meant.
    """
    return _Reader(name, files, {}, "").endpoint_of(service)


def trouble(url: str) -> str | None:
    """What is wrong with the address of an endpoint; None: nothing (botocore/utils.py: is_valid_endpoint_url)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in {"http", "https"}:
        return "has to begin with http:// or https://"
    if host is None or _UNSAFE.search(url) or len(host) > 255:  # noqa: PLR2004 - a DNS name's longest
        return "names no host"
    if ":" not in host and not _HOST.fullmatch(host):
        return "names no host"
    return None


def shown(url: str) -> str:
    """An address for a sentence: without the name and password that may stand in it, and cut."""
    return without_password(url)[:200]


class _Reader:
    """One profile's settings, each checked as it is read."""

    def __init__(self, name: str, files: AwsFiles, env: Mapping[str, str], whose: str) -> None:
        self._name = name
        self._files = files
        self._profile = files.profiles.get(name, {})
        self._env = env
        self._whose = whose
        self._origins: dict[str, str] = {}

    def read(self) -> tuple[str | None, StsTarget]:
        url = self.endpoint_of("sts")
        region, fips_region = self._region(any_label=url is not None)
        fips = self._flag("use_fips_endpoint") or fips_region
        dualstack = self._flag("use_dualstack_endpoint")
        # guard: profiles-address-beats-environments
        if url is None and not (fips or dualstack or self._flag("ignore_configured_endpoint_urls")):
            url = self._of_environment(ENDPOINT, "endpoint_url")
        self._flag("proxy_use_forwarding_for_https", never="xacct's client can't do that")
        target = StsTarget(
            endpoint_url=url,
            ca_bundle=self._ca_bundle(),
            fips=fips,
            dualstack=dualstack,
            legacy=self._legacy() and url is None,
            proxy_ca_bundle=self._text("proxy_ca_bundle"),
            proxy_client_cert=self._text("proxy_client_cert"),
            origins=tuple(self._origins.items()),
        )
        return region, target

    def read_iam(self) -> StsTarget:
        _, sts = self.read()
        url = address_of_iam(sts, self.named_for_iam())
        return replace(sts, endpoint_url=url, origins=tuple(self._origins.items()))

    def named_for_iam(self) -> str | None:
        url = self.endpoint_of("iam")
        apart = ("use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls")
        if url is not None or any(self._flag(setting) for setting in apart):
            return url
        url = self._of_environment(IAM_ENDPOINT, "endpoint_url")
        if url is not None and (why := trouble(url)):
            raise errors.ConfigError(f"{IAM_ENDPOINT} {why}.", f"For example: {IAM_ENDPOINT}=http://localhost:4566")
        return url

    def endpoint_of(self, service: str) -> str | None:
        """The address that the profile names for a service."""
        if self._flag("ignore_configured_endpoint_urls"):
            return None
        url = self._of_services(service) or self._text("endpoint_url", may_be_empty=True)
        if url and (why := trouble(url)):
            where = self._origins.get("endpoint_url", "")
            raise errors.ConfigError(f"{where} {why}.", "For example: endpoint_url = http://localhost:4566")
        return url or None

    def _of_services(self, service: str) -> str | None:
        section = self._text("services")
        if section is None:
            return None
        services = self._files.services.get(section)
        if not services:
            raise self._wrong("services", f"names [services {section[:60]}], which does not exist", "Add that section.")
        block = services.get(service, {})
        if not isinstance(block, dict):
            raise errors.ConfigError(
                f"{service} of [services {section[:60]}] in {self._files.config_file} is no block.",
                f"Write endpoint_url = ... in an indented line below `{service} =`.",
            )
        if block.get("endpoint_url"):
            self._origins["endpoint_url"] = f"endpoint_url of [services {section[:60]}] in {self._files.config_file}"
        return block.get("endpoint_url")

    def _region(self, *, any_label: bool) -> tuple[str | None, bool]:
        written = self._text("region")
        if written is None:
            return None, False
        region, fips = regions.without_fips(written)
        if regions.is_region(region) or (any_label and regions.is_label(region)):
            return region, fips
        meant = regions.meant(written)
        raise self._wrong(
            "region",
            f"is {written[:40]!r}, which is no region of AWS's",
            f"Write region = {meant} and nothing else in that line." if meant else "For example: region = eu-central-1",
        )

    def _ca_bundle(self) -> str | None:
        own = self._text("ca_bundle")
        if own is not None:
            return own
        return next(filter(None, (self._of_environment(name, "ca_bundle") for name in CA_BUNDLES)), None)

    def _legacy(self) -> bool:
        written = self._text("sts_regional_endpoints", may_be_empty=True)
        if written not in {None, "", "regional", "legacy"}:
            raise self._wrong("sts_regional_endpoints", "is neither regional nor legacy", "Remove that line.")
        return written == "legacy"

    def _of_environment(self, variable: str, setting: str) -> str | None:
        value = self._env.get(variable)
        if value:
            self._origins[setting] = f"{variable} in {self._whose} environment"
        return value or None

    def _text(self, setting: str, *, may_be_empty: bool = False) -> str | None:
        value: Any = self._profile.get(setting)
        if value is None:
            return None
        self._origins[setting] = f"{setting} of {self._files.where(self._name, setting)}"
        if not isinstance(value, str):
            raise self._wrong(setting, "is an indented block", f"Write {setting} = VALUE in one line.")
        if not value and not may_be_empty:
            raise self._wrong(setting, "is empty", "Give it a value, or remove that line.")
        return value

    def _flag(self, setting: str, never: str = "") -> bool:
        """A yes or no. For botocore all but `true` is a no; what is neither is refused here."""
        written = (self._text(setting) or "false").lower()
        if written not in {"true", "false"}:
            raise self._wrong(setting, "is neither true nor false", f"{setting} = true")
        if written == "true" and never:
            raise self._wrong(setting, f"is true: {never}", "Remove that line.")
        return written == "true"

    def _wrong(self, setting: str, what: str, hint: str) -> errors.ConfigError:
        return errors.ConfigError(f"{setting} of {self._files.where(self._name, setting)} {what}.", hint)
