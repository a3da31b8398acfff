"""agent: what it writes into the settings of each coding agent, what it leaves alone, and how all of it goes again."""

import importlib.util
import json
import shlex
import subprocess
import tomllib

import pytest
from botocore.configloader import load_config
from fake_daemon import ProblemError

from xacct import awsfiles
from xacct.ctl.agent import change, jsonc, look
from xacct.ctl.agent.tools import TOOLS
from xacct.ctl.main import main

SECRET = "sk-ant-api03-this-is-a-secret"

CLAUDE = f"""{{
  "permissions": {{
    "allow": ["Bash(npm run test:*)"]
  }},
  "env": {{
    "ANTHROPIC_API_KEY": "{SECRET}"
  }}
}}
"""
CODEX = f"""# Codex, by hand
model = "gpt-5.2"
approval_policy = "on-request"

[model_providers.proxy]
http_headers = {{ Authorization = "{SECRET}" }}  # ours

[shell_environment_policy]
inherit = "core"
exclude = ["AWS_*"]

[projects."/home/alice/a b"]
trust_level = "trusted"
"""
VSCODE = f"""// Place your settings in this file to overwrite the default settings
{{
    "editor.fontSize": 13, // small
    /* "window.zoomLevel": 1, */
    "github.token": "{SECRET}",
    "terminal.integrated.env.linux": {{ "A": "1", }},
}}
"""
GEMINI = f'{{\n  "security": {{"auth": {{"selectedType": "oauth-personal"}}}},\n  "x": "{SECRET}"\n}}'
MCP = f"""{{
  "mcpServers": {{
    "github": {{ "url": "https://x.example/", "headers": {{ "A": "{SECRET}" }} }}
  }}
}}
"""

FILES = {
    "claude-code": {".claude/settings.json": CLAUDE, ".claude.json": MCP},
    "codex": {".codex/config.toml": CODEX},
    "vscode": {"C/Code/User/settings.json": VSCODE, "C/Code/User/mcp.json": '{\n\t"servers": {},\n\t"inputs": []\n}'},
    "gemini": {".gemini/settings.json": GEMINI},
    "cursor": {".cursor/mcp.json": MCP},
}
"""Real-looking settings of each agent, by their path below HOME; C is XDG_CONFIG_HOME."""

AGENTS = pytest.mark.parametrize("tool", FILES)
NARROW = ["--read-only"]


