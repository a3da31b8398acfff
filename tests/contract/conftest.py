"""Every client that can run here, a reason for each that can't, and what the matrix has seen of them."""

import json
from pathlib import Path

import pytest
import toolchains
import versions
from consumers import ALL

RESULTS = Path(__file__).with_name("results.json")


def pytest_collection_modifyitems(items):
    for item in items:
        if "contract" in item.path.parts:
            item.add_marker(pytest.mark.contract)


@pytest.fixture(scope="session", autouse=True)
def built():
    """Clients of our own in other languages: seconds, or minutes in a fresh clone."""
    toolchains.build()


@pytest.fixture(params=ALL, ids=lambda client: client.name)
def client(request):
    """Each client in turn, if its parts are here."""
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param


@pytest.fixture(scope="session")
def results(built):
    """What there was to see, for scripts/compatibility.py: cells[client][scenario], versions[client]."""
    found = {"versions": {}, "cells": {}}
    for client in ALL:
        if not client.missing:
            found["versions"][client.name] = versions.of(client)
            found["cells"][client.name] = {}
    yield found
    RESULTS.write_text(json.dumps(found, indent=2))
