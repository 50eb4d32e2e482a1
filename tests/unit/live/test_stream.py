"""Rooms without WebSockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vivace.live import Live, LiveSettings, LiveUnavailable
from vivace.testclient import AsyncTestClient

from .chat import Said, make_chat
from .reading import reading

pytestmark = pytest.mark.anyio


async def test_a_reader_gets_the_same_events_and_comes_back_for_what_it_has_missed() -> None:
    app, chat = make_chat()
    async with AsyncTestClient(app) as client:
        async with reading(app, "/rooms/tea", "user=ada") as ada:
            welcome = await ada.next()
            assert welcome is not None
            assert (welcome.type, welcome.data["user"]) == ("welcome", "ada")
            content_type = dict(ada.start["headers"])[b"content-type"]
            assert content_type.startswith(b"text/event-stream")
            posted = await client.post("/rooms/tea?user=bob", json={"type": "say", "text": "a\nb"})
            said = await ada.until("said")
            assert said.id == posted.json()["event_id"]
            assert said.data == {"type": "said", "user": "bob", "text": "a\nb"}
        for text in ("1", "2"):
            await chat.room("tea").broadcast(Said(user="app", text=text))
        back = {"Last-Event-ID": said.id or ""}
        async with reading(app, "/rooms/tea", "user=ada&after=0", back) as ada:
            assert [(await ada.until("said")).data["text"] for _ in range(2)] == ["1", "2"]


async def test_the_welcome_has_an_id_to_come_back_with() -> None:
    app, chat = make_chat()
    async with AsyncTestClient(app):
        async with reading(app, "/rooms/tea", "user=ada") as ada:
            welcome = await ada.until("welcome")
        await chat.room("tea").broadcast(Said(user="app", text="missed"))
        back = {"Last-Event-ID": welcome.id or ""}
        async with reading(app, "/rooms/tea", "user=ada", back) as ada:
            assert (await ada.until("said")).data["text"] == "missed"


async def test_readers_are_present_and_pings_are_comments_to_them() -> None:
    app, chat = make_chat(Live(settings=LiveSettings(heartbeat=0.16)))
    async with AsyncTestClient(app), reading(app, "/rooms/tea", "user=ada") as ada:
        await ada.until("welcome")
        assert [one.user for one in await chat.room("tea").members()] == ["ada"]
        for _ in range(5):
            event = await ada.next()
            assert event is not None
            assert event.is_comment


async def test_a_reader_that_does_not_read_is_let_go() -> None:
    app, chat = make_chat(buffer=5)
    async with AsyncTestClient(app), reading(app, "/rooms/tea", "user=ada") as ada:
        await ada.until("welcome")
        ada.reads.clear()
        for number in range(10):
            await chat.room("tea").broadcast(Said(user="app", text=str(number)))
            await asyncio.sleep(0.001)
        for _ in range(200):
            if chat.hub.find("/rooms/tea") is None:
                break
            await asyncio.sleep(0.01)
        assert chat.hub.find("/rooms/tea") is None
        ada.reads.set()


async def test_a_request_is_answered_with_what_the_sender_alone_is_told() -> None:
    app, _ = make_chat()
    async with AsyncTestClient(app) as client:
        asked = await client.post("/rooms/tea?user=ada", json={"type": "ask", "count": 2})
        numbers = [{"type": "answer", "number": number} for number in range(2)]
        assert asked.json() == {"event_id": None, "replies": numbers}
        for method in ("GET", "POST"):
            unknown = await client.request(method, "/rooms/tea", json={"type": "ask"})
            assert unknown.status_code == 422
            assert unknown.json()["detail"][0]["loc"] == ["query", "user"]
        refused = await client.post("/rooms/tea?user=ada", json={"type": "say"})
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", "say", "text"]
        whisper = {"type": "whisper", "to": "bob", "text": "psst"}
        assert (await client.post("/rooms/tea?user=ada", json=whisper)).status_code == 403


async def test_a_stream_ends_where_the_app_stops() -> None:
    app, _ = make_chat()
    async with AsyncTestClient(app), reading(app, "/rooms/tea", "user=ada") as ada:
        await ada.until("welcome")
        app.connections.close()
        assert await ada.next() is None


async def test_head_says_what_get_would_and_joins_nothing() -> None:
    app, chat = make_chat()
    async with AsyncTestClient(app) as client:
        response = await client.head("/rooms/tea?user=ada")
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert (await client.head("/rooms/tea?user=eve")).status_code == 403
        assert await chat.room("tea").members() == []


async def test_rooms_without_streams_have_none() -> None:
    app, _ = make_chat(streams=False)
    async with AsyncTestClient(app) as client:
        assert (await client.get("/rooms/tea?user=ada")).status_code == 404
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
        assert document["paths"] == {}


async def test_routes_are_described_with_what_admits_needs() -> None:
    app, _ = make_chat()
    async with AsyncTestClient(app) as client:
        path = (await client.get("/openapi.json")).json()["paths"]["/rooms/{room}"]
    assert set(path) == {"get", "post"}
    names = {one["name"] for one in path["get"]["parameters"]}
    assert names == {"room", "user", "color", "after", "last-event-id"}
    assert list(path["get"]["responses"]["200"]["content"]) == ["text/event-stream"]
    body = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["discriminator"]["mapping"]) == {"say", "ask", "whisper"}


async def test_a_room_says_that_the_broker_is_away() -> None:
    from .test_socket import Away

    broker = Away()
    app, chat = make_chat(Live(broker))
    async with AsyncTestClient(app):
        broker.is_away = True
        with pytest.raises(LiveUnavailable):
            await chat.room("tea").broadcast(Said(user="app", text="lost"))