@pytest.fixture(autouse=True)
def clean(place, monkeypatch):
    """None of the caller's own variables; a PATH with the fewest programs."""
    for name in (
        *look.variables_of(""),
        *awsfiles.CA_BUNDLES,
        awsfiles.ENDPOINT,
        "XACCT_ROLE",
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "CLAUDE_CODE_USE_BEDROCK",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", "/bin/zsh")
    monkeypatch.chdir(place)


@pytest.fixture
def run(daemon, capsys):
    """Run a command line; returns its status, stdout and stderr."""

    def run(*words):
        status = main(["agent", *words])
        captured = capsys.readouterr()
        assert SECRET not in captured.out + captured.err
        return status, captured.out, captured.err

    return run


@pytest.fixture
def settings(place):
    """Make the settings of an agent; returns their paths."""

    def made(tool, change=lambda text: text):
        paths = [place / "c" / name[2:] if name.startswith("C/") else place / "h" / name for name in FILES[tool]]
        for path, text in zip(paths, FILES[tool].values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(change(text).encode())
        return paths

    return made


def tree(place):
    """All files that are the user's, by path, with what is in them."""
    below = (path for root in "hcp" for path in (place / root).rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in below}


def environment(tool, place, project=None):
    """What an agent's shells have besides, read out of its settings by another reader than ours where there is one."""
    home = project or place / "h"
    match tool:
        case "claude-code":
            path = home / ".claude" / ("settings.local.json" if project else "settings.json")
            return {name: value for name, value in json.loads(path.read_bytes())["env"].items() if "API" not in name}
        case "codex":
            return tomllib.loads((home / ".codex/config.toml").read_text())["shell_environment_policy"]["set"]
        case "vscode":
            path = project / ".vscode/settings.json" if project else place / "c/Code/User/settings.json"
            profile = jsonc.parse(path.read_text()).value["chat.tools.terminal.terminalProfile.linux"]
            assert profile["path"] == "/bin/zsh"
            return {name: value or "" for name, value in profile["env"].items() if "BEDROCK" not in name}
    name, program = {"gemini": (".gemini", "gemini"), "cursor": (".cursor", "cursor-agent")}[tool]
    launcher = (project / name if project else place / "h/.local/bin") / f"xacct-{program}"
    (place / "bin").mkdir(exist_ok=True)
    stand_in = place / "bin" / program
    stand_in.write_text('#!/bin/sh\n[ "$*" = "a b" ] && exec env -0\n')
    stand_in.chmod(0o755)
    before = {"PATH": f"{place / 'bin'}:/usr/bin:/bin", **dict.fromkeys(look.variables_of(""), "before")}
    out = subprocess.run([launcher, "a b"], env=before, capture_output=True, check=True).stdout.decode()
    found = dict(line.split("=", 1) for line in out.split("\0") if line)
    return {name: found.get(name, "") for name in look.variables_of("")}


@pytest.mark.parametrize("tool", ["gemini", "cursor", "vscode"])
def test_a_key_of_bedrocks_is_taken_away_where_a_variable_can_be(place, run, settings, tool):
    """botocore sends it even empty, so what sets variables alone (Claude Code, Codex) can't help."""
    settings(tool)
    assert run("install", tool, "prod", *NARROW, "--yes")[0] == 0
    if tool == "vscode":
        profile = jsonc.parse((place / "c/Code/User/settings.json").read_text()).value
        assert profile["chat.tools.terminal.terminalProfile.linux"]["env"]["AWS_BEARER_TOKEN_BEDROCK"] is None
        return
    program = {"gemini": "gemini", "cursor": "cursor-agent"}[tool]
    (place / "bin").mkdir()
    (place / "bin" / program).write_text("#!/bin/sh\nexec env\n")
    (place / "bin" / program).chmod(0o755)
    before = {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "AWS_BEARER_TOKEN_BEDROCK": "key"}
    out = subprocess.run([place / f"h/.local/bin/xacct-{program}"], env=before, capture_output=True, check=True).stdout
    assert b"AWS_PROFILE=xacct-agent" in out
    assert b"BEDROCK" not in out


@AGENTS
@pytest.mark.parametrize("mcp", [[], ["--mcp"]], ids=["shells", "mcp"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text, id="as it is"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: text.rstrip("\n"), id="no final newline"),
        pytest.param(lambda text: text + "\n\n", id="blank lines"),
        pytest.param(lambda _: "", id="empty"),
    ],
)
def test_each_agent_gets_it_and_is_as_it_was_afterwards(place, run, settings, tool, mcp, change):
    settings(tool, change)
    before = tree(place)
    assert run("install", tool, "prod", *NARROW, *mcp, "--yes")[0] == 0
    directory = place / "s/xacct/agents" / tool
    assert environment(tool, place) == look.variables_of(str(directory))
    assert run("install", tool, "prod", *NARROW, *mcp, "--yes")[1] == f"Nothing to change for {TOOLS[tool].title}.\n"
    assert run("uninstall", tool, "--yes")[0] == 0
    assert tree(place) == before
    assert not directory.exists()


@AGENTS
def test_where_there_was_nothing_there_is_nothing_again(place, run, tool):
    before = sorted((place / "h").rglob("*"))
    assert run("install", tool, "prod", *NARROW, "--mcp", "--yes")[0] == 0
    assert environment(tool, place)["AWS_PROFILE"] == "xacct-agent"
    assert run("uninstall", tool, "--yes")[0] == 0
    assert sorted((place / "h").rglob("*")) == before
    assert tree(place) == {}


@AGENTS
def test_a_project_has_its_own(place, run, tool):
    project = place / "p" / "a b"
    project.mkdir(parents=True)
    assert run("install", tool, "prod", *NARROW, "--mcp", "--yes", "--project", str(project))[0] == 0
    assert environment(tool, place, project)["AWS_PROFILE"] == "xacct-agent"
    assert [path for path in tree(place) if not path.is_relative_to(project)] == []
    assert str(project) in run()[1]
    assert run("uninstall", tool, "--yes")[0] == 1
    assert run("uninstall", tool, "--yes", "--project", str(project))[0] == 0
    assert tree(place) == {}


@pytest.mark.parametrize("link", ["file", "directory", "nothing yet"])
def test_a_projects_link_leads_to_no_file_elsewhere(place, run, settings, link):
    [own, _] = settings("claude-code")
    project = place / "p"
    (project / ".claude").parent.mkdir()
    if link == "directory":
        own.rename(own.with_name("settings.local.json"))
        (project / ".claude").symlink_to(own.parent)
    else:
        (project / ".claude").mkdir()
        (project / ".claude/settings.local.json").symlink_to(own if link == "file" else place / "h/.profile")
    before = tree(place)
    status, out, err = run("install", "claude-code", "prod", *NARROW, "--yes", "--project", str(project))
    assert status == 1
    assert "out of the project" in err
    assert out == ""
    assert tree(place) == before


@AGENTS
def test_what_was_changed_since_stays(place, run, settings, tool):
    paths = settings(tool)
    assert run("install", tool, "prod", *NARROW, "--mcp", "--yes")[0] == 0
    for path in paths:
        text = path.read_text()
        path.write_text(
            f"{text}\n# mine\n" if path.suffix == ".toml" else text.replace("{", '{\n  "later": "mine",', 1)
        )
    assert "installed" in run("list")[1]
    assert run("uninstall", tool, "--yes")[0] == 0
    for path, text in zip(paths, FILES[tool].values(), strict=True):
        left = path.read_text()
        assert "xacct" not in left
        assert "mine" in left
        if path.suffix != ".toml":
            assert jsonc.parse(left).value == {"later": "mine", **jsonc.parse(text).value}


@AGENTS
def test_a_link_stays_one_and_a_mode_stays(place, run, settings, tool):
    path, *_ = settings(tool)
    real = place / "dotfiles"
    path.rename(real)
    path.symlink_to(real)
    real.chmod(0o640)
    before = real.read_bytes()
    assert run("install", tool, "prod", *NARROW, "--mcp", "--yes")[0] == 0
    assert path.is_symlink()
    assert real.read_bytes() != before
    assert run("uninstall", tool, "--yes")[0] == 0
    assert path.is_symlink()
    assert (real.read_bytes(), real.stat().st_mode & 0o777) == (before, 0o640)


@AGENTS
def test_a_link_to_no_file_leads_to_none_afterwards(place, run, settings, tool):
    """An empty file is no JSON: Claude Code would complain of its settings at each start."""
    path, *_ = settings(tool)
    path.unlink()
    path.symlink_to(place / "dotfiles")
    assert run("install", tool, "prod", *NARROW, "--mcp", "--yes")[0] == 0
    assert (place / "dotfiles").is_file()
    assert run("uninstall", tool, "--yes")[0] == 0
    assert (path.is_symlink(), path.exists(), (place / "dotfiles").exists()) == (True, False, False)


@AGENTS
def test_a_read_only_file_is_left_alone(place, run, settings, tool):
    path, *_ = settings(tool)
    path.chmod(0o444)
    before = tree(place)
    status, _, err = run("install", tool, "prod", *NARROW, "--mcp", "--yes")
    assert status == 1
    assert "read-only" in err
    assert tree(place) == before
    assert "Nothing is installed" in run()[1]


@AGENTS
@pytest.mark.parametrize(
    "content",
    [b'{"a": [}', b"\xff\xfe", b"= 1", b"a = " + b"[" * 5000],
    ids=["broken", "no UTF-8", "broken TOML", "deep TOML"],
)
def test_a_file_that_cannot_be_read_is_left_alone(place, run, settings, tool, content):
    path, *_ = settings(tool)
    path.write_bytes(content)
    before = tree(place)
    status, _, err = run("install", tool, "prod", *NARROW, "--mcp", "--yes")
    assert status == 1
    assert "left alone" in err
    assert "Traceback" not in err
    assert tree(place) == before


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("claude-code", ".claude/settings.json", '{"env": {"AWS_PROFILE": "mine"}}'),
        ("claude-code", ".claude/settings.json", '{"env": []}'),
        ("codex", ".codex/config.toml", '[shell_environment_policy.set]\nAWS_PROFILE = "mine"\n'),
        ("codex", ".codex/config.toml", '[shell_environment_policy]\nset = { A = "1" }\n'),
        ("codex", ".codex/config.toml", 'shell_environment_policy.set.A = "1"\n'),
        ("codex", ".codex/config.toml", 'shell_environment_policy = "no table"\n'),
        ("gemini", ".local/bin/xacct-gemini", "#!/bin/sh\n"),
    ],
)
def test_what_somebody_else_has_set_stays(place, run, tool, name, content):
    path = place / "h" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    status, _, err = run("install", tool, "prod", *NARROW, "--yes")
    assert status == 1
    assert str(path) in err
    assert path.read_text() == content
    assert not (place / "s/xacct/agents" / tool).exists()


