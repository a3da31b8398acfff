"""The docs say what the code does: settings, errors, verbs and links are compared with it."""

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from xacct import settings, wire
from xacct.ctl import failure
from xacct.ctl.verb import WHERE

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
TABLES = {
    "daemon": settings.Daemon,
    "session": settings.Session,
    "prompts": settings.Prompts,
    "endpoint": settings.EndpointSettings,
    "containers": settings.ContainersSettings,
    "audit": settings.AuditSettings,
    "imds": settings.ImdsSettings,
    "identity_center": settings.IdentityCenterSettings,
    "console": settings.ConsoleSettings,
    "lock": settings.Lock,
    "roles.NAME": settings.RoleSettings,
    "templates.NAME": settings.Template,
    "catalogues.NAME": settings.TeamCatalogue,
    "agents": settings.AgentsSettings,
    "scopes.NAME": settings.ScopeSettings,
}


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def code_in(text):
    """What stands in code blocks and between backquotes."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))]


def anchor(heading):
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# Links.


def links(text):
    without_code = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", without_code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_relative_link_leads_somewhere(page):
    for link in links(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), f"{page.name}: {link}"


def test_the_link_finder_finds():
    assert links("see [a](b.md#c), not `[d](e)`\n```\n[f](g)\n```\n[h](https://i)") == ["b.md#c", "https://i"]


# Settings.


def section(text, heading):
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def documented(table):
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section(text_of("docs/settings.md"), f"[{table}]"), re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("table", TABLES)
def test_each_setting_is_documented_and_no_other(table):
    assert list(documented(table)) == list(TABLES[table].__struct_fields__)


def test_each_table_is_documented_and_no_other():
    tables = re.findall(r"^## \[(.+)\]$", text_of("docs/settings.md"), re.MULTILINE)
    assert tables == [*TABLES, "aliases", "groups", "accounts"]
    assert [name.partition(".")[0] for name in tables] == list(settings.Settings.__struct_fields__)


@pytest.mark.parametrize("table", [name for name in TABLES if name != "roles.NAME"])
def test_each_default_is_the_real_one(table):
    shown = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default in documented(table).items()}
    assert shown == msgspec.json.decode(msgspec.json.encode(TABLES[table]()))


def test_the_example_is_valid(tmp_path):
    found = re.findall(r"^```toml\n(.*?)^```", text_of("docs/settings.md"), re.MULTILINE | re.DOTALL)
    assert found
    for example in found:
        (tmp_path / "config.toml").write_text(example)
        settings.read(tmp_path / "config.toml")


def test_each_variable_of_ours_in_the_source_is_documented():
    source = "".join(path.read_text("utf-8") for path in (ROOT / "src/xacct").rglob("*.py"))
    table = section(text_of("docs/settings.md"), "Environment variables")
    ours = set(re.findall(r'"((?:XACCT|XDG)_[A-Z_]+)"', source)) - {
        "XACCT_MFA_SERIAL",
        "XACCT_ROLE",
        "XACCT_SOURCE",
        "XACCT_INSTEAD_OF_CONFIG_FILE",
        "XACCT_INSTEAD_OF_DEFAULT_REGION",
        "XACCT_INSTEAD_OF_REGION",
        "XACCT_PROFILE",
        "XACCT_PROJECT",
        "XACCT_REGION",
        "XACCT_SANDBOXED",
    }  # set, and not for people to set
    assert ours == set(re.findall(r"`((?:XACCT|XDG)_[A-Z_]+)`", table))


# Errors.


def test_the_page_of_errors_is_what_the_code_makes():
    spec = importlib.util.spec_from_file_location("errors_doc", ROOT / "scripts/errors_doc.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert text_of("docs/errors.md") == generator.page(), "run: python scripts/errors_doc.py"


def test_the_control_api_lists_the_categories_and_their_exit_status():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\d) \|$", text_of("docs/control-api.md"), re.MULTILINE)
    body = {"code": "any", "sentence": "", "hint": ""}
    assert dict(rows) == {
        category: str(failure.status_of({**body, "category": category})) for category in get_args(wire.Category)
    }


# README.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_verb_that_is_named_exists(page):
    for code in code_in(page.read_text("utf-8")):
        for verb in re.findall(r"\bxacctctl (?!--)([a-z_]+)", code):
            assert verb in WHERE, f"{page.name}: xacctctl {verb}"


def test_the_readme_has_each_verb_in_its_table():
    table = text_of("README.md").partition("| for | `xacctctl` ... |\n|---|---|\n")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`([a-z]+)", table)) == sorted(WHERE)


def test_the_readme_names_only_settings_that_exist(tmp_path):
    readme = text_of("README.md")
    for example in re.findall(r"^```toml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL):
        (tmp_path / "config.toml").write_text(example)
        settings.read(tmp_path / "config.toml")
    for name in re.findall(r"`\[?((?:daemon|session|prompts|roles)\.[\w.]+)\]?`", readme):
        table, _, setting = name.rpartition(".")
        table = "roles.NAME" if table.startswith("roles") else table
        assert setting in TABLES[table].__struct_fields__, name


def test_each_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    for page in PAGES:
        for code in code_in(page.read_text("utf-8")):
            for target in re.findall(r"(?:^|\$ )make ([a-z][a-z-]*)", code, re.MULTILINE):
                assert target in targets, f"{page.name}: make {target}"
