"""AWS's regions and partitions, as botocore's partitions.json lists them, and the region where nothing names one."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

LEGACY_DEFAULT = "us-east-1"
"""Where STS is asked for what no ARN gives a partition (AWS's own default)."""

_DOMAINS = ("dnsSuffix", "dualStackDnsSuffix")

_FIPS = re.compile(r"fips-|-fips")
_LABEL = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")
"""What can stand in a host's name (botocore/utils.py: validate_region_name)."""


def of_arn(arn: str | None) -> str:
    """The region where STS is asked for an ARN's partition: the one its global services sign for."""
    name = (arn or "").split(":")[1] if (arn or "").startswith("arn:") and ":" in (arn or "")[4:] else "aws"
    for partition in _partitions():
        if partition["id"] == name:
            return str(partition["outputs"]["implicitGlobalRegion"])
    return LEGACY_DEFAULT


def is_awss(host: str) -> bool:
    """Whether a host is in one of the domains in which AWS's services are."""
    domains = {partition["outputs"][name] for partition in _partitions() for name in _DOMAINS}
    return any(host.endswith(f".{domain}") for domain in domains)


def is_region(name: str) -> bool:
    """Whether a partition has such a region, known or of its pattern: new ones come before we know them."""
    return is_known(name) or any(re.fullmatch(partition["regionRegex"], name) for partition in _partitions())


def partition_of(region: str) -> str | None:
    """The partition that has a region, as ARNs call it; None: no partition that is known."""
    for partition in _partitions():
        if region in partition["regions"] or re.fullmatch(partition["regionRegex"], region):
            return str(partition["id"])
    return None


def is_known(name: str) -> bool:
    """Whether botocore lists this region."""
    return any(name in partition["regions"] for partition in _partitions())


def is_label(name: str) -> bool:
    """Whether botocore would make a client for this region, be it none of AWS's (LocalStack takes any)."""
    return _LABEL.fullmatch(name) is not None


def without_fips(name: str) -> tuple[str, bool]:
    """A region, and whether it was written as a FIPS pseudo region (`fips-us-gov-west-1`, `us-east-1-fips`)."""
    plain = _FIPS.sub("", name)
    return plain, plain != name


def meant(name: str) -> str | None:
    """The region that a mistaken one may mean: without its quotes, comment or availability zone; None: no idea."""
    for found in re.findall(r"[a-z]+(?:-[a-z]+)+-[0-9]+", name.lower().replace("_", "-")):
        if is_known(found):
            return str(found)
    return None


@cache
def _partitions() -> list[dict[str, Any]]:
    import botocore  # noqa: PLC0415 - late, as every import of it

    path = Path(botocore.__file__).parent / "data" / "partitions.json"
    partitions: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["partitions"]
    return partitions