def test_a_table_that_is_there_is_added_to(place, run):
    path = place / "h/.codex/config.toml"
    path.parent.mkdir()
    text = '[shell_environment_policy.set] # mine\nA = "1"\n\n[mcp_servers.a]\ncommand = "b"\n'
    for content in (text, "[shell_environment_policy.set]\n", '[shell_environment_policy.set]\nB = """\n[c]\n"""'):
        path.write_text(content)
        assert run("install", "codex", "prod", *NARROW, "--mcp", "--yes")[0] == 0
        policy = tomllib.loads(path.read_text())["shell_environment_policy"]
        assert policy["set"] == tomllib.loads(content)["shell_environment_policy"]["set"] | environment("codex", place)
        assert run("uninstall", "codex", "--yes")[0] == 0
        assert path.read_text() == content


def installed_in(place, run, text, *more):
    """A config.toml of Codex's with this text, installed in; returns its path and what is in it then."""
    path = place / "h/.codex/config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert run("install", "codex", "prod", *NARROW, "--yes", *more)[0] == 0
    return path, path.read_text()


THEIRS = '\n[mcp_servers.foo]\ncommand = "cmd"\n'
END = "# <<< xacct agent <<<\n"


def test_what_codex_writes_anew_is_found(place, run):
    path, text = installed_in(place, run, "# mine\n", "--mcp")
    before, _, server = text.partition(END)
    *_, command, arguments, end = server.splitlines(keepends=True)
    command = command.replace('"', "'")
    path.write_text(f"{before}\n[mcp_servers.xacct]\n{command}{arguments}{THEIRS}{end}")  # as `codex mcp add` leaves it
    assert "installed" in run()[1]
    assert run("install", "codex", "prod", "--allow", "s3:Get*", "--yes")[0] == 0
    assert tomllib.loads(path.read_text())["mcp_servers"]["xacct"]["args"] == ["mcp", "--role", "prod"]
    assert run("uninstall", "codex", "--yes")[0] == 0
    assert tomllib.loads(path.read_text()) == {"mcp_servers": {"foo": {"command": "cmd"}}}
    assert "xacct" not in path.read_text()


