"""Rooms over WebSockets, as clients see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest

from vivace import Depends, HTTPException, Query, Vivace
from vivace.live import (
    BrokerUnavailable,
    Guest,
    Live,
    LiveSettings,
    Member,
    MemoryBroker,
    Room,
    current_member,
    current_message,
    current_room,
    visit,
)
from vivace.ratelimit import Limiter
from vivace.testclient import TestClient, WebSocketDenialResponse
from vivace.websockets import WebSocketDisconnect

from .chat import Answer, Ask, Profile, Said, Say, joined, make_chat, read_until


def close_code(socket: Any) -> int:
    """The code with which a socket is closed, whatever comes before."""
    with pytest.raises(WebSocketDisconnect) as closed:
        while True:
            socket.receive_json()
    return closed.value.code


def test_what_one_says_comes_to_all() -> None:
    app, _ = make_chat()
    with (
        TestClient(app) as client,
        joined(client, "user=ada") as (ada, _),
        joined(client, "user=bob") as (bob, _),
        joined(client, "user=cy", "coffee") as (cy, _),
    ):
        ada.send_json({"type": "say", "text": "hi"})
        said = {"type": "said", "user": "ada", "text": "hi"}
        event = read_until(ada, "said")
        assert event == {**said, "event_id": event["event_id"]}
        assert read_until(bob, "said") == event
        cy.send_json({"type": "ping"})
        assert cy.receive_json() == {"type": "pong"}


def test_a_message_is_acknowledged_with_the_id_of_its_event_if_the_client_asks() -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_json({"type": "say", "text": "hi", "ref": "a1"})
        frames = [ada.receive_json(), ada.receive_json()]
        (said,) = [one for one in frames if one["type"] == "said"]
        assert {"type": "ack", "ref": "a1", "event_id": said["event_id"]} in frames
        ada.send_json({"type": "ask", "ref": "a2"})
        assert ada.receive_json() == {"type": "answer", "number": 0}
        assert ada.receive_json() == {"type": "ack", "ref": "a2"}


def test_one_who_comes_back_gets_what_it_has_missed_and_then_what_comes() -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        with joined(client, "user=bob") as (bob, welcome):
            position = welcome["event_id"]
            ada.send_json({"type": "say", "text": "0"})
            last = read_until(bob, "said")["event_id"]
        for number in range(1, 300):
            ada.send_json({"type": "ping"})
            client.post("/rooms/tea?user=cy", json={"type": "say", "text": str(number)})
            if number % 30 == 0:
                read_until(ada, "said")
        with (
            joined(client, f"user=bob&after={last}") as (again, welcome),
            joined(client, f"user=dan&after={position}") as (other, _),
        ):
            assert welcome["event_id"] == last
            client.post("/rooms/tea?user=cy", json={"type": "say", "text": "live"})
            texts = [read_until(again, "said")["text"] for _ in range(300)]
            assert texts == [*map(str, range(1, 300)), "live"]
            texts = [read_until(other, "said")["text"] for _ in range(301)]
            assert texts == [*map(str, range(300)), "live"]


def test_one_who_was_away_for_too_long_is_told_of_the_gap() -> None:
    app, _ = make_chat(Live(MemoryBroker(count=5)))
    with TestClient(app) as client:
        for number in range(20):
            client.post("/rooms/tea?user=cy", json={"type": "say", "text": str(number)})
        with joined(client, "user=ada&after=0") as (ada, _):
            assert ada.receive_json() == {"type": "gap"}
            assert [ada.receive_json()["text"] for _ in range(5)] == [*map(str, range(15, 20))]


def test_an_id_that_is_none_is_a_gap_too() -> None:
    app, _ = make_chat()
    with TestClient(app) as client:
        for id in ("whatever", "~", '","type":"said', "%0Aevent: said"):
            with joined(client, f"user=ada&after={id}") as (ada, welcome):
                assert welcome["type"] == "welcome"
                assert ada.receive_json() == {"type": "gap"}
                ada.send_json({"type": "say", "text": "hi"})
                assert read_until(ada, "said")["text"] == "hi"
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            joined(client, "user=ada&after=" + "1" * 65),
        ):
            pass
        assert closed.value.code == 1008


def test_more_than_may_be_replayed_is_a_gap() -> None:
    app, _ = make_chat(Live(settings=LiveSettings(replay=150)))
    with TestClient(app) as client, joined(client, "user=bob"):
        for number in range(400):
            client.post("/rooms/tea?user=cy", json={"type": "say", "text": str(number)})
        with joined(client, "user=ada&after=0") as (ada, _):
            frames = [ada.receive_json() for _ in range(200 + 1 + 128)]
            assert [one["text"] for one in frames[:200]] == [*map(str, range(200))]
            assert frames[200] == {"type": "gap"}
            assert [one["text"] for one in frames[201:]] == [*map(str, range(272, 400))]


@pytest.mark.parametrize(
    ("frame", "loc", "kind"),
    [
        ("{", [], "json_invalid"),
        ("[]", [], "dict_type"),
        ("NaN", [], "json_invalid"),
        ('{"type":"say"}', ["say", "text"], "missing"),
        ('{"type":"shout"}', ["type"], "unknown_type"),
        ('{"type":["say"]}', ["type"], "unknown_type"),
        ("{}", ["type"], "unknown_type"),
        ('{"type":"say","text":"a","ref":5}', ["ref"], "string_type"),
        ("[" * 5000, [], "json_invalid"),
    ],
)
def test_what_is_no_message_is_answered_with_the_place(
    frame: str, loc: list[str], kind: str
) -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_text(frame)
        error = ada.receive_json()
        assert (error["type"], error["code"], error["status"]) == ("error", "invalid", 422)
        assert error["errors"][0]["loc"] == loc
        assert error["errors"][0]["type"] == kind
        ada.send_json({"type": "say", "text": "still here"})
        assert ada.receive_json()["text"] == "still here"


def test_an_error_has_the_ref_of_its_message() -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_json({"type": "say", "ref": "a1"})
        assert ada.receive_json()["ref"] == "a1"


def test_too_many_invalid_frames_close_the_socket() -> None:
    app, _ = make_chat(Live(settings=LiveSettings(max_errors=3)))
    with TestClient(app) as client:
        for frame, code in (("{", 1007), ("{}", 1008)):
            with joined(client, "user=ada") as (ada, _):
                for _ in range(2):
                    ada.send_text(frame)
                ada.send_json({"type": "say", "text": "sorry"})
                assert read_until(ada, "said")["text"] == "sorry"
                for _ in range(3):
                    ada.send_text(frame)
                assert close_code(ada) == code


def test_binary_frames_and_large_ones_close_the_socket() -> None:
    app, _ = make_chat(Live(settings=LiveSettings(max_frame=200)))
    with TestClient(app) as client:
        with joined(client, "user=ada") as (ada, _):
            ada.send_bytes(b"{}")
            assert close_code(ada) == 1003
        with joined(client, "user=ada") as (ada, _):
            ada.send_json({"type": "say", "text": "a" * 200})
            assert close_code(ada) == 1009


def test_messages_that_come_too_fast_are_refused() -> None:
    settings = LiveSettings(messages_per_second=0.1, burst=3, max_errors=5)
    app, _ = make_chat(Live(settings=settings))
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        for _ in range(4):
            ada.send_json({"type": "say", "text": "hi"})
        error = read_until(ada, "error")
        assert (error["code"], error["status"]) == ("too_many", 429)
        assert 0 < error["retry_after"] <= 10
        for _ in range(5):
            ada.send_json({"type": "say", "text": "hi"})
        assert close_code(ada) == 1008


def test_an_exception_of_http_is_told_and_a_fault_is_not(caplog: pytest.LogCaptureFixture) -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_json({"type": "whisper", "to": "bob", "text": "psst", "ref": "1"})
        assert ada.receive_json() == {
            "type": "error",
            "code": "forbidden",
            "status": 403,
            "detail": "No whispering",
            "ref": "1",
        }
        with caplog.at_level(logging.ERROR, "vivace.live"):
            ada.send_json({"type": "say", "text": "fail"})
            error = ada.receive_json()
        assert (error["code"], error["status"]) == ("failed", 500)
        assert "secret" not in str(error)
        assert "A secret" in caplog.text


def test_one_who_is_not_let_in_gets_the_status_of_http() -> None:
    app, _ = make_chat()
    with TestClient(app) as client:
        with pytest.raises(WebSocketDenialResponse) as refused, joined(client, "user=eve"):
            pass
        assert refused.value.status_code == 403
        assert refused.value.json() == {"detail": "Eve may not come in"}
        # What is missing is told as an endpoint tells it.
        with pytest.raises(WebSocketDenialResponse) as refused, joined(client, ""):
            pass
        assert refused.value.status_code == 422
        (error,) = refused.value.json()["detail"]
        assert (error["type"], error["loc"]) == ("missing", ["query", "user"])
        assert client.get("/rooms/tea?user=eve").status_code == 403
        assert client.post("/rooms/tea?user=eve", json={"type": "ask"}).status_code == 403


def test_where_a_handshake_cannot_be_answered_the_close_code_says_it() -> None:
    app, _ = make_chat()

    async def without_extension(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    client = TestClient(without_extension)
    with pytest.raises(WebSocketDisconnect) as closed, joined(client, "user=eve"):
        pass
    assert (closed.value.code, closed.value.reason) == (4403, "Eve may not come in")
    with pytest.raises(WebSocketDisconnect) as closed, joined(client, ""):
        pass
    assert closed.value.code == 4422


held: list[Any] = []


async def hold() -> AsyncIterator[str]:
    held.append("open")
    yield "session"
    held.append("closed")


async def about(
    member: Annotated[Member, Depends(current_member)],
    room: Annotated[Room, Depends(current_room)],
    message: Annotated[Say, Depends(current_message)],
) -> tuple[str, str, str]:
    return member.user, room.values["room"], message.text


def test_what_admits_depends_on_is_given_back_before_the_socket_is_open() -> None:
    async def admit(user: str, session: Annotated[str, Depends(hold)]) -> Guest:
        held.append(session)
        return Guest(user, Profile())

    held.clear()
    app, _ = make_chat(admits=admit)
    with TestClient(app) as client, joined(client, "user=ada"):
        assert held == ["open", "session", "closed"]


def test_dependencies_of_a_handler_are_made_for_each_message() -> None:
    live = Live()
    chat = live.rooms("/{room}", receives=Say | Ask, sends=Said, admits=lambda: Guest("ada"))

    @chat.on(Say, Ask)
    async def handle(
        message: Say | Ask,
        room: str,
        session: Annotated[str, Depends(hold)],
        about: Annotated[tuple[str, str, str], Depends(about)],
        lang: Annotated[str, Query()] = "en",
    ) -> None:
        held.append((type(message), room, session, about, lang))

    held.clear()
    app = Vivace()
    live.install(app, prefix="/v1")
    with TestClient(app) as client, client.websocket_connect("/v1/tea?lang=de") as socket:
        socket.receive_json()
        socket.send_json({"type": "say", "text": "hi", "ref": "1"})
        assert socket.receive_json() == {"type": "ack", "ref": "1"}
    assert held == ["open", (Say, "tea", "session", ("ada", "tea", "hi"), "de"), "closed"]


def test_functions_are_called_for_those_who_join_and_leave() -> None:
    app, chat = make_chat()
    seen: list[str] = []

    @chat.on_join
    async def welcome(member: Member, room: Room, color: str) -> None:
        if color == "green":
            raise HTTPException(403, "No green")
        seen.append(f"{member.user} in {room.name}, {color}")
        await member.send(Answer(number=7))

    @chat.on_leave
    def goodbye(member: Member) -> None:
        seen.append(f"{member.user} out")

    with TestClient(app) as client:
        with joined(client, "user=ada&color=blue") as (ada, _):
            assert ada.receive_json() == {"type": "answer", "number": 7}
        with joined(client, "user=bob&color=green") as (bob, _):
            assert read_until(bob, "error")["detail"] == "No green"
            assert close_code(bob) == 4403
        with joined(client, "user=cy") as (cy, _):
            # What is missing here is said as it is of any message.
            assert read_until(cy, "error")["errors"][0]["loc"] == ["query", "color"]
            assert close_code(cy) == 4422
    # Who was not let stay has never been there.
    assert seen == ["ada in /rooms/tea, blue", "ada out"]


def test_what_is_for_a_user_of_no_name_is_not_for_all() -> None:
    app, chat = make_chat()

    @app.post("/tell")
    async def tell(user: str | None = None) -> None:
        await chat.room("tea").send_to(user, Said(user="app", text="secret"))  # type: ignore[arg-type]  # as an app may that is not checked

    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        assert client.post("/tell?user=").status_code == 200
        with pytest.raises(TypeError, match="None is no user"):
            client.post("/tell")
        ada.send_json({"type": "ping"})
        assert ada.receive_json() == {"type": "pong"}


def test_one_user_is_told_by_send_to_and_dismissed_everywhere() -> None:
    app, chat = make_chat()

    @app.post("/tell/{user}")
    async def tell(user: str) -> str:
        return await chat.room("tea").send_to(user, Said(user="app", text="for you"))

    @app.post("/dismiss/{user}")
    async def dismiss(user: str) -> None:
        await chat.room(room="tea").dismiss(user, "Be kind")

    with (
        TestClient(app) as client,
        joined(client, "user=ada") as (ada, welcome),
        joined(client, "user=bob") as (bob, _),
    ):
        client.post("/tell/ada")
        assert read_until(ada, "said")["text"] == "for you"
        bob.send_json({"type": "ping"})
        assert bob.receive_json() == {"type": "pong"}
        # It is missed, and kept, like any other.
        with joined(client, f"user=ada&after={welcome['event_id']}") as (again, _):
            assert read_until(again, "said")["text"] == "for you"
        client.post("/dismiss/bob")
        with pytest.raises(WebSocketDisconnect) as closed:
            bob.receive_json()
        assert (closed.value.code, closed.value.reason) == (4403, "Be kind")


def test_rooms_and_users_have_limits() -> None:
    app, _ = make_chat(Live(settings=LiveSettings(sockets_per_user=2)), max_members=2)
    with (
        TestClient(app) as client,
        joined(client, "user=ada"),
        joined(client, "user=ada"),
        joined(client, "user=bob") as (bob, _),
    ):
        with pytest.raises(WebSocketDenialResponse) as refused, joined(client, "user=ada"):
            pass
        assert refused.value.status_code == 429
        with pytest.raises(WebSocketDenialResponse) as refused, joined(client, "user=cy"):
            pass
        assert refused.value.status_code == 503
        bob.close()
        assert client.get("/rooms/" + "x" * 600 + "?user=ada").status_code == 404
    with TestClient(app) as client, joined(client, "user=ada"):
        pass


def test_pages_of_other_sites_may_not_connect() -> None:
    app, _ = make_chat(Live(origins=["https://app.example"]))
    with TestClient(app) as client:

        def status(origin: str) -> int:
            headers = {"Origin": origin}
            try:
                with client.websocket_connect("/rooms/tea?user=ada", headers=headers):
                    return 101
            except WebSocketDenialResponse as refused:
                return refused.status_code

        assert status("http://testserver") == 101
        assert status("https://app.example") == 101
        for other in ("http://evil.example", "null", "https://[", "http://testserver.evil"):
            assert status(other) == 403
        evil = {"Origin": "https://evil.example"}
        message = {"type": "ask"}
        assert client.post("/rooms/tea?user=a", json=message, headers=evil).status_code == 403
        assert client.get("/rooms/tea?user=a", headers=evil).status_code == 403


class Away(MemoryBroker):
    """A broker that can be away."""

    is_away = False

    async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
        if self.is_away:
            raise BrokerUnavailable
        return await super().append(room, data, key=key)


def test_while_the_broker_is_away_nothing_is_acknowledged() -> None:
    broker = Away()
    app, _ = make_chat(Live(broker))
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        broker.is_away = True
        ada.send_json({"type": "say", "text": "lost", "ref": "1"})
        error = ada.receive_json()
        assert (error["code"], error["status"], error["ref"]) == ("unavailable", 503, "1")
        with pytest.raises(WebSocketDenialResponse) as refused, joined(client, "user=bob"):
            pass
        assert refused.value.status_code == 503
        posted = client.post("/rooms/tea?user=cy", json={"type": "say", "text": "lost"})
        assert (posted.status_code, posted.headers["retry-after"]) == (503, "1")
        broker.is_away = False
        ada.send_json({"type": "say", "text": "kept", "ref": "1"})
        assert read_until(ada, "said")["text"] == "kept"


def test_sockets_can_be_closed_while_the_broker_is_away() -> None:
    broker = Away()
    app, _ = make_chat(Live(broker, unavailable="close"))
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        broker.is_away = True
        ada.send_json({"type": "say", "text": "lost", "ref": "1"})
        assert read_until(ada, "error")["code"] == "unavailable"
        assert close_code(ada) == 1013
        broker.is_away = False


def test_a_room_that_receives_nothing_says_so() -> None:
    live = Live()
    live.rooms("/news", sends=Said)
    app = Vivace()
    live.install(app)
    with TestClient(app) as client, client.websocket_connect("/news") as socket:
        welcome = socket.receive_json()
        assert welcome["user"].startswith("anonymous-")
        socket.send_json({"type": "say", "text": "hi"})
        assert socket.receive_json()["errors"][0]["type"] == "no_message"
        assert client.post("/news", json={}).status_code == 405


def test_dependencies_can_be_replaced_in_tests() -> None:
    from .chat import admit

    app, _ = make_chat()
    app.dependency_overrides[admit] = lambda: Guest("zoe", Profile())
    with TestClient(app) as client, joined(client, "") as (_, welcome):
        assert welcome["user"] == "zoe"


def test_one_whose_connection_breaks_is_still_shown_for_a_while() -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        for code in (1001, 1006, 1012):
            with joined(client, "user=bob") as (bob, _):
                bob.close(code)
        with joined(client, "user=bob") as (bob, _):
            bob.send_json({"type": "say", "text": "back"})
        read_until(ada, "left")
        assert ada.portal is not None
        # It came once, and left when it said goodbye.
        ada.send_json({"type": "ping"})
        assert read_until(ada, "pong")


def test_a_small_buffer_holds_up_nobody_who_comes_back() -> None:
    app, _ = make_chat(buffer=2)
    with TestClient(app) as client, joined(client, "user=bob"):
        for number in range(250):
            client.post("/rooms/tea?user=cy", json={"type": "say", "text": str(number)})
    with TestClient(app) as client, joined(client, "user=ada&after=0") as (ada, _):
        assert [read_until(ada, "said")["text"] for _ in range(250)] == [*map(str, range(250))]


def test_who_may_be_there_can_be_asked_again() -> None:
    state = {"ada": 200, "bob": 200, "cy": 200}

    async def admit(user: str) -> Guest:
        if state[user] != 200:
            raise HTTPException(state[user], "No longer")
        return Guest(user, Profile())

    app, _ = make_chat(
        Live(settings=LiveSettings(heartbeat=0.16, missed_heartbeats=100)),
        admits=admit,
        readmits=0.001,
    )
    with (
        TestClient(app) as client,
        joined(client, "user=ada") as (ada, _),
        joined(client, "user=bob") as (bob, _),
        joined(client, "user=cy") as (cy, _),
    ):
        state.update(ada=401, bob=503)
        assert close_code(ada) == 4401
        ada.close(4401)
        read_until(cy, "left")
        for _ in range(3):
            # What is out of reach says nothing of who is there.
            read_until(bob, "ping")
            for socket in (bob, cy):
                socket.send_json({"type": "pong"})
        bob.send_json({"type": "say", "text": "still here"})
        assert read_until(cy, "said")["user"] == "bob"


def test_limits_on_connecting_count_a_connection_once_however_often_it_is_asked_again() -> None:
    asked: list[str] = []

    async def open_session() -> AsyncIterator[str]:
        yield "open"
        asked.append("closed")

    async def admit(user: str, session: str = Depends(open_session)) -> Guest:
        return Guest(user, Profile())

    connecting = Limiter().limit("2/hour", scope="connecting")
    app, _ = make_chat(
        Live(settings=LiveSettings(heartbeat=0.16, missed_heartbeats=1000)),
        admits=admit,
        readmits=0.001,
        dependencies=[connecting.dependency],
    )
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        for _ in range(4):
            read_until(ada, "ping")
        assert len(asked) > 2
        with joined(client, "user=bob") as (bob, _):
            bob.send_json({"type": "say", "text": "let in"})
            assert read_until(ada, "said")["text"] == "let in"
            with pytest.raises(WebSocketDenialResponse) as refused, joined(client, "user=cy"):
                pass
            assert refused.value.status_code == 429


def test_what_comes_too_fast_is_refused_by_its_ref_and_answers_to_pings_are_counted() -> None:
    app, _ = make_chat(Live(settings=LiveSettings(messages_per_second=0.001, burst=2)))
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_json({"type": "pong"})
        ada.send_json({"type": "say", "text": "one", "ref": "1"})
        ada.send_json({"type": "say", "text": "two", "ref": "2"})
        error = read_until(ada, "error")
        assert (error["code"], error["ref"]) == ("too_many", "2")


def test_errors_are_short_however_long_what_was_sent() -> None:
    app, _ = make_chat()
    with TestClient(app) as client, joined(client, "user=ada") as (ada, _):
        ada.send_json({"type": "x" * 60_000})
        assert len(ada.receive_text()) < 1000


def test_one_whose_function_for_leaving_hangs_is_not_shown_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(visit, "CLEARING", 0.05)
    app, chat = make_chat()

    @chat.on_leave
    async def goodbye() -> None:
        await asyncio.Event().wait()

    with TestClient(app) as client, joined(client, "user=bob") as (bob, _):
        with joined(client, "user=ada"):
            pass
        assert read_until(bob, "left")["member"]["user"] == "ada"
    assert "takes longer" in caplog.text
