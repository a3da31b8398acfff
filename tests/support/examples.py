"""How many examples a property test takes that is content with neither fewer nor more than it says."""

from hypothesis import settings

BRIEF = 4
"""Under the profile of `make test` a test takes one example of so many: see tests/conftest.py."""


def examples(number):
    """How many of `number` examples are taken under the profile that is loaded."""
    return max(1, number // BRIEF) if settings.get_current_profile_name() == "brief" else number
