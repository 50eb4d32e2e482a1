"""Receivers of all kinds, beside one that is as it should be."""

from __future__ import annotations

from .receiver import Receiver
from .shop import order, serving, subscribe


def test_each_receiver_gets_what_it_can_take_and_none_holds_up_another(
    sqlite: str, receiver: Receiver
) -> None:
    paths = ["/ok", "/fails-first", "/redirects", "/gone", "/hangs", "/drips", "/closes"]
    with serving(sqlite, SHOP_RETRIES="10", SHOP_LEASE="4") as server:
        ids = dict(zip(paths, subscribe(server, *map(receiver.url, paths)), strict=True))
        for number in range(12):
            assert order(server, number), server.log
        everything = {*range(12)}
        for path in ("/ok", "/fails-first", "/closes"):
            receiver.wait(lambda: {*receiver.got(path)} == everything, why=path)  # noqa: B023
        assert receiver.got("/hangs") == receiver.got("/drips") == []

        def is_gone() -> bool:
            gone = server.client.get(f"/webhooks/endpoints/{ids['/gone']}").json()
            return (gone["enabled"], gone["disabled_reason"]) == (False, "gone")

        # Whoever is gone is asked no more.
        receiver.wait(is_gone)
        assert len(receiver.ids["/gone"]) <= 5

        def first_status(path: str) -> int | None:
            found = server.client.get(f"/webhooks/deliveries?endpoint_id={ids[path]}").json()
            one = server.client.get(f"/webhooks/deliveries/{found['items'][0]['id']}").json()
            return one["history"][0]["status"] if one["history"] else None

        for path, status in (("/redirects", 307), ("/fails-first", 500)):
            receiver.wait(lambda: first_status(path) == status, why=path)  # noqa: B023
        assert "/elsewhere" not in receiver.ids
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
