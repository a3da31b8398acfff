"""/v1/authorize and the confirmation page: who may ask, and where the answer goes."""

import asyncio
import base64
import re
from urllib.parse import parse_qsl

import pytest

from xacct.sandbox import human

SAME = "arn:aws:signin:::devtools/same-device"
CROSS = "arn:aws:signin:::devtools/cross-device"


async def test_a_human_says_yes_or_no(program, sandbox):
    sandbox.console_login.state.consent = "ask"
    for answer, brings in (("allow", "code"), ("deny", "error")):
        status, _, page = await program.authorize()
        assert status == 200
        form = {"request": re.search(r'name="request" value="([^"]+)"', page)[1], "answer": answer}
        place = f"{program.url}/v1/authorize"
        async with program.http.post(place, data=form, allow_redirects=False) as answered:
            brought = dict(parse_qsl(answered.headers["Location"].partition("?")[2]))
        assert brought.keys() == {brings, "state"}
        assert brought["state"] == "s&t"
        async with program.http.post(place, data=form, allow_redirects=False) as again:
            assert again.status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_type": "token"},
        {"code_challenge_method": "S256"},
        {"scope": "openid profile"},
        {"scope": None, "scopes": "openid"},
        {"code_challenge": "short"},
        {"code_challenge": None},
        {"state": None},
        {"client_id": "arn:aws:signin:::devtools/other"},
        {"redirect_uri": "http://localhost:40123/oauth/callback"},
        {"redirect_uri": "http://[::1]:40123/oauth/callback"},
        {"redirect_uri": "http://127.0.0.1/oauth/callback"},
        {"redirect_uri": "http://127.0.0.1:40123/callback"},
        {"redirect_uri": "http://127.0.0.1:40123/oauth/callback?x=y"},
        {"redirect_uri": "https://example.com/oauth/callback"},
        {"client_id": CROSS},
    ],
)
async def test_what_is_not_asked_as_aws_wants_it_goes_nowhere(program, wrong):
    status, place, _ = await program.authorize(**wrong)
    assert (status, place) == (400, "")


async def test_a_client_on_another_machine_has_its_answer_shown(program):
    there = f"{program.url}/v1/sessions/confirmation"
    status, place, _ = await program.authorize(client_id=CROSS, redirect_uri=there)
    assert (status, place.partition("?")[0]) == (303, there)
    async with program.http.get(place) as answer:
        shown = re.search(r'id="shown">([^<]+)', await answer.text())[1]
    said = dict(parse_qsl(base64.b64decode(shown).decode()))
    assert said.keys() == {"state", "code"}
    status, _ = await program.redeem(said["code"], clientId=CROSS, redirectUri=there)
    assert status == 200


async def test_the_control_plays_the_human(program):
    control = f"{program.url}/_sandbox/console-login"
    async with program.http.post(f"{control}/consent", json={"answer": "deny"}) as answer:
        assert await answer.json() == {"answer": "deny", "user": None}
    assert "error=access_denied" in (await program.authorize())[1]
    async with program.http.post(f"{control}/consent", json={"answer": "perhaps"}) as answer:
        assert answer.status == 400
    async with program.http.post(f"{control}/consent", json={"answer": "allow", "user": "MyColleague"}) as answer:
        assert answer.status == 200
    await program.signed_in()
    async with program.http.get(control) as answer:
        [sign_in] = (await answer.json())["sign_ins"]
    assert (sign_in["user"], sign_in["over"]) == ("arn:aws:iam::123456789012:user/MyColleague", False)
    async with program.http.post(f"{control}/revoke", json={}) as answer:
        assert await answer.json() == {"revoked": 1}


async def test_one_command_plays_the_human_of_both_kinds_of_sign_in(program, sandbox, tmp_path):
    (tmp_path / "ready").write_text(f"{program.url}\n")
    both = sandbox.identity_center.state, sandbox.console_login.state
    await asyncio.to_thread(human.consent, tmp_path, "allow", "me@example.com")
    assert [(each.consent, each.consent_user) for each in both] == [("allow", "me@example.com"), ("allow", None)]
    await program.signed_in()
    assert await asyncio.to_thread(human.revoke, tmp_path, None) == "Sign-ins ended: 1."
    await asyncio.to_thread(human.consent, tmp_path, "deny", "MyColleague")
    assert [(each.consent, each.consent_user) for each in both] == [("deny", "MyColleague")] * 2
