"""A directory's .xacct.toml: what it may say, who has to trust it, and what shells make of it."""

import os
import re
import shutil
import subprocess
from urllib.parse import quote

import pytest
from waiting import PATIENCE

from xacct.ctl import hook, shells
from xacct.ctl.failure import REFUSED, CtlError
from xacct.ctl.main import main
from xacct.ctl.project import file, look, trust

SAYS_PROD = 'role = "prod"\nregion = "us-east-1"\n'
SHELLS = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed"))
    for name in ("bash", "zsh", "fish", "tcsh", "xonsh")
]


@pytest.fixture
def home(place, monkeypatch):
    """A home directory, and nothing of an outer shell's role."""
    for variable in ("XACCT_ROLE", "XACCT_PROJECT", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    return place / "h"


@pytest.fixture
def shop(home, monkeypatch):
    """A directory that wants prod, and the shell is in one below it."""
    (home / "shop" / "src").mkdir(parents=True)
    (home / "shop" / file.NAME).write_text(SAYS_PROD)
    monkeypatch.chdir(home / "shop" / "src")
    return home / "shop"


# Which file it is.


def test_the_nearest_file_counts(home, shop):
    assert file.find(str(shop / "src"), str(home)) == str(shop / file.NAME)
    (shop / "src" / file.NAME).touch()
    assert file.find(str(shop / "src"), str(home)) == str(shop / "src" / file.NAME)


def test_a_file_above_home_is_nobodys(home, place):
    (place / file.NAME).write_text(SAYS_PROD)
    (home / "a").mkdir()
    assert file.find(str(home / "a"), str(home)) is None
    (home / file.NAME).write_text(SAYS_PROD)
    assert file.find(str(home / "a"), str(home)) == str(home / file.NAME)


def test_a_file_of_another_file_system_is_not_looked_for(home, shop, monkeypatch):
    class Elsewhere:
        st_dev = -1

    real = os.stat
    monkeypatch.setattr(file.os, "stat", lambda path: Elsewhere if path == str(shop) else real(path))
    assert file.find(str(shop / "src"), str(home)) is None


def test_a_home_that_is_a_link_is_that_directory(home, shop, place, monkeypatch):
    (place / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(place / "link"))
    (place / file.NAME).touch()
    (shop / file.NAME).unlink()
    assert file.nearest() is None
    (home / file.NAME).touch()
    assert file.nearest() == str(home / file.NAME)
    assert file.shown(str(home / file.NAME)) == f"~/{file.NAME}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_file_that_cannot_be_read_is_refused(shop):
    (shop / file.NAME).chmod(0)
    with pytest.raises(CtlError, match="Permission denied"):
        file.read(str(shop / file.NAME))


def test_a_directory_that_was_removed_has_none(home, shop, monkeypatch):
    (home / "gone").mkdir()
    monkeypatch.chdir(home / "gone")
    (home / "gone").rmdir()
    assert file.nearest() is None


# What it may say.


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "names no role"),
        ('region = "eu-west-1"', "names no role"),
        ("role = 1", "names no role"),
        ('role = "a\\u001b[2J"', "names no role"),
        ('role = "cust-*"', "names more than one role"),
        ('role = "@customers"', "names more than one role"),
        ('role = "--static"', "names more than one role, or an option"),
        ('role = "prod"\nregion = "x;y"', "has a region that is none"),
        ('role = "prod"\ncredential_process = "sh -c id"', "has a 'credential_process'"),
        ('role = "prod"\nendpoint_url = "http://x"', "has a 'endpoint_url'"),
        ('role = "prod"\n[prompts]\ncommand = ["sh"]', "has a 'prompts'"),
        ("role = prod", "is no TOML (line 1, column 8)"),
        ("# " + "x" * file.MOST_BYTES, "can't be used: it is larger than 16 KiB"),
    ],
)
def test_it_says_one_role_and_a_region_and_no_more(shop, content, why):
    (shop / file.NAME).write_text(content)
    with pytest.raises(CtlError, match=r"^~/shop/") as refused:
        file.read(str(shop / file.NAME))
    assert why in refused.value.sentence
    assert refused.value.status == REFUSED


