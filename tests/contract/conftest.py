"""Every client that can run here, and a reason for each that can't."""

import pytest
from consumers import ALL


def pytest_collection_modifyitems(items):
    for item in items:
        if "contract" in item.path.parts:
            item.add_marker(pytest.mark.contract)


@pytest.fixture(params=ALL, ids=lambda client: client.name)
def client(request):
    """Each client in turn, if its parts are here."""
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param
