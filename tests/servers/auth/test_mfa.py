"""Sign-in in two steps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import time
from typing import Any

import httpx
import pyotp
import pytest

from .shop import PASSWORD, Browser, Client, Shop, bearer

STEP = 30


@dataclass(frozen=True)
class Enrolled:
    """A user with an authenticator app.

    The drift of the shop is two steps. So the code of the step in which the test began has
    confirmed it, and those of the next two can be used, also if a step ends meanwhile.
    """

    name: str
    secret: str
    recovery_codes: list[str]
    token: str
    began: float

    def code(self, steps: int) -> str:
        return pyotp.TOTP(self.secret).at(int(self.began), counter_offset=steps)

    def wrong_code(self) -> str:
        near = {self.code(steps) for steps in range(-10, 11)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)


@pytest.fixture
def ada(shop: Shop, one: Client, two: Client) -> Enrolled:
    name, began = shop.register(one, "editor"), time()
    token = one.sign_in(name)["access_token"]
    headers = bearer(token)
    made = one.post("/users/me/mfa", headers=headers, json={"password": PASSWORD})
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    enrolled = made.json()
    assert enrolled["uri"].startswith("otpauth://totp/Vivace:")
    assert enrolled["secret"] in enrolled["uri"]
    assert "<svg" in enrolled["svg"]
    # Not before it has been confirmed.
    assert two.ask_for_token(name).status_code == 200
    code = pyotp.TOTP(enrolled["secret"]).at(int(began))
    confirmed = two.post("/users/me/mfa/confirm", json={"code": code}, headers=headers)
    assert confirmed.status_code == 200, confirmed.text
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    return Enrolled(name, enrolled["secret"], codes, token, began)


def first_step(client: Client, name: str) -> str:
    response = client.ask_for_token(name)
    assert response.status_code == 403
    assert response.headers["cache-control"] == "no-store"
    detail = response.json()["detail"]
    assert detail["error"] == "mfa_required"
    mfa_token: str = detail["mfa_token"]
    return mfa_token


def second_step(client: Client, mfa_token: str, code: str) -> httpx.Response:
    return client.post("/token/mfa", json={"mfa_token": mfa_token, "code": code})


def error_of(response: httpx.Response) -> tuple[int, Any]:
    return response.status_code, response.json()["detail"]["error"]


def test_the_second_step_may_be_at_the_other_process(
    one: Client, two: Client, ada: Enrolled
) -> None:
    mfa_token = first_step(one, ada.name)
    assert two.whoami(mfa_token).status_code == 401
    response = second_step(two, mfa_token, ada.code(1))
    assert response.status_code == 200
    whoami = one.whoami(response.json()["access_token"]).json()
    assert (whoami["name"], whoami["methods"]) == (ada.name, ["pwd", "otp"])
    assert "articles:write" in whoami["scopes"]
    # The first step has been answered.
    assert error_of(second_step(one, mfa_token, ada.code(2))) == (401, "invalid_mfa_token")


def test_a_code_is_good_once_at_both_processes(one: Client, two: Client, ada: Enrolled) -> None:
    # That which has confirmed the app is used up.
    for client in (one, two):
        mfa_token = first_step(client, ada.name)
        assert error_of(second_step(client, mfa_token, ada.code(0))) == (403, "invalid_code")
    assert second_step(one, first_step(one, ada.name), ada.code(1)).status_code == 200
    for client in (two, one):
        mfa_token = first_step(client, ada.name)
        assert error_of(second_step(client, mfa_token, ada.code(1))) == (403, "invalid_code")
    assert second_step(two, mfa_token, ada.code(2)).status_code == 200


def test_of_two_who_use_a_code_at_once_one_is_signed_in(
    one: Client, two: Client, ada: Enrolled
) -> None:
    with ThreadPoolExecutor(2) as threads:

        def answer(client: Client, code: str) -> int:
            return second_step(client, first_step(client, ada.name), code).status_code

        for code in (ada.code(1), ada.code(2), *ada.recovery_codes[:4]):
            assert sorted(threads.map(answer, (one, two), (code, code))) == [200, 403]


def test_a_code_out_of_the_window_is_refused(one: Client, ada: Enrolled) -> None:
    for steps in (-4, 6):
        mfa_token = first_step(one, ada.name)
        assert error_of(second_step(one, mfa_token, ada.code(steps))) == (403, "invalid_code")


def test_a_recovery_code_is_good_once_at_both_processes(
    one: Client, two: Client, ada: Enrolled
) -> None:
    code = ada.recovery_codes[0]
    tokens = second_step(one, first_step(two, ada.name), code).json()
    assert two.whoami(tokens["access_token"]).json()["methods"] == ["pwd", "rc"]
    for client in (one, two):
        mfa_token = first_step(client, ada.name)
        assert error_of(second_step(client, mfa_token, code)) == (403, "invalid_code")
    status = two.get("/users/me/mfa", headers=bearer(ada.token)).json()
    assert status == {"state": "enabled", "recovery_codes_left": 9}


def test_new_recovery_codes_void_the_old_ones(one: Client, two: Client, ada: Enrolled) -> None:
    headers, path = bearer(ada.token), "/users/me/mfa/recovery-codes"
    proof = {"password": PASSWORD, "code": ada.code(1)}
    wrong = one.post(path, json={**proof, "password": "wrong password"}, headers=headers)
    assert wrong.status_code == 403
    made = two.post(path, json=proof, headers=headers)
    assert made.status_code == 200
    old, new = ada.recovery_codes[0], made.json()["recovery_codes"][0]
    mfa_token = first_step(one, ada.name)
    assert error_of(second_step(one, mfa_token, old)) == (403, "invalid_code")
    assert second_step(one, mfa_token, new).status_code == 200


def test_wrong_codes_end_the_first_step_over_both_processes(
    one: Client, two: Client, ada: Enrolled
) -> None:
    mfa_token = first_step(one, ada.name)
    for client in (one, two, one, two, one):
        assert error_of(second_step(client, mfa_token, ada.wrong_code()))[0] == 403
    assert second_step(two, mfa_token, ada.code(1)).status_code in (401, 429)


def test_it_is_disabled_by_one_who_proves_to_be_the_owner(
    one: Client, two: Client, ada: Enrolled
) -> None:
    headers, path = bearer(ada.token), "/users/me/mfa/disable"
    proof = {"password": PASSWORD, "code": ada.code(1)}
    for wrong in ({"password": "wrong password"}, {"code": ada.wrong_code()}):
        assert one.post(path, json={**proof, **wrong}, headers=headers).status_code == 403
    assert two.post(path, json=proof, headers=headers).status_code == 204
    assert one.ask_for_token(ada.name).status_code == 200


def test_a_session_takes_the_second_step_as_well(one: Client, two: Client, ada: Enrolled) -> None:
    browser = Browser()
    response = browser.sign_in(one, ada.name)
    assert error_of(response) == (403, "mfa_required")
    assert browser.cookies == {}
    body = {"mfa_token": response.json()["detail"]["mfa_token"], "code": ada.code(1)}
    # A first step for a session gives no tokens.
    assert error_of(two.post("/token/mfa", json=body)) == (401, "invalid_mfa_token")
    signed_in = browser.request(two, "POST", "/session/mfa", json=body)
    assert (signed_in.status_code, signed_in.json()["methods"]) == (201, ["pwd", "otp"])
    assert browser.is_signed_in(one)