def test_what_is_no_file_of_the_users_own_is_refused(shop, monkeypatch):
    path = shop / file.NAME
    with monkeypatch.context() as another:
        another.setattr(file.os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(CtlError, match="it belongs to somebody else"):
            file.read(str(path))
    path.rename(shop / "real")
    path.symlink_to(shop / "real")
    with pytest.raises(CtlError, match="it is a symbolic link"):
        file.read(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(CtlError, match="it is a directory"):
        file.read(str(path))
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(CtlError, match="it is no regular file"):
        file.read(str(path))


# Trust.


def test_a_file_is_trusted_once_and_anew_when_it_changes(daemon, shop, run):
    done = run("env")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (5, "false")
    assert "~/shop/.xacct.toml says role prod, region us-east-1, and you have not trusted it" in done.stderr
    assert "hint: xacctctl trust" in done.stderr
    assert daemon.requests == []
    done = run("trust")
    assert done.stdout.startswith("Trusted: ~/shop/.xacct.toml with role prod, region us-east-1.")
    done = run("env")
    assert (done.returncode, done.stderr) == (0, "xacctctl: role prod, region us-east-1, as ~/shop/.xacct.toml says.\n")
    assert "export XACCT_ROLE='prod'\n" in done.stdout
    assert "export AWS_REGION='us-east-1'\n" in done.stdout
    (shop / file.NAME).write_text('role = "dev"\n')
    assert run("env").returncode == 5
    assert run("trust", "--list").stdout == "~/shop/.xacct.toml  has changed since\n"


def test_what_is_trusted_is_trusted_where_it_lies(home, shop, run, monkeypatch):
    assert main(["trust", str(shop)]) == 0
    shutil.copytree(shop, home / "copy")
    monkeypatch.chdir(home / "copy")
    assert run("exec", "--", "true").returncode == 5


def test_it_is_trusted_no_more(shop, capsys, monkeypatch):
    assert main(["trust"]) == 0
    capsys.readouterr()
    assert main(["trust", "--list"]) == 0
    assert capsys.readouterr().out == "~/shop/.xacct.toml  role prod, region us-east-1\n"
    monkeypatch.chdir(shop.parent)
    assert main(["untrust", "shop/.xacct.toml"]) == 0
    assert not trust.is_trusted(str(shop / file.NAME), SAYS_PROD.encode())
    assert main(["untrust", "shop"]) == 1
    assert main(["trust", "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == []


def test_a_record_of_another_user_or_with_other_words_is_none(shop, monkeypatch):
    path, content = str(shop / file.NAME), SAYS_PROD.encode()
    trust.add(path, content)
    assert trust.is_trusted(path, content)
    with monkeypatch.context() as another:
        another.setattr(trust.os, "geteuid", lambda: os.getuid() + 1)
        assert not trust.is_trusted(path, content)
    record = shop.parents[1] / "s" / "xacct" / "trusted" / trust.mark(path, content)
    record.write_text("/another")
    assert not trust.is_trusted(path, content)


@pytest.mark.parametrize("words", [["trust"], ["untrust"], ["trust", "config.toml"]])
def test_trust_is_for_such_files_alone(home, words, monkeypatch, capsys):
    monkeypatch.chdir(home)
    assert main(words) == 2
    assert file.NAME in capsys.readouterr().err


# Commands without a role.


def test_a_command_runs_in_the_directorys_role(daemon, shop, run):
    assert main(["trust"]) == 0
    script = 'echo "$XACCT_ROLE $AWS_REGION -$XACCT_PROJECT-"'
    assert run("exec", "--", "sh", "-c", script).stdout == "prod us-east-1 --\n"
    assert run("exec", "--region", "eu-north-1", "--", "sh", "-c", script).stdout == "prod eu-north-1 --\n"
    assert run("exec", "dev", "--", "sh", "-c", script).stdout == "dev  --\n"


@pytest.fixture
def by_arn(daemon, shop):
    """A directory that names its role by the ARN; the daemon knows it by a name."""
    arn = "arn:aws:iam::111122223333:role/Admin"

    def granted(body):
        if body["roles"] == [arn]:
            daemon._post_login("", {"roles": [arn]})  # says that there is none
        return daemon._post_grants("", body)

    daemon.answers["/v1/grants"] = granted
    daemon.answers[f"/v1/selection?word={quote(arn, safe='')}"] = {"roles": ["prod"]}
    (shop / file.NAME).write_text(f'role = "{arn}"\n')
    assert main(["trust"]) == 0


def test_a_role_may_be_named_by_what_means_one(by_arn, run, command):
    assert run("exec", "--", "sh", "-c", "echo $XACCT_ROLE").stdout == "prod\n"
    assert "export XACCT_ROLE='prod'\n" in run("env").stdout
    said, told = of("bash", "at ~/shop")
    assert said == ["~/shop -prod- eu-west-1"]
    assert told == ["xacctctl: this shell is in prod, as ~/shop/.xacct.toml says."]


def test_a_file_that_means_several_roles_is_refused(by_arn, daemon, run):
    for path in [path for path in daemon.answers if path.startswith("/v1/selection")]:
        daemon.answers[path] = {"roles": ["prod", "dev"]}
    done = run("exec", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (2, "")
    assert "exec takes one role" in done.stderr


def test_without_a_file_a_command_needs_a_role(daemon, home, run, monkeypatch):
    monkeypatch.chdir(home)
    done = run("exec", "--", "true")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "xacctctl: exec needs a role.")


# Shells that come by.


def of(shell, *lines, init="hook {}"):
    """What a shell without rc files prints, where `at X` changes into X and shows the prompt."""
    prompt = {"fish": "emit fish_prompt", "xonsh": "_ = events.on_pre_prompt.fire()"}.get(shell, "__xacct_cd")
    begin = {
        "fish": f"xacctctl {init.format(shell)} | source",
        "tcsh": f'eval "`xacctctl {init.format(shell)}`"',
        "xonsh": f"execx($(xacctctl {init.format(shell)}))",
    }.get(shell, f'eval "$(xacctctl {init.format(shell)})"')
    show = """sh -c 'echo "$PWD" "-$XACCT_ROLE-" "$AWS_REGION" "$AWS_PROFILE" | sed "s|^.*/h|~|"'"""
    script = [begin]
    for line in lines:
        word, _, where = line.partition(" ")
        script += [f"cd {where}", prompt, show] if word == "at" else [line]
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"], "xonsh": ["--no-rc"]}[shell]
    done = subprocess.run(
        [shell, *options, "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    return [line.rstrip() for line in done.stdout.splitlines()], done.stderr.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_in_the_role_as_long_as_in_the_directory(daemon, command, shop, shell):
    assert main(["trust"]) == 0
    said, told = of(shell, "at ~", "at ~/shop", "at ~/shop/src", "at /", init="init {} --project")
    assert said == ["~ --", "~/shop -prod- us-east-1", "~/shop/src -prod- us-east-1", "/ --"]
    assert told == [
        "xacctctl: this shell is in prod, as ~/shop/.xacct.toml says.",
        "xacctctl: this shell has left prod.",
    ]
    assert not daemon.called("POST", "/v1/login")
    assert daemon.label.startswith("shell ")
    assert daemon.label.endswith(" ~/shop/.xacct.toml")


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_file_that_is_not_trusted_a_shell_tells_once(daemon, command, shop, shell):
    said, told = of(shell, "at ~/shop", "at ~/shop/src")
    assert said == ["~/shop --", "~/shop/src --"]
    assert told == [
        "xacctctl: ~/shop/.xacct.toml says role prod, region us-east-1, and you have not trusted it as it is now.",
        "  hint: xacctctl trust",
    ]
    assert daemon.requests == []


def test_a_role_that_somebody_chose_stays(daemon, command, shop):
    assert main(["trust"]) == 0
    said, told = of("bash", "xuse dev", "at ~/shop", "at ~", init="init {} --project")
    assert said == ["~/shop -dev-", "~ -dev-"]
    assert told == ["xacctctl: this shell stays in dev; ~/shop/.xacct.toml says role prod, region us-east-1."]


def test_a_shell_that_was_narrowed_is_not_widened_by_its_directory(daemon, command, shop):
    assert main(["trust"]) == 0
    said, _ = of("bash", "at ~/shop", "xuse --read-only", "at /", "at ~/shop", init="init {} --project")
    assert said == ["~/shop -prod- us-east-1", "/ -prod- us-east-1", "~/shop -prod- us-east-1"]
    asked = [body for method, path, body in daemon.requests if (method, path) == ("POST", "/v1/grants")]
    assert ["scope" in body for body in asked] == [False, True]


def test_a_role_of_the_directory_that_was_left_or_chosen_over_stays_so(daemon, command, shop):
    assert main(["trust"]) == 0
    said, _ = of(
        "bash",
        "at ~/shop",
        "xleave",
        "at ~/shop/src",
        "at ~/shop",
        "xuse",
        "xuse dev",
        "at ~",
        init="init {} --project",
    )
    assert said == ["~/shop -prod- us-east-1", "~/shop/src --", "~/shop --", "~ -dev-"]


def test_from_one_directorys_role_to_anothers(daemon, command, shop, home):
    (home / "lab").mkdir()
    (home / "lab" / file.NAME).write_text('role = "dev"\n')
    assert main(["trust"]) == 0
    assert main(["trust", str(home / "lab")]) == 0
    said, _ = of("bash", "at ~/shop", "at ~/lab", "at ~/shop")
    assert said == ["~/shop -prod- us-east-1", "~/lab -dev-", "~/shop -prod- us-east-1"]


def test_a_shell_within_the_shell_is_in_it_already(daemon, command, shop):
    assert main(["trust"]) == 0
    lines = (
        'eval "$(xacctctl hook bash)"',
        "__xacct_cd",
        "echo in $XACCT_ROLE",
        "cd",
        "__xacct_cd",
        "echo -$XACCT_ROLE-",
    )
    inner = f"bash --norc -c '{'; '.join(lines)}'"
    said, told = of("bash", "at ~/shop", inner)
    assert said == ["~/shop -prod- us-east-1", "in prod", "--"]
    assert len(told) == 2
    assert len(daemon.called("POST", "/v1/grants")) == 1


def test_a_role_that_cannot_be_had_leaves_the_shell_in_none(spawned, command, shop, monkeypatch):
    monkeypatch.setenv("XACCT_DAEMON", "false")
    assert main(["trust"]) == 0
    said, told = of("bash", "at ~/shop", "at ~")
    assert said == ["~/shop --  xacctctl-env-failed", "~ --"]
    assert told[0].startswith("xacctctl: ")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_it_happens_at_the_prompt_and_keeps_the_status(daemon, command, shop, sit, shell):
    assert main(["trust"]) == 0
    seat = sit(command={"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell])
    seat.type("PS1='$ '\n" + f'eval "$(xacctctl hook {shell})"\n' * 2 + "cd ~\n")
    seat.expect("has left prod")
    seat.type("cd shop; (exit 3)\n")
    seat.expect("this shell is in prod")
    seat.type('echo "status $? $XACCT_ROLE"\n')
    seat.expect("status 3 prod")
    seat.type("exit\n")
    seat.end()


@pytest.mark.parametrize("words", [[], ["csh"], ["csh", "none"], ["dotenv", "none"]])
def test_what_no_shell_asks_is_no_traceback(home, words, capsys):
    assert main(["__project", *words]) == 2
    assert capsys.readouterr().out == ""


ODD = """a 'b' "c" $d !e `f`"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_directory_may_have_any_name(daemon, command, shop, home, shell):
    (home / ODD).mkdir()
    (home / ODD / file.NAME).write_text('role = "dev"\n')
    assert main(["trust", str(home / ODD)]) == 0
    said, _ = of(shell, "at ~/a*c*", "at ~")
    assert [line.rpartition(" -")[2] for line in said] == ["dev-", "-"]


@pytest.mark.parametrize("shell", ["tcsh", "xonsh"])
def test_what_was_there_before_and_a_second_init_change_nothing(daemon, command, shop, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    assert main(["trust"]) == 0
    before = {"tcsh": "alias precmd 'echo mine'", "xonsh": "_ = events.on_pre_prompt(lambda **_: print('mine'))"}[shell]
    prompt = {"tcsh": "precmd", "xonsh": "_ = events.on_pre_prompt.fire()"}[shell]
    again = {"tcsh": 'eval "`xacctctl hook tcsh`"', "xonsh": "execx($(xacctctl hook xonsh))"}[shell]
    shown = {"tcsh": "alias precmd", "xonsh": "print([each.__name__ for each in events.on_pre_prompt])"}[shell]
    said, told = of(shell, again, before, again, again, "cd ~/shop", prompt, "sh -c 'echo $XACCT_ROLE'", prompt, shown)
    assert said[:3] == ["mine", "prod", "mine"]
    assert len(re.findall(r"__?xacct_(cd|look)", said[3])) == 1
    assert len(told) == 1


@pytest.mark.skipif(not shutil.which("tcsh"), reason="tcsh is not installed")
def test_what_tcsh_cannot_be_told_leaves_it_in_no_role(daemon, command, shop, home, monkeypatch):
    """An end of line in what has to be put back later: the shell must not stay in the role of the directory before."""
    (home / "lab").mkdir()
    (home / "lab" / file.NAME).write_text('role = "dev"\n')
    assert main(["trust"]) == main(["trust", str(home / "lab")]) == 0
    said, told = of("tcsh", "at ~/lab", 'setenv AWS_DEFAULT_REGION "a\\\nb"', "at ~/shop", "at /")
    assert said == ["~/lab -dev-", "~/shop --  xacctctl-env-failed", "/ --"]
    assert "which tcsh can't be told" in "".join(told)


def test_every_shell_that_looks_keeps_what_it_has_seen():
    asked = {re.search(r"__project\W+(\w+)", hook.HOOKS[shell])[1] for shell in hook.SHELLS}
    assert asked == look.SEEN.keys()
    assert asked <= shells.FORMATS.keys()


def test_powershells_is_whole(capsys, place):
    """No PowerShell here: what it would refuse at once is looked for, and what it has to call."""
    assert main(["init", "powershell", "--project"]) == 0
    said = capsys.readouterr().out
    for left, right in ("{}", "()", "[]"):
        assert said.count(left) == said.count(right)
    assert all(line.count('"') % 2 == 0 and line.count("'") % 2 == 0 for line in said.splitlines())
    assert re.findall(r"^function (\w+)", said, re.MULTILINE) == ["xuse", "xleave", "prompt", "__xacct_cd"]
    assert 'xacctctl __project powershell "$global:__xacct_seen"' in said
