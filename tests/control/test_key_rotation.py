"""POST /v1/keys/PROFILE/rotate: whose key may be rotated."""

from virtual_time import in_virtual_time


@in_virtual_time
async def test_a_role_that_has_no_key_in_the_keychain_is_refused(clock, control):
    async with control.serving():
        for name in list(control.keeper.nodes)[:2]:
            answer = await control.refused("POST", f"/v1/keys/{name}/rotate", {})
            assert "has no access key in the keychain" in str(answer)
        assert "unknown-role" in str(await control.refused("POST", "/v1/keys/nobody/rotate", {}))