@pytest.mark.parametrize("more", [[], ["--mcp"]], ids=["shells", "mcp"])
def test_what_codex_writes_before_our_last_line_is_not_ours(place, run, more):
    path, text = installed_in(place, run, 'model = "gpt-5.2"\n', *more)
    for end in [END, *(["# <<< xacct agent mcp <<<\n"] if more else [])]:
        path.write_text(text.replace(end, THEIRS.replace("foo", f"foo{len(end)}") + end))
        text = path.read_text()
    assert "installed" in run()[1]
    assert run("uninstall", "codex", "--yes")[0] == 0
    left = tomllib.loads(path.read_text())
    names = [f"foo{len(END)}", *(["foo26"] if more else [])]
    assert left == {"model": "gpt-5.2", "mcp_servers": {name: {"command": "cmd"} for name in names}}
    assert "xacct" not in path.read_text()


def test_what_somebody_added_to_our_table_keeps_its_heading(place, run):
    path, text = installed_in(place, run, 'model = "gpt-5.2"\n')
    path.write_text(text.replace(END, 'MINE = "1"\n' + END).replace('AWS_PROFILE = "xacct-agent"', 'AWS_PROFILE = "x"'))
    assert "changed since" in run()[1]
    _, _, err = run("uninstall", "codex", "--yes")
    assert "stays" in err
    policy = {"set": {"AWS_PROFILE": "x", "MINE": "1"}}
    assert tomllib.loads(path.read_text()) == {"model": "gpt-5.2", "shell_environment_policy": policy}


