"""What does not last on Redis, and the rest on a database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from tests.unit.auth.redis_keys import REDIS, new_prefix

from vivace.auth import Attempts, Challenge, Session, User

from .databases import new_database
from .shop import PASSWORD, Browser, Client, Shop, bearer, open_shop

pytestmark = pytest.mark.xdist_group("a shop on Redis")


@pytest.fixture(scope="module")
def shop(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with new_database("sqlite", tmp_path_factory.mktemp("split")) as database:
        with new_prefix() as prefix:
            split = {**environment, "SHOP_REDIS": REDIS, "SHOP_PREFIX": prefix}
            with open_shop(database, tmp_path_factory.mktemp("mailbox"), split) as opened:
                yield opened
        assert database.find(User)
        for kind in (Session, Challenge, Attempts):
            # They are kept, or the shop would not work, and not here.
            assert database.find(kind) == [], kind


def test_a_session_of_one_process_is_one_at_the_other_and_ends_at_both(
    shop: Shop, one: Client, two: Client
) -> None:
    name, browser, elsewhere = shop.register(one), Browser(), Browser()
    assert browser.sign_in(one, name).status_code == 201
    assert elsewhere.sign_in(two, name).status_code == 201
    assert browser.request(two, "GET", "/session").json()["name"] == name
    assert len(browser.request(two, "GET", "/sessions").json()) == 2
    assert browser.request(two, "DELETE", "/sessions").status_code == 403
    assert browser.act(two, "DELETE", "/sessions").status_code == 204
    assert not elsewhere.is_signed_in(one)
    assert not elsewhere.is_signed_in(two)


def test_the_second_step_may_be_at_the_other_process_and_counts_once(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    headers = bearer(one.sign_in(name)["access_token"])
    enrolled = one.post("/users/me/mfa", headers=headers, json={"password": PASSWORD})
    secret = enrolled.json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    confirmed = two.post("/users/me/mfa/confirm", json=code, headers=headers).json()
    first = one.ask_for_token(name).json()["detail"]

    def answer(client: Client, number: int) -> int:
        code = confirmed["recovery_codes"][number]
        second = {"mfa_token": first["mfa_token"], "code": code}
        return client.post("/token/mfa", json=second).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(answer, (one, two), (0, 1))) == [200, 401]


def test_failed_attempts_at_both_processes_count_together(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)

    def guess(number: int, client: Client) -> int:
        return client.ask_for_token(name, f"wrong password {number}").status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(guess, range(10), (one, two) * 5))
    assert (statuses.count(400), statuses.count(429)) == (5, 5)
    for client in (one, two):
        assert client.ask_for_token(name).status_code == 429
