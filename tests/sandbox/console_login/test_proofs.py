"""The proof of possession (DPoP) that each token call has to bring: what it may not be."""

import pytest


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"htm": "GET"}, "another request"),
        ({"htu": "http://127.0.0.1:1/v1/token"}, "another request"),
        ({"htu": ""}, "another request"),
        ({"iat": 0}, "another time"),
        ({"iat": "now"}, "another time"),
        ({"iat": True}, "another time"),
        ({"jti": ""}, "used before"),
        ({"jti": 5}, "used before"),
    ],
)
async def test_a_proof_is_for_one_request_and_moment(program, wrong, words):
    code = await program.code()
    status, refused = await program.redeem(code, proof=program.key.proof(program.claims(**wrong)))
    assert status == 400
    assert words in refused["message"]
    assert (await program.redeem(code))[0] == 200, "the code is not used up by that"


@pytest.mark.parametrize("off", [-301, 301])
async def test_a_proof_of_another_time_is_refused(program, clock, off):
    code = await program.code()
    proof = program.key.proof(program.claims(iat=int(clock()) + off))
    assert (await program.redeem(code, proof=proof))[0] == 400


async def test_a_proof_is_good_once(program):
    token = (await program.signed_in())["refreshToken"]
    proof = program.key.proof(program.claims())
    status, given = await program.refresh(token, proof=proof)
    assert status == 200
    status, refused = await program.refresh(given["refreshToken"], proof=proof)
    assert (status, refused["message"]) == (400, "The DPoP proof was used before")


async def test_a_refresh_token_is_bound_to_the_key_of_its_sign_in(program):
    token = (await program.signed_in())["refreshToken"]
    other = type(program.key)()
    status, refused = await program.refresh(token, proof=other.proof(program.claims()))
    assert (status, "another key" in refused["message"]) == (400, True)
    assert (await program.refresh(token))[0] == 200


async def test_the_key_in_a_proof_has_signed_it(program):
    other = type(program.key)()
    proof = program.key.proof(program.claims(), signed_by=other)
    status, refused = await program.redeem(await program.code(), proof=proof)
    assert (status, "signature" in refused["message"]) == (400, True)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"jwk": None},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
    ],
)
async def test_a_proof_of_another_kind_is_none(program, header):
    proof = program.key.proof(program.claims(), **header)
    assert (await program.redeem(await program.code(), proof=proof))[0] == 400


@pytest.mark.parametrize("proof", ["", "a.b", "a.b.c", "e30.e30.e30", "x" * 5000])
async def test_what_is_no_proof_is_refused(program, proof):
    status, refused = await program.redeem(await program.code(), proof=proof)
    assert (status, refused["error"]) == (400, "INVALID_REQUEST")