def test_a_file_that_lost_its_comments_is_understood(place, run):
    path, text = installed_in(place, run, 'model = "gpt-5.2"\n')
    path.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("#")))
    assert run("uninstall", "codex", "--yes")[0] == 0
    assert path.read_text().strip() == 'model = "gpt-5.2"'


def test_what_cannot_be_told_apart_in_a_toml_file_is_left_alone(place, run):
    path, text = installed_in(place, run, "")
    same = 'AWS_PROFILE = "xacct-agent"\n'
    path.write_text(text.replace(same, f'B = """\n{same}"""\n{same}'))
    before = path.read_text()
    status, _, err = run("uninstall", "codex", "--yes")
    assert status == 1
    assert "left alone" in err
    assert path.read_text() == before
    assert "installed" in run()[1]


def test_codex_that_takes_it_out_again_is_refused(place, run):
    path = place / "h/.codex/config.toml"
    path.parent.mkdir()
    path.write_text('[shell_environment_policy]\ninclude_only = ["PATH"]\n')
    status, _, err = run("install", "codex", "prod", *NARROW, "--yes")
    assert status == 1
    assert "include_only" in err


@pytest.mark.parametrize("where", ["file", "environment"])
def test_claude_code_that_asks_bedrock_keeps_its_own(place, run, monkeypatch, where):
    path = place / "h/.claude/settings.json"
    path.parent.mkdir()
    if where == "file":
        path.write_text('{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}')
    else:
        monkeypatch.setenv("CLAUDE_CODE_USE_BEDROCK", "1")
    for more in ([], ["--project"]):
        status, _, err = run("install", "claude-code", "prod", *NARROW, "--yes", *more)
        assert status == 1
        assert "Bedrock" in err
    assert run("install", "claude-code", "--mcp", "--yes")[0] == 0


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_project_that_has_claude_code_ask_bedrock_keeps_its_own(place, run, name):
    path = place / "p/.claude" / name
    path.parent.mkdir(parents=True)
    path.write_text('{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}')
    status, _, err = run("install", "claude-code", "prod", *NARROW, "--yes", "--project", str(place / "p"))
    assert status == 1
    assert "Bedrock" in err


def test_the_directories_that_variables_name_are_used(place, run, monkeypatch):
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.setenv(name, str(place / "p" / name))
    for tool in ("claude-code", "codex"):
        assert run("install", tool, "prod", *NARROW, "--mcp", "--yes")[0] == 0
    names = sorted(str(path.relative_to(place / "p")) for path in tree(place))
    assert names == ["CLAUDE_CONFIG_DIR/.claude.json", "CLAUDE_CONFIG_DIR/settings.json", "CODEX_HOME/config.toml"]


@pytest.mark.parametrize(
    ("tool", "name"), [("claude-code", "CLAUDE_CONFIG_DIR"), ("codex", "CODEX_HOME"), ("vscode", "XDG_CONFIG_HOME")]
)
def test_a_directory_that_is_another_in_each_directory_is_refused(place, run, monkeypatch, tool, name):
    monkeypatch.setenv(name, "settings")
    status, out, err = run("install", tool, "prod", *NARROW, "--yes")
    assert (status, out) == (1, "")
    assert name in err
    assert not (place / "settings").exists()


def test_the_agents_profile_asks_for_what_was_said(place, run, daemon):
    words = ["--allow", "s3:Get*,s3:List*", "--on", "arn:aws:s3:::a/*", "--regions", "eu-west-1", "--ttl", "20m"]
    assert run("install", "codex", "prod", *words, "--yes")[0] == 0
    directory = place / "s/xacct/agents/codex"
    profiles = load_config(str(directory / "config"))["profiles"]
    assert list(profiles) == ["xacct-agent"]
    line = shlex.split(profiles["xacct-agent"]["credential_process"])
    assert line == [str(directory / "xacctctl"), "process", "prod", *words]
    assert profiles["xacct-agent"]["region"] == "eu-west-1"
    (body,) = daemon.called("POST", "/v1/grants")
    assert body["scope"]["allow"] == ["s3:Get*", "s3:List*"]
    assert ("DELETE", "/v1/grants/g1", None) in daemon.requests
    assert load_config(str(directory / "credentials"))["profiles"] == {}
    assert {path.stat().st_mode & 0o077 for path in directory.iterdir()} == {0}


