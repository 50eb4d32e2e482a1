"""A database that goes away and comes back while orders are made and delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from tests.servers.engines.postgresql_server import PostgreSQLServer
from tests.servers.engines.process import run_engine

from .receiver import Receiver
from .shop import order, serving, subscribe


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQLServer]:
    with run_engine(PostgreSQLServer) as server:
        yield server


def test_what_was_acknowledged_arrives_although_the_database_was_away(
    own_postgresql: PostgreSQLServer, receiver: Receiver
) -> None:
    receiver.pause = 0.02
    acknowledged: set[int] = set()
    with serving(own_postgresql.url) as server:
        subscribe(server, receiver.url())
        ending = threading.Event()

        def make_orders() -> None:
            number = 0
            while not ending.is_set():
                number += 1
                if order(server, number):
                    acknowledged.add(number)

        thread = threading.Thread(target=make_orders)
        thread.start()
        try:
            for leave in (own_postgresql.kill, own_postgresql.stop):
                before = len(acknowledged)
                receiver.wait(lambda: len(acknowledged) > before + 20, why=server.log)  # noqa: B023
                leave()
                own_postgresql.start()
            before = len(acknowledged)
            receiver.wait(lambda: len(acknowledged) > before + 20, why=server.log)
        finally:
            ending.set()
            thread.join()
        receiver.wait(lambda: acknowledged <= {*receiver.got()}, 90, server.log[-3000:])
        assert len({*receiver.ids["/ok"]}) == len({*receiver.got()})
