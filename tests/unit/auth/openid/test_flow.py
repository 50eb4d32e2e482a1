from __future__ import annotations

import json

import pytest

from vivace import Request, Response
from vivace.auth import Provider
from vivace.auth.openid.flow import Flow, FlowCookie
from vivace.auth.openid.provider import SignInFailed
from vivace.auth.vault import Vault

VAULT = Vault("a secret of at least thirty-two characters")
ACME = Provider("acme", "https://acme.example", "client")


def make_flow() -> Flow:
    return Flow(provider="acme", redirect_uri="https://shop.example/callback", next="/")


def request_with(cookie: str, value: str) -> Request:
    headers = [(b"cookie", f"{cookie}={value}".encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def sent(cookie: FlowCookie, flow: Flow) -> str:
    response = Response()
    cookie.set(response, flow)
    return response.headers["set-cookie"].partition("=")[2].partition(";")[0]


def test_a_flow_is_read_as_it_was_set() -> None:
    cookie, flow = FlowCookie(VAULT, secure=True), make_flow()
    request = request_with("__Host-openid", sent(cookie, flow))
    assert cookie.read(request, ACME, flow.state) == flow


def test_nothing_of_a_flow_can_be_read_by_the_browser() -> None:
    flow = make_flow()
    value = sent(FlowCookie(VAULT, secure=True), flow)
    assert not any(one in value for one in (flow.state, flow.nonce, flow.verifier))


def test_no_two_flows_are_alike() -> None:
    flows = [make_flow() for _ in range(10)]
    values = {value for flow in flows for value in (flow.state, flow.nonce, flow.verifier)}
    assert len(values) == 30


@pytest.mark.parametrize("text", ["{}", '{"provider": "acme", "unknown": 1}'])
def test_a_flow_of_another_version_of_the_kit_is_begun_anew(text: str) -> None:
    cookie = FlowCookie(VAULT, secure=False)
    request = request_with("openid", VAULT.encrypt(text, "openid"))
    with pytest.raises(SignInFailed):
        cookie.read(request, ACME, "state")


def test_what_was_encrypted_for_something_else_is_no_flow() -> None:
    cookie, flow = FlowCookie(VAULT, secure=False), make_flow()
    request = request_with("openid", VAULT.encrypt(json.dumps(vars(flow)), "totp"))
    with pytest.raises(SignInFailed):
        cookie.read(request, ACME, flow.state)


def test_a_cookie_of_another_name_is_not_read() -> None:
    cookie, flow = FlowCookie(VAULT, secure=True), make_flow()
    with pytest.raises(SignInFailed):
        cookie.read(request_with("openid", sent(cookie, flow)), ACME, flow.state)
