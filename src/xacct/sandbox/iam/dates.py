"""Instants as IAM writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def written(instant: float) -> str:
    """Return Unix seconds in ISO 8601, without fractions."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
