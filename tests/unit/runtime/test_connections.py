from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from threading import Thread
from types import FrameType
from typing import Any

import anyio
import pytest

from vivace.runtime.connections import CONNECTIONS, SIGNALS, OpenConnections, connections_of

on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


class Server:
    """Stands for a server that notes the signals it gets."""

    def __init__(self) -> None:
        self.received: list[int] = []

    def handle(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start_server() -> Server:
    server = Server()
    for number in SIGNALS:
        signal.signal(number, server.handle)
    return server


def current_handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


async def wait_in(connections: OpenConnections, ended: list[bool], ready: anyio.Event) -> None:
    """A connection that never ends by itself."""
    with connections.track() as scope:
        ready.set()
        await anyio.sleep_forever()
    ended.append(scope.cancelled_caught)


@pytest.mark.anyio
async def test_closing_ends_every_open_connection_and_nothing_else() -> None:
    connections, ended = OpenConnections(0), list[bool]()
    async with anyio.create_task_group() as group:
        for _ in range(3):
            ready = anyio.Event()
            group.start_soon(wait_in, connections, ended, ready)
            await ready.wait()
        connections.close()
    assert ended == [True, True, True]
    assert not group.cancel_scope.cancelled_caught


@pytest.mark.anyio
async def test_a_connection_that_opens_after_closing_ends_at_once() -> None:
    connections, reached = OpenConnections(0), False
    connections.close()
    with connections.track() as scope:
        await anyio.sleep_forever()
        reached = True
    assert scope.cancelled_caught
    assert not reached


@pytest.mark.anyio
async def test_a_connection_that_has_ended_is_not_closed_any_more() -> None:
    connections = OpenConnections(0)
    with connections.track() as scope:
        await anyio.lowlevel.checkpoint()
    connections.close()
    assert not scope.cancel_called


@pytest.mark.anyio
async def test_a_connection_that_fails_is_forgotten_and_raises_its_error() -> None:
    connections = OpenConnections(0)
    with pytest.raises(LookupError), connections.track() as scope:
        raise LookupError
    connections.close()
    assert not scope.cancel_called


@pytest.mark.anyio
async def test_an_app_that_starts_again_takes_connections_again() -> None:
    connections = OpenConnections(0)
    connections.close()
    with connections.listen(), connections.track() as scope:
        await anyio.lowlevel.checkpoint()
    assert not scope.cancel_called


@pytest.mark.anyio
@on_asyncio
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("handlers")
async def test_a_signal_reaches_the_server_and_then_ends_connections(number: int) -> None:
    server, connections = start_server(), OpenConnections(0)
    with connections.listen(), connections.track() as scope:
        signal.raise_signal(number)
        assert server.received == [number]
        with anyio.fail_after(10):
            await anyio.sleep_forever()
    assert scope.cancelled_caught


@pytest.mark.anyio
@on_asyncio
@pytest.mark.usefixtures("handlers")
async def test_connections_have_time_to_end_by_themselves() -> None:
    start_server()
    connections = OpenConnections(3600)
    with connections.listen(), connections.track() as scope:
        signal.raise_signal(signal.SIGTERM)
        await anyio.sleep(0.01)
    assert not scope.cancel_called


@pytest.mark.anyio
@on_asyncio
@pytest.mark.usefixtures("handlers")
async def test_the_servers_handlers_come_back_when_the_app_ends() -> None:
    start_server()
    before = current_handlers()
    with pytest.raises(LookupError), OpenConnections(0).listen():
        assert current_handlers() != before
        raise LookupError
    assert current_handlers() == before


@pytest.mark.anyio
@on_asyncio
@pytest.mark.usefixtures("handlers")
async def test_a_handler_that_was_set_meanwhile_stays() -> None:
    start_server()
    with OpenConnections(0).listen():
        later = start_server()
    assert current_handlers() == [later.handle, later.handle]


@pytest.mark.anyio
@on_asyncio
@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("default", [signal.SIG_DFL, signal.SIG_IGN])
async def test_a_signal_for_which_nobody_has_a_function_is_left_alone(
    default: signal.Handlers,
) -> None:
    for number in SIGNALS:
        signal.signal(number, default)
    with OpenConnections(0).listen():
        assert current_handlers() == [default, default]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
@pytest.mark.usefixtures("handlers")
async def test_without_asyncio_signals_are_left_alone() -> None:
    server = start_server()
    with OpenConnections(0).listen():
        assert current_handlers() == [server.handle, server.handle]


@pytest.mark.usefixtures("handlers")
def test_in_another_thread_signals_are_left_alone() -> None:
    server, seen = start_server(), list[Any]()

    async def serve() -> None:
        with OpenConnections(0).listen():
            seen.extend(current_handlers())

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    thread.join()
    assert seen == [server.handle, server.handle]


def test_they_are_found_in_the_scope() -> None:
    connections = OpenConnections(0)
    assert connections_of({CONNECTIONS: connections}) is connections
    assert connections_of({}) is None
