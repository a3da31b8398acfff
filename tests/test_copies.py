"""The daemon's part in copies of the config file: it hears of changes, rests otherwise, and removes what nobody has."""

import asyncio

import pytest
from waiting import until

from xacct.copies import store
from xacct.daemon import copies

LATER = 4e9


class Watched:
    """A copy and the one that watches it, with its looks counted."""

    def __init__(self, directory, monkeypatch):
        self.runtime, self.tokens, self.config = directory / "run", directory / "run" / "grants", directory / "config"
        self.tokens.mkdir(parents=True)
        self.config.write_text("[default]\nregion = x\n")
        self.about = store.About(str(self.config), str(directory / "credentials"), "xacct")
        self.place = store.directory(str(self.runtime), self.about)
        self.living = {"0123abcd"}
        self.looks = 0
        synced = store.synced

        def counted(*arguments):
            self.looks += 1
            return synced(*arguments)

        monkeypatch.setattr(store, "synced", counted)
        self.copies = copies.Copies(self.runtime, self.tokens, lambda: self.living)

    def make(self, user="0123abcd"):
        return store.made(self.place, self.about, user, LATER)

    def write(self, copy):
        with open(copy, "a") as file:  # noqa: PTH123
            file.write("[profile new]\n")

    def has_written(self):
        return "[profile new]" in self.config.read_text()


@pytest.fixture
def watched(tmp_path, monkeypatch):
    return Watched(tmp_path, monkeypatch)


async def test_it_looks_when_something_has_changed_and_not_otherwise(watched, monkeypatch):
    monkeypatch.setattr(copies, "POLL", 0.1)
    running = asyncio.create_task(watched.copies.run())
    try:
        await asyncio.sleep(0.1)
        assert watched.looks == 0
        watched.write(watched.make())
        await until(watched.has_written, "its look")
        before = None
        while before != watched.looks:  # its own writing is a change as well: it may look at that once or twice
            before = watched.looks
            assert before <= 8
            await asyncio.sleep(0.5)
    finally:
        running.cancel()


async def test_a_copy_that_is_made_while_it_begins_is_looked_at(watched, monkeypatch):
    all_in = store.all_in

    def meanwhile(runtime):
        found = all_in(runtime)
        monkeypatch.setattr(store, "all_in", all_in)
        watched.write(watched.make())
        return found

    monkeypatch.setattr(store, "all_in", meanwhile)
    running = asyncio.create_task(watched.copies.run())
    try:
        await until(watched.has_written, "its look")
    finally:
        running.cancel()


@pytest.mark.parametrize("secrets", [False, True])
def test_a_copy_stays_while_a_grants_token_file_does_unless_there_are_keys_in_it(watched, secrets):
    if secrets:
        watched.config.write_text("[profile a]\naws_access_key_id = x\n")
    watched.make()
    watched.copies.tidy(watched.living)
    assert store.all_in(str(watched.runtime)) == [watched.place]
    watched.living.clear()
    (watched.tokens / "0123abcd").write_text("ended")
    watched.copies.tidy(watched.living)
    assert store.all_in(str(watched.runtime)) == ([] if secrets else [watched.place])
    (watched.tokens / "0123abcd").unlink()
    watched.copies.tidy(watched.living)
    assert store.all_in(str(watched.runtime)) == []
