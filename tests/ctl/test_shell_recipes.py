"""docs/shells.md, run: each block of it by its program, or by a stand-in that reads it as the documentation says.

And the lists of docs/recipes.md, with a stand-in for the AWS CLI that takes these arguments and no others.
"""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_until

from xacct import settings, templates
from xacct.ctl.main import main

DOCS = Path(__file__).parents[2] / "docs"
PROGRAMS = re.compile(r"^## (direnv|starship|tmux|Waybar)$", re.MULTILINE)


def blocks(page, heading):
    """The blocks of code below a heading."""
    text = (DOCS / page).read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def prod(daemon):
    """A daemon that holds prod."""
    daemon.answers["/v1/status?role=prod"] = daemon._get_status(None, None)
    return daemon


def sh(script, shell="sh"):
    done = subprocess.run(
        [shell, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout, done.stderr, done.returncode


def test_each_recipe_of_the_page_is_here():
    here = Path(__file__).read_text("utf-8")
    headings = re.findall(r"^## (.*)$", (DOCS / "shells.md").read_text("utf-8"), re.MULTILINE)
    assert headings == [found[1] for found in PROGRAMS.finditer("\n".join(f"## {each}" for each in headings))]
    assert all(f'blocks("shells.md", "{heading}")' in here for heading in headings)


def test_direnv(prod, command, place):
    [envrc] = blocks("shells.md", "direnv")
    (place / "envrc").write_text(envrc)
    once = re.search("once: (.*)>>", envrc)[1]
    # as direnv's stdlib: `use X` is use_X, and what was exported is carried over
    stand_in = f'use() {{ local word=$1; shift; "use_$word" "$@"; }}\nwatch_file() {{ :; }}\neval "$({once})"\n'
    said, errors, status = sh(f'{stand_in}. {place}/envrc; echo "$XACCT_ROLE"', "bash")
    assert (said, errors, status) == ("prod\n", "", 0)


def test_starship(prod, command, monkeypatch):
    [toml] = blocks("shells.md", "starship")
    module = tomllib.loads(toml)["custom"]["xacct"]
    assert sh(module["when"])[2] == 1
    monkeypatch.setenv("XACCT_ROLE", "prod")
    assert sh(module["when"], *module["shell"])[2] == 0
    output = sh(module["command"], *module["shell"])[0].strip()
    assert module["format"].replace("$output", output) == "[prod 7h05m]($style) "


@pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
def test_tmux(prod, command, place, monkeypatch):
    bashrc, conf = blocks("shells.md", "tmux")
    (place / "tmux.conf").write_text(conf)
    (place / "bashrc").write_text(bashrc)
    monkeypatch.setenv("XACCT_ROLE", "prod")
    tmux = ["tmux", "-S", str(place / "tmux"), "-f", str(place / "tmux.conf")]
    shell = f"bash --rcfile {place / 'bashrc'} -i"
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "5", shell], check=True, timeout=PATIENCE)
    try:
        wait_until(lambda: _bar(tmux).startswith("prod 7h05m "))
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, timeout=PATIENCE)


def _bar(tmux):
    line = [*tmux, "display-message", "-p", "#{T:status-right}"]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize("locked", [False, True])
def test_waybar(prod, command, place, locked):
    [text] = blocks("shells.md", "Waybar")
    module = json.loads(text)["custom/xacct"]
    prod.answers["/v1/status"] = prod._get_status(None, None) | {"locked": locked}
    shown = json.loads(sh(module["exec"])[0])
    assert shown["class"] == ("locked" if locked else "open")
    assert shown["text"] == ("locked" if locked else "1 roles")
    assert shown["tooltip"] == "prod"
    assert main(module["on-click"].split()[1:]) == 0


def test_a_bar_starts_no_daemon(spawned, command, place):
    [text] = blocks("shells.md", "Waybar")
    said, _, status = sh(json.loads(text)["custom/xacct"]["exec"].partition(" | ")[0])
    assert (said, status) == ("", 3)
    assert not (place / "starts").exists()


AWS = """#!/bin/sh
case "$*" in
    "organizations list-accounts --query Accounts[?Status=='ACTIVE'].[Id,Name] --output text")
        [ "$XACCT_ROLE" = org-reader ] || exit 254
        printf '111122223333\\tTeam A\\n444455556666\\tTeam B\\n' ;;
    "sts get-caller-identity --query Account --output text")
        case $XACCT_ROLE in prod) echo 111122223333 ;; *) echo 444455556666 ;; esac ;;
    "iam list-account-aliases --query AccountAliases[0] --output text")
        case $XACCT_ROLE in prod) echo payments ;; *) echo None ;; esac ;;
    *) echo "aws: unknown arguments: $*" >&2; exit 252 ;;
esac
"""


def test_accounts_of_an_organization(daemon, command, place):
    [recipe] = blocks("recipes.md", "Accounts of an organization")
    daemon.roles["org-reader"] = None
    command("aws", AWS)
    there = place / "h" / ".config" / "xacct"
    there.mkdir(parents=True)
    assert sh(recipe)[1:] == ("", 0)
    (there / "config.toml").write_text(
        '[templates.all]\ncsv = "organization.csv"\nname = "{account_name}"\nsource_profile = "p"\n'
        'role_arn = "arn:aws:iam::{account}:role/OrganizationAccountAccessRole"\n'
    )
    roles = templates.expanded(settings.read(there / "config.toml"), there).roles
    assert {name: role.role_arn[13:25] for name, role in roles.items()} == {
        "Team A": "111122223333",
        "Team B": "444455556666",
    }
    command("aws", "#!/bin/sh\nexit 254\n")
    before = (there / "organization.csv").read_text()
    assert sh(recipe)[2] == 254
    assert (there / "organization.csv").read_text() == before


def test_account_aliases(daemon, command, place):
    [recipe] = blocks("recipes.md", "Account aliases")
    command("aws", AWS)
    said, _, status = sh(recipe.replace("cust-*", "*"))
    assert (said, status) == ('"111122223333" = "payments"\n', 0)
    (place / "config.toml").write_text(f"[accounts]\n{said}")
    assert settings.read(place / "config.toml").accounts == {"111122223333": "payments"}
