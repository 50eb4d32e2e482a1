"""Receivers of all kinds, beside one that is as it should be."""

from __future__ import annotations

import pytest

from .receiver import Receiver
from .shop import order, serving, subscribe

pytestmark = pytest.mark.xdist_group("webhooks")


def test_each_receiver_gets_what_it_can_take_and_none_holds_up_another(
    database: str, receiver: Receiver
) -> None:
    paths = ["/ok", "/fails-first", "/redirects", "/gone", "/hangs", "/drips", "/closes"]
    with serving(database, SHOP_RETRIES="3", SHOP_LEASE="4") as server:
        ids = dict(zip(paths, subscribe(server, *map(receiver.url, paths)), strict=True))
        for number in range(30):
            assert order(server, number), server.log
        everything = {*range(30)}
        for path in ("/ok", "/fails-first", "/closes"):
            receiver.wait(lambda: {*receiver.got(path)} == everything, why=path)  # noqa: B023
        assert receiver.got("/hangs") == receiver.got("/drips") == []
        assert "/elsewhere" not in receiver.ids
        # Whoever is gone is asked no more.
        gone = server.client.get(f"/webhooks/endpoints/{ids['/gone']}").json()
        assert (gone["enabled"], gone["disabled_reason"]) == (False, "gone")
        assert len(receiver.ids["/gone"]) <= 5
        for path, status in (("/redirects", 307), ("/fails-first", 500)):
            found = server.client.get(f"/webhooks/deliveries?endpoint_id={ids[path]}").json()
            one = server.client.get(f"/webhooks/deliveries/{found['items'][0]['id']}").json()
            assert one["history"][0]["status"] == status
        assert "Traceback" not in server.log, server.log


def test_what_was_given_up_is_sent_again_when_it_is_asked_for(
    postgresql: str, receiver: Receiver
) -> None:
    with serving(postgresql, SHOP_RETRIES="0") as server:
        [id] = subscribe(server, receiver.url("/fails-first"))
        for number in range(3):
            assert order(server, number)

        def dead() -> int:
            found = server.client.get("/webhooks/deliveries?state=dead").json()
            return len(found["items"])

        since = {"since": "2020-01-01T00:00:00Z"}
        for _ in range(2):
            receiver.wait(lambda: dead() == 3, why=server.log)
            answer = server.client.post(f"/webhooks/endpoints/{id}/replay", json=since)
            assert answer.json() == {"count": 3}
        receiver.wait(lambda: {*receiver.got("/fails-first")} == {0, 1, 2}, why=server.log)
        assert len({*receiver.ids["/fails-first"]}) == 3
