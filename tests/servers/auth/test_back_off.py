"""Guessing, over both processes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle

import httpx

from vivace.auth import Attempts

from .shop import Browser, Client, Shop

FREE_BY_ACCOUNT, FREE_BY_ADDRESS = 5, 20


def assert_refused(response: httpx.Response, *, at_most: int = 30) -> None:
    assert response.status_code == 429, response.text
    assert 0 < int(response.headers["retry-after"]) <= at_most


def test_failures_at_both_processes_count_for_the_account(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    for client, _ in zip(cycle((one, two)), range(FREE_BY_ACCOUNT)):
        assert client.ask_for_token(name, "wrong password").status_code == 400
    for client in (one, two):
        assert_refused(client.ask_for_token(name, "wrong password"))
        # Not even the right one, and neither by another way.
        assert_refused(client.ask_for_token(name))
        assert_refused(Browser().sign_in(client, name))
    # Nor from another address; others may go on.
    [elsewhere, _] = shop.clients()
    assert_refused(elsewhere.ask_for_token(name))
    assert elsewhere.ask_for_token(shop.register(elsewhere)).status_code == 200


def test_a_name_that_there_is_not_waits_as_others_do(shop: Shop, one: Client, two: Client) -> None:
    name = f"{shop.register(one)}-2"
    for _ in range(FREE_BY_ACCOUNT):
        assert one.ask_for_token(name, "wrong password").status_code == 400
    assert_refused(two.ask_for_token(name, "wrong password"))


def test_each_failure_doubles_the_wait_and_the_right_password_ends_it(
    shop: Shop, one: Client, two: Client
) -> None:
    before = {each.id for each in shop.database.find(Attempts)}
    name = shop.register(one)
    for _ in range(FREE_BY_ACCOUNT):
        one.ask_for_token(name, "wrong password")

    def wait_is_over() -> None:
        for each in shop.database.find(Attempts):
            if each.id not in before:
                shop.database.change(each, last_at=each.last_at - timedelta(hours=1))

    wait_is_over()
    assert two.ask_for_token(name, "wrong password").status_code == 400
    refused = one.ask_for_token(name)
    assert_refused(refused, at_most=60)
    assert int(refused.headers["retry-after"]) > 30
    wait_is_over()
    assert two.ask_for_token(name).status_code == 200
    assert one.ask_for_token(name, "wrong password").status_code == 400
    assert one.ask_for_token(name).status_code == 200


def test_failures_at_both_processes_count_for_the_address(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    for client, number in zip(cycle((one, two)), range(FREE_BY_ADDRESS)):
        assert client.ask_for_token(f"{name}-{number}", "wrong password").status_code == 400
    for client in (one, two):
        assert_refused(client.ask_for_token(name))
    [elsewhere, _] = shop.clients()
    assert elsewhere.ask_for_token(name).status_code == 200


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(
    shop: Shop, one: Client, two: Client
) -> None:
    """Each has a connection of its own, so it is chance which process it comes to."""
    name = shop.register(one)

    def guess(number: int) -> int:
        headers = {"X-Forwarded-For": f"{one.address}{number}"}
        form = {"username": name, "password": f"wrong password {number}"}
        return httpx.post(f"{shop.url}/token", data=form, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(guess, range(24)))
    assert statuses.count(400) == FREE_BY_ACCOUNT
    assert statuses.count(429) == 24 - FREE_BY_ACCOUNT
