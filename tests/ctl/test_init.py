"""What `init` gives a shell: xuse, xleave and a prompt, in the real shells; and what `leave` prints."""

import shutil
import subprocess

import pytest
from waiting import PATIENCE

from xacct import __version__
from xacct.ctl import shell_init
from xacct.ctl.main import main

INIT = {
    "bash": 'eval "$(xacctctl init bash)"\n',
    "zsh": 'eval "$(xacctctl init zsh)"\n',
    "fish": "xacctctl init fish | source\n",
    "tcsh": 'eval "`xacctctl init tcsh`"\n',
    "xonsh": "execx($(xacctctl init xonsh))\n",
}
SH = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed"))
    for name in ("bash", "zsh", "fish")
]


def of(shell, script):
    """What a shell without rc files prints."""
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"], "xonsh": ["--no-rc"]}[shell]
    done = subprocess.run(
        [shell, *options, "-c", INIT[shell] + script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("shell", SH)
def test_a_shell_is_put_into_a_role_and_out_again(daemon, command, monkeypatch, shell):
    monkeypatch.setenv("AWS_REGION", "af-south-1")
    script = (
        'xuse prod\necho "$XACCT_ROLE $AWS_REGION"\nxuse dev --region us-east-1\necho "$XACCT_ROLE $AWS_REGION"\n'
        'xleave\necho "-$XACCT_ROLE- $AWS_REGION -$AWS_CONTAINER_CREDENTIALS_FULL_URI-"\n'
    )
    said, errors = of(shell, script)
    assert said == ["prod eu-west-1", "dev us-east-1", "-- af-south-1 --"]
    assert errors == ""


@pytest.mark.parametrize("shell", SH)
def test_a_failure_stops_what_follows_and_leaves_no_role(daemon, command, shell):
    script = 'xuse prod; xuse typo && echo deploy\nxuse typo || echo "stopped $AWS_PROFILE -$XACCT_ROLE-"\n'
    said, errors = of(shell, script)
    assert said == ["stopped xacctctl-env-failed --"]
    assert "There is no role typo." in errors


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_in_fish_a_functions_own_profile_goes_or_xuse_fails(daemon, command):
    """It would win for as long as the function runs: `set -gx` covers no local variable."""
    script = """
        function deploy; set -lx AWS_PROFILE base; set -l change mine
            xuse prod; and echo "in $XACCT_ROLE as "(printenv AWS_PROFILE; or echo nobody)" $change"; end
        function twice; set -fx AWS_PROFILE base; begin; set -lx AWS_PROFILE base
            xuse prod; and echo deployed; or echo stopped; end; end
        deploy; echo "$change-"(printenv XACCT_ROLE); twice
    """
    assert of("fish", script)[0] == ["in prod as nobody mine", "-prod", "stopped"]


@pytest.mark.skipif(not shutil.which("tcsh"), reason="tcsh is not installed")
def test_tcsh_is_put_into_a_role_and_out_again(daemon, command):
    said, errors = of("tcsh", "xuse prod\necho $XACCT_ROLE\nxleave\nif ( ! $?XACCT_ROLE ) echo left\n")
    assert (said, errors) == (["prod", "left"], "")


def test_the_shells_grant_ends_when_it_leaves(daemon, capsys, monkeypatch):
    from xacct.ctl.parent import calling_shell  # noqa: PLC0415

    grants = daemon._get_grants(None, None)["grants"]
    daemon.answers["/v1/grants"] = {"grants": [grants[0] | {"id": "abc", "pid": calling_shell()}]}
    monkeypatch.setenv("XACCT_ROLE", "prod")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/xacct/tokens/abc")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("XACCT_REGION", "eu-west-1")
    monkeypatch.setenv("XACCT_INSTEAD_OF_REGION", "af-south-1")
    assert main(["leave"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "unset XACCT_ROLE" in said
    assert "unset AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" in said
    assert "export AWS_REGION='af-south-1'" in said
    assert daemon.called("DELETE", "/v1/grants/abc") == [None]


def test_leaving_starts_no_daemon(spawned, place, capsys, monkeypatch):
    monkeypatch.setenv("XACCT_ROLE", "prod")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/xacct/tokens/abc")
    assert main(["leave"]) == 0
    assert not (place / "starts").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_a_prompt_has_the_role_and_keeps_the_status(daemon, command, sit, place, shell):
    """Typed at a terminal: what the shell shows before what is typed next."""
    daemon.answers["/v1/status?role=prod"] = daemon._get_status(None, None)
    words = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    seat = sit(command=words)
    seat.type("PS1='$ '\n" + INIT[shell] + INIT[shell] + "xuse prod\n")
    seat.expect("\x1b[36m")
    assert seat.expect("$ ").replace("\x01", "").replace("\x02", "") == "prod 7h05m\x1b[0m "
    seat.type("(exit 3)\n")
    seat.expect("\x1b[36m")
    seat.type("echo status $?\n")
    seat.expect("status 3")
    seat.type("xleave; echo le''ft\n")
    before = seat.expect("left\r\n")
    assert before
    seat.type("exit\n")
    assert "\x1b[36m" not in seat.end()[1]


@pytest.mark.parametrize(
    ("colour", "production", "shown"),
    [
        ("ansi", False, "\x1b[36mpr%%od 7h05m\x1b[0m\n"),
        ("ansi", True, "\x1b[1;31mpr%%od 7h05m\x1b[0m\n"),
        ("bash", True, "\x01\x1b[1;31m\x02pr%%od 7h05m\x01\x1b[0m\x02\n"),
        ("zsh", True, "%{\x1b[1;31m%}pr%%%%od 7h05m%{\x1b[0m%}\n"),
    ],
)
def test_a_prompts_colour_tells_production(daemon, capsys, monkeypatch, colour, production, shown):
    monkeypatch.setenv("XACCT_ROLE", "pr%%od")
    answer = daemon._get_status(None, None)
    answer["roles"] = [answer["roles"][0] | {"name": "pr%%od", "production": production}]
    daemon.answers["/v1/status?role=pr%25%25od"] = answer
    assert main(["status", "--prompt", "--colour", colour]) == 0
    assert capsys.readouterr().out == shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["status", "--prompt", "--colour", "ansi"]) == 0
    assert capsys.readouterr().out == "pr%%od 7h05m\n"


@pytest.mark.parametrize("shell", list(shell_init.SHELLS))
def test_the_prompt_can_be_left_alone(capsys, place, shell):
    assert main(["init", shell]) == 0
    whole = capsys.readouterr().out
    assert main(["init", shell, "--no-prompt"]) == 0
    functions = capsys.readouterr().out
    assert whole.startswith(functions.rstrip("\n"))
    assert "--prompt" in whole[len(functions) - 1 :]
    assert "--prompt" not in functions
    assert "xuse" in functions


def test_xuse_alone_at_a_terminal_picks_one_role(daemon, command, sit):
    seat = sit(command=["bash", "--norc", "-c", INIT["bash"] + "xuse && echo in $XACCT_ROLE"])
    seat.expect("Use: _")
    seat.type(" de\r")
    seat.expect("in dev")
    seat = sit(command=["bash", "--norc", "-c", INIT["bash"] + "xuse || echo none"])
    seat.expect("Use: _")
    seat.type("\x1b")
    seat.expect("none")


def test_env_without_a_role_or_a_terminal_is_refused(daemon, run):
    done = run("env")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (2, "false")
    assert "env needs a role." in done.stderr


@pytest.mark.parametrize("shell", SH)
def test_a_short_name_is_xacctctl_unless_something_else_is_called_so(daemon, command, shell):
    init = {"fish": "xacctctl init fish --short | source"}.get(shell, f'eval "$(xacctctl init {shell} --short)"')
    assert of(shell, f"{init}\n{init}\nxa --version\nxa exec prod sh -c 'echo $XACCT_ROLE'\n") == (
        [f"xacctctl {__version__}", "prod"],
        "",
    )
    taken = {"fish": "function xa; echo mine; end"}.get(shell, "xa() { echo mine; }")
    said, errors = of(shell, f"{taken}\n{init}\nxa\n")
    assert (said, errors) == (["mine"], "xacctctl: xa is another command here, and stays it.\n")
    command("xb", "#!/bin/sh\necho a program\n")
    said, errors = of(shell, f"{init.replace('--short', '--short xb')}\nxb\n")
    assert (said, errors) == (["a program"], "xacctctl: xb is another command here, and stays it.\n")


@pytest.mark.parametrize("shell", SH)
def test_a_short_name_completes_as_the_whole_one_does(daemon, command, shell):
    if shell == "fish":
        script = "xacctctl completion fish | source\nxacctctl init fish --short | source\ncomplete -C 'xa login pr'\n"
    elif shell == "zsh":
        script = (
            'autoload -Uz compinit; compinit -D; eval "$(xacctctl completion zsh)"\n'
            'eval "$(xacctctl init zsh --short)"\n'
            "echo ${_comps[xa]}\n"
        )
    else:
        script = 'eval "$(xacctctl completion bash)"; eval "$(xacctctl init bash --short)"; complete -p xa\n'
    said, _ = of(shell, script)
    assert said == {"fish": ["prod"], "zsh": ["_xacctctl"]}.get(
        shell, ["complete -o bashdefault -o default -F _xacctctl xa"]
    )


@pytest.mark.parametrize(
    "words", [["tcsh", "--short"], ["bash", "--short", "a;b"], ["bash", "--short", "1"], ["bash", "--short", ""]]
)
def test_a_short_name_that_cannot_be_is_refused(capsys, place, words):
    assert main(["init", *words]) == 2
    assert capsys.readouterr().err


# tcsh and xonsh: one line for its eval, and Python.

XONSH = pytest.mark.skipif(not shutil.which("xonsh"), reason="xonsh is not installed")
TCSH = pytest.mark.skipif(not shutil.which("tcsh"), reason="tcsh is not installed")
SHOW = "sh -c 'echo \"-$XACCT_ROLE-\" $AWS_REGION $AWS_PROFILE'\n"


@XONSH
def test_xonsh_is_put_into_a_role_and_out_again(daemon, command, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "af-south-1")
    said, errors = of("xonsh", f"xuse prod\n{SHOW}xuse dev --region us-east-1\n{SHOW}xleave\n{SHOW}xuse --help\n")
    assert said[:3] == ["-prod- eu-west-1", "-dev- us-east-1", "-- af-south-1"]
    assert said[3].startswith("usage: xacctctl env")
    assert errors == ""


@XONSH
@pytest.mark.parametrize("raising", ["False", "True"])
def test_a_failure_in_xonsh_stops_what_follows_and_leaves_no_role(daemon, command, raising):
    """Whether or not xonsh raises where a command fails: with `$(...)` the role before would have stayed."""
    script = f"$XONSH_SUBPROC_CMD_RAISE_ERROR = $XONSH_SUBPROC_RAISE_ERROR = {raising}\nxuse prod\n"
    said, errors = of("xonsh", f"{script}try:\n    xuse typo and echo deploy\nexcept Exception:\n    pass\n{SHOW}")
    assert said == ["-- xacctctl-env-failed"]
    assert "There is no role typo." in errors


@XONSH
def test_xonsh_completes_and_has_a_prompt(daemon, command):
    daemon.answers["/v1/status?role=prod"] = daemon._get_status(None, None)
    script = (
        "from xonsh.completer import Completer\n"
        "execx($(xacctctl completion xonsh))\n"
        "for line in ('xuse pr', 'xuse prod --regio', 'xacctctl exec d', 'xacctctl lock', 'echo pr'):\n"
        "    print(sorted(str(each) for each in Completer().complete_line(line)[0] if str(each) != line))\n"
        "xuse prod\nprint($PROMPT[:11] + $PROMPT_FIELDS['xacct']())\nxleave\nprint($PROMPT_FIELDS['xacct']())\n"
    )
    said, errors = of("xonsh", script)
    assert said[:4] == ["['prod']", "['--region', '--regions']", "['dev']", "['lock']"]
    assert "prod" not in said[4]
    assert said[5:] == ["{xacct:{} }prod 7h05m", "None"]
    assert errors == ""


@TCSH
def test_a_failure_in_tcsh_stops_what_follows_and_leaves_no_role(daemon, command):
    said, errors = of("tcsh", f"xuse prod\nxuse typo && echo deploy\n{SHOW}")
    assert said == ["-- xacctctl-env-failed"]
    assert "There is no role typo." in errors


@TCSH
def test_tcsh_at_a_terminal_completes_and_has_the_role_in_its_prompt(daemon, command, sit):
    daemon.answers["/v1/status?role=prod"] = daemon._get_status(None, None)
    seat = sit(command=["tcsh", "-f"])
    seat.type("set prompt = '$ '\nalias precmd 'echo mi''ne'\n" + INIT["tcsh"] * 2)
    seat.type('eval "`xacctctl completion tcsh`"\n')
    seat.type("xuse pr\t\n")
    seat.expect("mine\r\nprod 7h05m $ ")
    seat.type("sh -c 'exit 3'\n")
    seat.expect("prod 7h05m $ ")
    seat.type("echo status $status\n")
    seat.expect("status 3\r\nmine\r\nprod 7h05m $ ")
    seat.type("xacctctl completi\ttcs\t\n")
    seat.expect("complete xacctctl 'p/1/")
    seat.type("xleave\n")
    seat.expect("mine\r\n$ ")
    seat.type("exit\n")
    seat.end()


@pytest.mark.parametrize("shell", [*SH, pytest.param("tcsh", marks=TCSH), pytest.param("xonsh", marks=XONSH)])
def test_help_is_shown_and_never_evaluated(daemon, command, shell):
    """Wherever it stands in the line: the help has lines that would put the shell into a role."""
    said, errors = of(shell, f"xuse prod --help\nxuse --read-only -h\nxleave\n{SHOW}")
    assert [line.split()[:3] for line in said if line.startswith("usage: ")] == [["usage:", "xacctctl", "env"]] * 2
    assert (said[-1].strip(), errors) == ("--", "")
    assert daemon.called("POST", "/v1/grants") == []


@TCSH
def test_tcsh_hands_words_on_as_they_are(daemon, command):
    said, errors = of("tcsh", f"xuse prod --allow 's3:Get*' --on 'arn:aws:s3:::a b/*'\n{SHOW}xleave\nxleave echo no\n")
    assert said == ["-prod- eu-west-1"]
    assert "match" not in errors
    [body] = daemon.called("POST", "/v1/grants")
    assert "s3:Get*" in str(body)
    assert "arn:aws:s3:::a b/*" in str(body)
