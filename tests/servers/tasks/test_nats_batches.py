"""NATS is asked for as many tasks as there is room for, and for no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vivace.tasks.engines.nats import NatsEngine
from vivace.tasks.message import Message

from .conftest import make_settings, shared_place
from .processes import Place

pytestmark = [pytest.mark.xdist_group("tasks-nats"), pytest.mark.timeout(60)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with shared_place("nats", tmp_path) as found:
        yield found


def test_what_waits_comes_at_once_and_what_has_no_room_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def work() -> None:
        engine: Any = NatsEngine(place.url, make_settings(place.name))
        await engine.open(workers=4)
        client = engine._broker.client
        publish = client.publish

        async def note(subject: str, *args: Any, **options: Any) -> None:
            if subject.endswith(f"NEXT.vivace_{place.name}.default"):
                asked.append(subject)
            await publish(subject, *args, **options)

        monkeypatch.setattr(client, "publish", note)
        try:
            for number in range(6):
                await engine.put(Message(str(number), "work"))
            taken = await engine.take(["default"], 4, 1.0)
            assert [Message.decode(one.body).id for one in taken] == ["0", "1", "2", "3"]
            assert len(asked) == 1
            # Nobody holds the others.
            rest = await engine.take(["default"], 4, 1.0)
            assert [Message.decode(one.body).id for one in rest] == ["4", "5"]
            assert not any(one.is_again for one in rest)
        finally:
            await engine.close()

    asyncio.run(work())
