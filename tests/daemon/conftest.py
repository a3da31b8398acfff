from virtual_time import clock  # noqa: F401 - a fixture
