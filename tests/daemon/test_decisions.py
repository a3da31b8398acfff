"""What a human decides about a guarded role is in the audit: for which grant, how long, who said it and where."""

import asyncio
import json

import pytest

from xacct import errors
from xacct.asker import Asker
from xacct.ctl.audit import fold, timeline, words
from xacct.ctl.audit.story import story
from xacct.daemon.app import App
from xacct.daemon.inherited import DaemonPaths
from xacct.model import Caller
from xacct.prompts.prompt import Answerer, Permission
from xacct.scope import Scope
from xacct.settings import Settings

ASKER = Asker("pid 7, /bin/aws", ((7, "aws-canary"),), "/canary", "aws s3 ls canary")
AT_TERMINAL = Answerer("terminal", Caller(uid=1000, pid=4712, exe="/usr/bin/python3"))


@pytest.fixture
async def app(tmp_path, monkeypatch):
    for variable in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    where = DaemonPaths()
    for folder in (where.state, where.tokens):
        folder.mkdir(parents=True)
    app = App(Settings(), Settings(), where)
    yield app
    await app.close()


async def decided(app, consumer, answer, label="a canary"):
    """Ask for a permission, and answer it."""
    broker = app.keeper.broker
    with broker.subscribe():
        asked = broker.permission(Permission("prod", label, consumer, asker=ASKER), "use of prod", lambda: True)
        task = asyncio.ensure_future(asked)
        await asyncio.sleep(0)
        answer(broker, broker.open_prompts[0].id)
        await asyncio.gather(task, return_exceptions=True)


async def lines(app):
    await app.audit.flush()
    return [json.loads(line) for line in (app.where.state / "audit.jsonl").read_text().splitlines()]


async def test_a_yes_says_how_long_it_holds_who_said_it_and_who_had_asked(app):
    grant, _, _ = app.grants.create(["prod"], "a shell", None, None, scope=Scope("{}", words="reading only"))
    await decided(app, grant.id, lambda broker, prompt: broker.confirm(prompt, "minutes", 1800.0, by=AT_TERMINAL))
    [line] = await lines(app)
    assert (line["event"], line["role"]) == ("approved", "prod")
    assert line["what"] == "for 30 min, by terminal, asked for by pid 7, /bin/aws"
    assert (line["uid"], line["pid"], line["exe"]) == (1000, 4712, "/usr/bin/python3")
    assert (line["grant"]["id"], line["grant"]["scope"]) == (grant.id, f"{grant.scope.id}: reading only")
    assert "canary" not in json.dumps(line), "neither a command line nor a directory is kept"


async def test_a_grants_story_and_page_tell_each_decision_as_it_was_written(app):
    grant, _, _ = app.grants.create(["prod"], "a shell", None, None)
    await decided(app, grant.id, lambda broker, prompt: broker.confirm(prompt, "minutes", 1800.0, by=AT_TERMINAL))
    app.audit.fetched(grant, "prod", "served", Caller(uid=1000, pid=7, exe="/bin/aws"))
    await decided(app, grant.id, lambda broker, prompt: broker.decline(prompt, by=Answerer("dialog")))
    written = await lines(app)
    asked = "asked for by pid 7, /bin/aws"
    yes = f"prod: a human said yes, for 30 min, by terminal, {asked}"
    no = f"prod: a human said no, by dialog, {asked}"
    told = story(written, in_force=True)
    facts = [fact.partition("prod: ")[2] for fact in told if fact.startswith("  ") and "a human" in fact]
    assert facts == [f"{yes}; answered from /usr/bin/python3 (pid 4712)".removeprefix("prod: "), no[len("prod: ") :]]
    assert [row.partition("prod: ")[2] for row in told[-3:]] == [
        f"{yes}  /usr/bin/python3 (pid 4712)".removeprefix("prod: "),
        "fetched  /bin/aws (pid 7)",
        no.removeprefix("prod: "),
    ]
    rows = fold.folded(written)
    assert [timeline.kind_of(row) for row in rows] == ["yes", "served", "no"]
    assert "  ".join([yes.removeprefix("prod: a human said yes, "), "uid 1000 pid 4712"]) in words.text(written[0])


async def test_a_no_to_what_is_of_no_grant_is_a_no_on_the_page(app):
    await decided(app, "imds:9478", lambda broker, prompt: broker.decline(prompt, by=Answerer("dialog")), "imds:9478")
    [row] = fold.folded(await lines(app))
    assert timeline.kind_of(row) == "no"
    assert words.said(row) == "prod: a human said no, by dialog, for imds:9478, asked for by pid 7, /bin/aws"


async def test_a_no_is_a_line_too_and_the_retries_after_it_are_none(app):
    for _ in range(3):
        try:
            await decided(
                app, "imds:9478", lambda broker, prompt: broker.decline(prompt, by=Answerer("dialog")), "imds:9478"
            )
        except IndexError:  # nobody is asked: the no still holds
            continue
    [line] = await lines(app)
    assert (line["event"], line["role"], line["grant"], line["uid"]) == ("declined", "prod", None, None)
    assert line["what"] == "by dialog, for imds:9478, asked for by pid 7, /bin/aws"


async def test_what_nobody_has_answered_is_nobodys_decision(app):
    broker = app.keeper.broker
    with broker.subscribe():
        asked = broker.permission(Permission("prod", "a shell"), "use of prod", lambda: False)
        with pytest.raises(errors.TimedOut):
            await asked
        code = asyncio.ensure_future(broker.ask("serial", lambda: ("prod",), lambda: True))
        await asyncio.sleep(0)
        broker.answer(broker.open_prompts[0].id, "123456")
        await code
    await app.audit.flush()
    assert not (app.where.state / "audit.jsonl").exists()
