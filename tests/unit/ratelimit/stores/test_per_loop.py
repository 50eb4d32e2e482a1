"""Connections of each event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from vivace.ratelimit.stores.per_loop import PerLoop


@dataclass(eq=False)
class Connection:
    is_open: bool = True

    async def close(self) -> None:
        self.is_open = False


def test_each_loop_has_one_and_it_is_closed_when_the_loop_ends() -> None:
    connections = PerLoop(Connection, Connection.close)

    async def get() -> Connection:
        first, second = await asyncio.gather(connections.get(), connections.get())
        assert first is second
        assert first.is_open
        return first

    one, other = asyncio.run(get()), asyncio.run(get())
    assert one is not other
    assert not (one.is_open or other.is_open)


def test_one_that_was_closed_is_made_anew() -> None:
    connections = PerLoop(Connection, Connection.close)

    async def get() -> None:
        await connections.close()
        first = await connections.get()
        await connections.close()
        second = await connections.get()
        assert not first.is_open
        assert second.is_open

    asyncio.run(get())
