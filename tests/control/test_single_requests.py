"""What is asked for by one request alone is a consumer of its own, across restarts of xacctd as well."""

from dataclasses import replace

from small_keeper import ROLES
from virtual_time import in_virtual_time


async def said(control, *, yes):
    """The first event of a request for a guarded role, and what came of it where a human says yes."""
    async with control.stream("/v1/credentials", role="dev") as events:
        first = await events.next()
        if yes:
            await control.post(f"/v1/prompts/{control.broker.open_prompts[0].id}", confirm=True)
            return first["event"], (await events.next("credentials"))["event"]
        return first["event"], None


@in_virtual_time
async def test_a_yes_to_one_request_is_nobodys_after_a_restart(clock, control):
    control.keeper.configure({**ROLES, "dev": replace(ROLES["dev"], confirm="each-use")})
    async with control.serving():
        await control.login("dev")
        assert await said(control, yes=True) == ("prompt", "credentials")
        assert [yes.used for yes in control.keeper.approvals.approved.all] == [True]
    async with control.serving():  # the routes of the next daemon, with the yeses that it was handed
        assert await said(control, yes=False) == ("prompt", None)
