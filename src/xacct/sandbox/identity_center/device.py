"""StartDeviceAuthorization, a human's answer to it, and a device's poll (RFC 8628)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from xacct.sandbox.identity_center import members, refusals
from xacct.sandbox.identity_center.registration import DEVICE_CODE, client_of, may
from xacct.sandbox.identity_center.state import DeviceRequest, SignIn
from xacct.sandbox.sign_in_control import AnswerError

if TYPE_CHECKING:
    from xacct.sandbox.identity_center.instance import Instance
    from xacct.sandbox.identity_center.members import Members
    from xacct.sandbox.identity_center.state import Client, State

DEVICE_PATH: Final = "/device"
# RFC 8628's own proposal: no vowels, so that no words come out.
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_SLOW_DOWN_SECONDS: Final = 5


def start_device_authorization(state: State, given: Members, now: float, origin: str) -> dict[str, object]:
    """Begin a device authorization and return both codes.

    Args:
        state: What is known.
        given: The request's members.
        now: Unix seconds.
        origin: Where this server is reached, for the human's browser.

    Raises:
        Refusal: For a client that may not, or a start URL that is nobody's.
    """
    client = client_of(state, given, now)
    instance = state.instance(members.text(given, "startUrl"))
    if instance is None or (client.issuer is not None and client.issuer != instance.start_url):
        raise refusals.invalid_request("Invalid start url provided")
    if not may(client, DEVICE_CODE):
        raise refusals.unauthorized_client("The client is registered for another grant type")
    device_code, user_code = secrets.token_urlsafe(64), _user_code()
    request = DeviceRequest(user_code, client, instance.start_url, now + instance.code_seconds, instance.interval)
    state.devices.put(device_code, request)
    if state.consent != "ask":
        answer(state, user_code, now, allow=state.consent == "allow", user=state.consent_user)
    page = f"{origin}{DEVICE_PATH}"
    return {
        "deviceCode": device_code,
        "userCode": user_code,
        "verificationUri": page,
        "verificationUriComplete": f"{page}?user_code={user_code}",
        "expiresIn": int(instance.code_seconds),
        "interval": instance.interval,
    }


def _user_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def answer(state: State, user_code: str | None, now: float, *, allow: bool, user: str | None = None) -> DeviceRequest:
    """Answer an open device authorization as its human.

    Args:
        state: What is known.
        user_code: Which one, in any letter case; None: the only one that is open.
        now: Unix seconds.
        allow: Yes or no.
        user: Who says yes; None: the instance's first user.

    Returns:
        What was answered.

    Raises:
        AnswerError: If there is no such question, or no such user.
    """
    opened = [each for each in state.devices if each.open(now)]
    if user_code is not None:
        opened = [each for each in opened if each.user_code == user_code.strip().upper()]
    if not opened:
        raise AnswerError("No sign-in waits for an answer." if user_code is None else "No sign-in waits for this code.")
    if len(opened) > 1:
        raise AnswerError("Several sign-ins wait for an answer; say which code is meant.")
    request = opened[0]
    if allow:
        request.sign_in = sign_in(state, request.start_url, user, now)
    else:
        request.denied = True
    return request


def sign_in(state: State, start_url: str, user: str | None, now: float) -> SignIn:
    """Begin the sign-in of a user, which ends as the instance says.

    Raises:
        AnswerError: If the instance has no such user, or is gone.
    """
    instance = state.instance(start_url)
    name = user if user is not None or instance is None else next(iter(instance.users), None)
    if instance is None or name not in instance.users:
        raise AnswerError("The instance of Identity Center has no such user.")
    begun = SignIn(str(name), instance.start_url, now + _session_seconds(state, instance))
    state.sign_ins.put(secrets.token_hex(8), begun)
    return begun


def _session_seconds(state: State, instance: Instance) -> float:
    cap = state.sts.caps.sign_in
    return instance.session_seconds if cap is None else min(cap, instance.session_seconds)


def redeem_device_code(state: State, client: Client, given: Members, now: float) -> SignIn:
    """Return the sign-in that a device's human has agreed to.

    Raises:
        Refusal: While nobody has, for who asks too often, and for codes that are wrong, used or over.
    """
    request = state.devices.get(members.text(given, "deviceCode"))
    if request is None or request.client != client or request.used:
        raise refusals.invalid_grant("Invalid device code provided")
    if request.denied:
        raise refusals.access_denied()
    if now >= request.expires:
        raise refusals.expired_token("The device code is over")
    if request.sign_in is None:
        raise _not_yet(request, now)
    request.used = True
    return request.sign_in


def _not_yet(request: DeviceRequest, now: float) -> refusals.Refusal:
    early = request.polled is not None and now < request.polled + request.interval
    request.polled = now
    if early:
        request.interval += _SLOW_DOWN_SECONDS
        return refusals.slow_down()
    return refusals.authorization_pending()
