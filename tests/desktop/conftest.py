"""A human's desk, by the machine's clock."""

import pytest
from desk import Desk


@pytest.fixture
def desk():
    return Desk()
