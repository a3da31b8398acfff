"""POST /v1/console: who gets the address, what AWS's sign-in is given, and what the audit has by then."""

import pytest
from virtual_time import in_virtual_time

from xacct import errors
from xacct.policy import Hop

ADDRESS, PAGE, OUT = "https://signin.example/?token=secret", "http://127.0.0.1:1/page", "https://signin.example/out"


class Console:
    """AWS's sign-in, of a few lines."""

    def __init__(self):
        self.given = []
        self.error = None

    def destination(self, role, named, service, region):
        if named == "elsewhere":
            raise errors.BadInput("That is elsewhere.")
        return f"{role.name} {named} {service} {region}"

    def sign_out(self, _role):
        return OUT

    def lasts(self, hop):
        return hop is Hop.FROM_KEYS

    async def sign_in(self, *given):
        self.given.append(given)
        if self.error is not None:
            raise self.error
        return ADDRESS

    async def page(self, _url):
        return PAGE


class Trail:
    """An audit whose disk is full."""

    def __init__(self):
        self.lines = []
        self.full = False

    def record(self, event, *, role, caller, what):
        self.lines.append((event, role, what, caller.uid is not None))

    async def written(self):
        if self.full:
            raise errors.AuditNotWritten("The disk is full.", "")


@pytest.fixture
def console(control):
    control.daemon.console, control.daemon.audit = Console(), Trail()
    return control.daemon.console


async def events(control, role="plain", **more):
    async with control.stream("/v1/console", role=role, attend=False, **more) as stream:
        return await stream.rest()


@in_virtual_time
async def test_a_browser_gets_a_page_and_only_who_asks_the_address(clock, control, console):
    async with control.serving():
        [said, done] = await events(control, service="s3", region="eu-west-1")
        assert said == {"event": "console", "role": "plain", "account": "111122223333", "url": PAGE, "lasts": 3600}
        assert done == {"event": "done", "failed": 0}
        [shown, _] = await events(control, show=True)
        assert shown["url"] == ADDRESS
        held, role, hop, seconds, destination = console.given[0]
        assert (role.name, hop, seconds) == ("plain", Hop.FROM_KEYS, 3600)
        assert destination == "plain None s3 eu-west-1"
        assert held is control.keeper.nodes["plain"].entry.held
        assert control.daemon.audit.lines == [("console", "plain", "served", True)] * 2


@in_virtual_time
async def test_what_can_not_be_written_down_does_not_leave(clock, control, console):
    async with control.serving():
        control.daemon.audit.full = True
        [failed, _] = await events(control, show=True)
        assert (failed["event"], failed["error"]["code"]) == ("failed", "audit-not-written")


@in_virtual_time
async def test_a_destination_elsewhere_is_refused_before_credentials_are_had(clock, control, console):
    async with control.serving():
        status, error = await control.refused("POST", "/v1/console", {"role": "plain", "destination": "elsewhere"})
        assert (status, error["code"]) == (400, "bad-request")
        assert control.sts.calls == console.given == []


@in_virtual_time
async def test_it_is_served_as_to_every_consumer(clock, control, console):
    async with control.serving():
        control.keeper.logout(["plain"])
        status, error = await control.refused("POST", "/v1/console", {"role": "plain"})
        assert (status, console.given) == (403, [])
        [said, _] = await events(control, sign_out=True)
        assert said["url"] == OUT
        control.keeper.agent_lock.lock("a test")
        status, error = await control.refused("POST", "/v1/console", {"role": "dev"})
        assert error["code"] == "locked"


@in_virtual_time
async def test_awss_refusal_is_said_and_written_down(clock, control, console):
    async with control.serving():
        console.error = errors.AccessDenied("AWS gives no sign-in.", "")
        [failed, _] = await events(control)
        assert failed["error"]["sentence"] == "AWS gives no sign-in."
        assert control.daemon.audit.lines == [("console", "plain", "access-denied", True)]
