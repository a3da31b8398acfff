"""What ARCHITECTURE.md says of adding things: each kind has a table, and nothing that belongs there is left out."""

import ast
import re
import typing
from pathlib import Path

import msgspec
import pytest

from xacct import model, payloads, settings
from xacct.aws import sources
from xacct.control import serializers
from xacct.credentials import events
from xacct.credentials.fetchers import BY_HOP
from xacct.desktop import BESIDE, WAYS
from xacct.event_bus import Internal
from xacct.grants import events as grant_events
from xacct.policy import Hop
from xacct.prompts import events as prompt_events
from xacct.settings import WayName
from xacct.signin import SignIn

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "xacct"


def functions_named(folder, names):
    """The files in a folder that have a function or class of one of these names."""
    found = set()
    for file in (SOURCE / folder).glob("*.py"):
        defined = {node.name for node in ast.parse(file.read_text()).body if hasattr(node, "name")}
        if defined & names:
            found.add(file.stem)
    return found


def test_each_kind_of_source_is_in_the_table_and_has_its_words():
    assert sources.KINDS.keys() == set(typing.get_args(typing.get_type_hints(model.Source)["kind"]))
    for kind in sources.KINDS.values():
        source = model.Source("work", "profile", sign_in=SignIn("corp", "https://corp.example/start", "eu-central-1"))
        assert kind.describe(source)
        assert kind.needs_human(source, {"HOME": "/nonexistent"}, 0.0) in {True, False}


def test_each_file_of_a_source_is_looked_for_or_loaded():
    files = {file.stem for file in (SOURCE / "aws" / "sources").glob("*.py")} - {"__init__", "kind"}
    used = {look.__module__.rpartition(".")[2] for look in sources.LOOKS}
    used |= {type(kind).__module__.rpartition(".")[2] for kind in sources.KINDS.values()}
    assert files == used


def test_each_way_to_ask_is_in_the_table_the_settings_and_on_the_page():
    assert set(typing.get_args(WayName)) == WAYS.keys()
    named = {name: make for makes in WAYS.values() for name, make in makes.items()}
    assert functions_named("desktop", {"way"}) == {make.__module__.rpartition(".")[2] for make in named.values()}
    assert functions_named("desktop", {"teller", "answerer"}) == {
        make.__module__.rpartition(".")[2] for make in BESIDE.values()
    }
    [row] = re.findall(r"^\| `asks` \|.*$", (ROOT / "docs/control-api.md").read_text(), re.MULTILINE)
    assert all(f"`{name}`" in row for name in (named.keys() | BESIDE.keys()) - {"terminal"})
    settings_page = (ROOT / "docs/settings.md").read_text()
    assert all(re.search(rf"^\| `{name}` \| ", settings_page, re.MULTILINE) for name in WAYS)


def test_each_event_is_told_of_or_internal():
    told = set(typing.get_args(events.Event))
    for module in (events, prompt_events, grant_events):
        here = {kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__}
        assert {kind for kind in here if not issubclass(kind, Internal)} <= told, "in events.Event, or Internal"


def streamed():
    """The events of the wire by name."""
    kinds = typing.get_args(serializers.StreamEvent)
    return {name: kind for kind in kinds for name in typing.get_args(typing.get_type_hints(kind)["event"])}


@pytest.mark.parametrize("name", streamed())
def test_each_event_of_a_stream_is_on_the_page(name):
    assert (
        f"`{name}`" in (ROOT / "docs/control-api.md").read_text()
        or f'"event": "{name}"' in (ROOT / "docs/control-api.md").read_text()
    )


def test_the_wires_events_are_those_that_streams_have():
    kinds = {kind for kind in vars(payloads).values() if typing.is_typeddict(kind) and kind.__name__.endswith("Event")}
    assert kinds == set(typing.get_args(serializers.StreamEvent))


def test_each_path_to_a_role_has_a_fetcher_but_those_that_are_a_session():
    assert BY_HOP.keys() == set(Hop) - {Hop.SESSION, Hop.CONSOLE}


def test_what_config_toml_says_of_a_role_is_a_field_of_it():
    """Under another name where it is a span, or where it leads."""
    otherwise = {"source_profile": "parent"}
    fields = {field.name for field in msgspec.structs.fields(settings.RoleSettings)}
    assert {otherwise.get(name, name) for name in fields} <= set(model.Role.__dataclass_fields__)
