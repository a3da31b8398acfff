"""What every test stands on: no suite that needs more than .venv by accident, and nobody's home."""

import os

import pytest
import structlog
from hypothesis import settings

# The same examples every time, so that a red run is red again; `make explore` goes looking for others.
settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", max_examples=3000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

# What is logged is tested where it matters; elsewhere it would only fill reports.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))

# These two need more than .venv offers. Naming them (`pytest tests/contract`) runs them all the
# same; pytest ignores only what it would otherwise have come across.
collect_ignore = ["contract", "system"]


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory):
    """Keep every test, and every process it starts, away from the developer's own credentials.

    A test that wants XDG_RUNTIME_DIR or an AWS variable sets it itself.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "XACCT_", "XDG_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        # Should a test forget to name an endpoint, it must not find a cloud machine's own role.
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield home
