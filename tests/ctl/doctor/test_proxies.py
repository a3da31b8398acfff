"""Proxies: who would see a token, and whose password is not repeated."""

import pytest

from xacct.ctl.doctor.proxies import CHECKS, exempts, where

URI = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9477/v1/credentials/prod"}


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_token_that_would_go_through_a_proxy(stage, variable):
    stage.environ |= {**URI, variable: "http://u:SECRETSECRET@proxy.corp:3128"}
    assert stage.found(CHECKS)["proxy-endpoint"] == "broken"
    (said,) = stage.sentences(CHECKS, "proxy-endpoint")
    assert "proxy.corp:3128" in said
    assert "SECRET" not in said
    stage.environ["NO_PROXY"] = "127.0.0.1,localhost"
    assert stage.found(CHECKS)["proxy-endpoint"] == "ok"


def test_no_token_no_danger(stage):
    assert stage.found(CHECKS) == {"proxy-endpoint": "ok", "proxy-sts": "ok"}
    stage.environ["HTTP_PROXY"] = "http://proxy.corp:3128"
    assert stage.found(CHECKS) == {"proxy-endpoint": "ok", "proxy-sts": "ok"}


def test_a_proxy_for_sts_is_noted(stage):
    stage.environ["HTTPS_PROXY"] = "http://u:SECRETSECRET@proxy.corp:3128"
    assert stage.sentences(CHECKS, "proxy-sts") == [
        "An xacctd started here reaches AWS through proxy.corp:3128 (HTTPS_PROXY)."
    ]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"NO_PROXY": ""}, False),
        ({"NO_PROXY": "corp"}, False),
        ({"NO_PROXY": "corp, 127.0.0.1"}, True),
        ({"no_proxy": "*"}, False),
        ({"NO_PROXY": "*"}, False),
        ({"NO_PROXY": "*,127.0.0.1", "no_proxy": "*"}, True),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "*,corp"}, False),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "corp"}, False),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "corp,127.0.0.1"}, True),
    ],
)
def test_every_spelling_has_to_exempt_it(environ, expected):
    assert exempts(environ) is expected


@pytest.mark.parametrize("proxy", ["http://[x", "http://u:p@[::1", "u:p@h:x"])
def test_a_proxy_that_makes_no_sense_is_not_repeated(proxy):
    assert where(proxy) == "a proxy"
