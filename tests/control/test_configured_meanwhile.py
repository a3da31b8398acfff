"""A role that is configured anew while a request for it is on its way: what it was leaves no more."""

from dataclasses import replace

import pytest
from virtual_time import in_virtual_time

from xacct.credentials.service import CredentialService

OTHER = "arn:aws:iam::999999999999:role/other"


class Trail:
    """An audit whose disk takes a moment, in which the configuration is read anew."""

    def __init__(self, control):
        self._control = control

    def configure(self):
        configured = {name: node.role for name, node in self._control.keeper.nodes.items()}
        self._control.keeper.configure(configured | {"plain": replace(configured["plain"], role_arn=OTHER)})

    def fetched(self, *_):
        async def written():
            self.configure()

        return written

    def record(self, *_, **__):
        pass

    async def written(self):
        pass


class Console:
    """AWS's sign-in, which takes a moment likewise."""

    def __init__(self, trail):
        self._trail = trail
        self.given = 0

    def destination(self, *_):
        return "here"

    def lasts(self, _hop):
        return False

    async def sign_in(self, *_):
        self.given += 1
        self._trail.configure()
        return "https://signin.example/?token=secret"


@pytest.fixture
def trail(control):
    control.daemon.audit = Trail(control)
    return control.daemon.audit


@in_virtual_time
async def test_credentials_that_are_written_down_do_not_leave_as_another_role(clock, control, trail):
    async with control.serving(), control.stream("/v1/credentials", role="plain", attend=False) as stream:
        [failed, _] = await stream.rest()
    assert (failed["event"], failed["error"]["code"]) == ("failed", "temporary")


@in_virtual_time
async def test_a_browser_is_not_signed_in_to_what_the_role_was(clock, control, trail):
    control.daemon.console = Console(trail)
    async with control.serving(), control.stream("/v1/console", role="plain", attend=False, show=True) as stream:
        [failed, _] = await stream.rest()
    assert (failed["event"], failed["error"]["code"]) == ("failed", "temporary")


@in_virtual_time
async def test_nobody_signs_in_with_another_role_than_was_asked_for(clock, control, trail):
    """The console's address is made of the role that was asked for: its partition, its session's length."""
    control.daemon.console = console = Console(trail)
    serve = CredentialService.serve

    def slowly(self, name, consumer, ask):
        trail.configure()  # before it is served, and after it was looked up
        return serve(self, name, consumer, ask)

    async with control.serving():
        control.api.service.serve = slowly.__get__(control.api.service)
        async with control.stream("/v1/console", role="plain", attend=False, show=True) as stream:
            [failed, _] = await stream.rest()
    assert (failed["event"], failed["error"]["code"], console.given) == ("failed", "temporary", 0)


@in_virtual_time
async def test_nobody_is_asked_whose_credentials_they_are_where_the_role_was(clock, control, trail):
    asked = []

    async def identify(_held, role):
        asked.append(role)
        return OTHER

    control.daemon.identify = identify
    async with control.serving():
        status, error = await control.refused("POST", "/v1/whoami", {"role": "plain"})
    assert (status, error["code"], asked) == (503, "temporary", [])