def test_a_policy_is_the_one_of_now(place, run):
    policy = place / "p.json"
    policy.write_text('{"Version": "2012-10-17"}')
    assert run("install", "codex", "prod", "--policy", str(policy), "--yes")[0] == 0
    policy.write_text('{"Version": "wider"}')
    directory = place / "s/xacct/agents/codex"
    line = load_config(str(directory / "config"))["profiles"]["xacct-agent"]["credential_process"]
    assert line.endswith(f"--policy {directory}/policy.json")
    assert json.loads((directory / "policy.json").read_text()) == {"Version": "2012-10-17"}


def test_its_xacctctl_is_that_of_the_users_own_shell(place, run, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(place / "h/customer config"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/ours.pem")
    monkeypatch.setattr(look.configure, "program", lambda: "/usr/bin/env")
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    directory = place / "s/xacct/agents/codex"
    shell = {"PATH": "/usr/bin:/bin", **look.variables_of(str(directory)), "AWS_ACCESS_KEY_ID": "A"}
    shell |= {"HOME": "/nowhere", "REQUESTS_CA_BUNDLE": "/etc/ssl/the-agents.pem"}
    done = subprocess.run([directory / "xacctctl", "-0"], env=shell, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert found["AWS_CONFIG_FILE"] == str(place / "h/customer config")
    assert found["XDG_RUNTIME_DIR"] == str(place / "r")
    assert (found["HOME"], found["AWS_CA_BUNDLE"]) == (str(place / "h"), "/etc/ssl/ours.pem")
    assert "REQUESTS_CA_BUNDLE" not in found
    assert [name for name in look.variables_of("") if name in found] == ["AWS_CONFIG_FILE"]


def test_a_password_is_not_written(place, run, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"https://alice:{SECRET}@sts.example/")
    status, _, err = run("install", "codex", "prod", *NARROW, "--yes")
    assert (status, tree(place)) == (1, {})
    assert "password" in err


@pytest.mark.parametrize("file", ["s/xacct/agents/codex/config", "r/xacct/aws-config-0123456789abcdef/config"])
def test_an_agents_shell_can_install_nothing(place, run, monkeypatch, file):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(place / file))
    status, _, err = run("install", "codex", "prod", *NARROW, "--yes")
    assert status == 1
    assert "a shell of your own" in err


@pytest.mark.parametrize(
    "words",
    [
        ["install", "codex", "--yes"],
        ["install", "codex", "--mcp", "--read-only", "--yes"],
        ["install", "codex", "--mcp", "--allow", "s3:Get*", "--yes"],
        ["install", "codex", "--mcp", "--regions", "eu-west-1", "--yes"],
        ["install", "codex", "--mcp", "--ttl", "13h", "--yes"],
        ["install", "codex", "--mcp", "--ttl", "soon", "--yes"],
        ["install", "codex", "prod", "--read-only", "--role", "prod", "--yes"],
        ["install", "codex", "prod", "--yes"],
        ["install", "codex", "prod", "--ttl", "20m", "--yes"],
        ["install", "codex", "prod", "--regions", "eu-west-1", "--yes"],
        ["install", "emacs", "prod", "--read-only", "--yes"],
        ["install", "codex", "prod", "--read-only", "--project", "nowhere", "--yes"],
        ["uninstall", "codex", "--project", "nowhere"],
    ],
)
def test_what_cannot_be_meant_is_refused(place, run, words):
    status, _, err = run(*words)
    assert status == 2
    assert "Traceback" not in err
    assert tree(place) == {}


def test_the_server_alone_takes_no_narrowing_away(place, run):
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    before = tree(place)
    status, _, err = run("install", "codex", "--mcp", "--yes")
    assert status == 2
    assert "narrowed" in err
    assert tree(place) == before
    assert run("install", "codex", "prod", "--allow", "s3:Get*", "--mcp", "--yes")[0] == 0
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    settings = tomllib.loads((place / "h/.codex/config.toml").read_text())
    assert settings["mcp_servers"]["xacct"]["args"] == ["mcp", "--role", "prod"], "what was registered stays"


def server_in(place):
    """The words behind `xacctctl` by which Codex starts the MCP server."""
    settings = tomllib.loads((place / "h/.codex/config.toml").read_text())
    assert settings["mcp_servers"]["xacct"]["command"] == str(place / "s/xacct/agents/codex/xacctctl")
    return settings["mcp_servers"]["xacct"]["args"]


@pytest.mark.parametrize(
    ("words", "bounds"),
    [
        ([], []),
        (["--role", "prod", "--role", "dev"], ["--role", "prod", "--role", "dev"]),
        (["--role", "dev", "--scope", "a", "--ttl", "30m"], ["--role", "dev", "--scope", "a", "--ttl", "30m"]),
        (["prod", "--read-only"], ["--role", "prod"]),
        (["prod", "--scope", "a", "--ttl", "1h"], ["--role", "prod", "--scope", "a", "--ttl", "1h"]),
        (["prod", "--read-only", "--role", "dev"], ["--role", "dev"]),
    ],
)
def test_the_server_is_bound_by_what_was_said(place, run, words, bounds):
    assert run("install", "codex", *words, "--mcp", "--yes")[0] == 0
    assert server_in(place) == ["mcp", *bounds]
    assert (" ".join(bounds) or "yes") in run()[1]
    assert run("install", "codex", *words, "--mcp", "--yes")[1] == "Nothing to change for Codex.\n"


def test_bounds_that_were_said_are_not_lost_by_saying_less(place, run):
    assert run("install", "codex", "--mcp", "--role", "dev", "--ttl", "30m", "--yes")[0] == 0
    before = tree(place)
    status, _, err = run("install", "codex", "--mcp", "--role", "dev", "--yes")
    assert (status, tree(place)) == (2, before)
    assert "without --ttl it could give more" in err
    assert "agent uninstall codex" in err
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    assert server_in(place) == ["mcp", "--role", "dev", "--ttl", "30m"], "what was not said again stays"
    assert run("install", "codex", "prod", *NARROW, "--mcp", "--ttl", "1h", "--yes")[0] == 0
    assert server_in(place) == ["mcp", "--role", "prod", "--ttl", "1h"]


def test_what_cannot_bind_the_server_is_said(place, run):
    _, _, err = run("install", "codex", "prod", *NARROW, "--mcp", "--yes")
    assert "the MCP server is not narrowed as the shells are" in err
    for words in (["--scope", "a", "--mcp"], NARROW):
        assert run("uninstall", "codex", "--yes")[0] == 0
        assert "MCP" not in run("install", "codex", "prod", *words, "--yes")[2]


def test_a_server_is_bound_to_roles_that_there_are(place, run, daemon):
    take = daemon._post_grants

    def asked(path, body):
        if body["roles"] == ["nowhere"]:
            raise ProblemError(404, {"code": "unknown-role", "category": "usage", "sentence": "No role.", "hint": ""})
        return take(path, body)

    daemon._post_grants = asked
    status, _, err = run("install", "codex", "--mcp", "--role", "dev", "--role", "nowhere", "--yes")
    assert (status, tree(place)) == (1, {})
    assert "No role." in err


def test_a_server_whose_sdk_is_missing_is_not_registered(place, run, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    status, _, err = run("install", "codex", "--mcp", "--yes")
    assert (status, tree(place)) == (1, {})
    assert "make install EXTRAS=mcp" in err
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0


def test_an_installation_of_before_had_no_bounds(place, run):
    assert run("install", "codex", "--mcp", "--yes")[0] == 0
    record = place / "s/xacct/agents/codex/installed.json"
    told = json.loads(record.read_text())
    del told["bounds"]
    record.write_text(json.dumps(told))
    assert "installed" in run()[1]
    assert run("uninstall", "codex", "--yes")[0] == 0


def test_what_came_out_wrong_is_not_written(place, run, settings, monkeypatch):
    settings("claude-code")
    before = tree(place)
    monkeypatch.setattr(jsonc, "applied", lambda text, _found: text + "x")
    status, _, err = run("install", "claude-code", "prod", *NARROW, "--yes")
    assert status == 1
    assert "left alone" in err
    assert tree(place) == before


def test_an_older_daemon_narrows_nothing_so_nothing_is_written(place, run, daemon):
    daemon.knows_scopes = False
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 1
    assert tree(place) == {}


def test_a_role_that_there_is_not_is_a_sentence(place, run, daemon):
    def unknown(_body):
        raise ProblemError(404, {"code": "unknown-role", "category": "usage", "sentence": "No role x.", "hint": ""})

    daemon.answers["/v1/grants"] = unknown
    status, _, err = run("install", "codex", "x", *NARROW, "--yes")
    assert (status, tree(place)) == (1, {})
    assert "No role x." in err


def test_a_diff_is_shown_and_only_a_yes_is_one(place, run, settings):
    settings("vscode")
    before = tree(place)
    status, out, _ = run("install", "vscode", "prod", *NARROW, "--dry-run")
    assert status == 0
    assert '+            "AWS_ACCESS_KEY_ID": null,\n' in out
    assert '     "github.token": ...\n' in out
    assert run("install", "vscode", "prod", *NARROW)[0] != 0  # there is no terminal
    assert tree(place) == before
    assert not (place / "s/xacct/agents/vscode").exists()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("c2VjcmV0IGlzIGhlcmU=", "..."),
        ("  c2VjcmV0IGlzIGhlcg==", "  ..."),
        ("alice:hunter2", "..."),
        ("hunter2 =", "..."),
        ('key = "hunter2"', "key = ..."),
        ("a.b-c=1979-05-27", "a.b-c=..."),
        ("on = true", "on = ..."),
        ("tools = [", "tools = ["),
        ('  "key": "hunter2",', '  "key": ...'),
        ('"hunter2",', "..."),
    ],
)
def test_a_line_of_a_text_over_several_lines_is_not_shown(line, shown):
    """As a private key is written into a TOML file: what stands before an = is the key itself then."""
    assert change.showable(frozenset())(f"{line}\n") == shown


def test_what_has_changed_meanwhile_is_left_alone(place, run, settings, monkeypatch):
    path, *_ = settings("codex")

    def meanwhile(_plan):
        path.write_text("# theirs\n")

    monkeypatch.setattr("xacct.ctl.agent.change.demand_writable", meanwhile)
    status, _, err = run("install", "codex", "prod", *NARROW, "--yes")
    assert status == 1
    assert "just changed" in err
    assert path.read_text() == "# theirs\n"


def test_what_is_there_no_more_says_so_and_can_be_taken_out(place, run):
    assert run("install", "claude-code", "prod", *NARROW, "--yes")[0] == 0
    path = place / "h/.claude/settings.json"
    path.write_text(path.read_text().replace('"xacct-agent"', '"mine"', 1))
    assert "changed since" in run()[1]
    _, _, err = run("uninstall", "claude-code", "--yes")
    assert "stays" in err
    assert list(json.loads(path.read_text())["env"].values()) == ["mine"]
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    (place / "h/.codex/config.toml").unlink()
    assert "changed since" in run()[1]
    assert run("uninstall", "codex", "--yes")[0] == 0


def test_a_record_that_is_broken_is_a_sentence(place, run):
    assert run("install", "codex", "prod", *NARROW, "--yes")[0] == 0
    (place / "s/xacct/agents/codex/installed.json").write_text("{")
    for words in ([], ["uninstall", "codex", "--yes"], ["install", "codex", "prod", *NARROW, "--yes"]):
        status, _, err = run(*words)
        assert status == 1
        assert "installed.json" in err


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b[2J", "\u2028"])
@AGENTS
def test_a_directorys_name_is_no_line_of_what_is_written(run, place, tool, end):
    """A launcher is a program, and the AWS file may name another: both have the project's name in a comment."""
    project = place / f"a{end}touch pwned #"
    project.mkdir()
    status, out, err = run("install", tool, "prod", *NARROW, "--yes", "--project", str(project))
    assert (status, out) == (1, "")
    assert "can't be written" in err
    assert not list(project.rglob("*"))


@pytest.mark.parametrize("words", [["prod", *NARROW], ["--mcp"]])
@AGENTS
def test_a_directory_that_no_settings_can_name_is_refused(run, place, tool, words, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", f"{place}/\udcff")
    status, out, err = run("install", tool, *words, "--yes")
    assert (status, out) == (1, "")
    assert "is no UTF-8" in err
    assert not any((place / "h" / name).exists() for name in FILES[tool])
