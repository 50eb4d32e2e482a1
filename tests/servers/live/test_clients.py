"""Clients who have to sign in, who send too much, and who mean harm."""

from __future__ import annotations

import json
import os
import socket

import httpx
import pytest
from tests.unit.behaviour.process import Server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from .processes import joining, wait_for

Two = tuple[Server, Server]


def test_one_has_to_sign_in_and_is_limited(two: Two) -> None:
    server, _ = two
    url = f"http://127.0.0.1:{server.port}"
    socket_url = f"ws://127.0.0.1:{server.port}/private/tea"
    with pytest.raises(InvalidStatus) as refused, connect(socket_url):
        pass
    assert refused.value.response.status_code == 401
    assert httpx.get(f"{url}/private/tea").status_code == 401
    account = {"username": "ada", "password": "correct horse battery"}
    registered = httpx.post(f"{url}/register", json={"name": "ada", **account})
    assert registered.is_success, registered.text
    token = httpx.post(f"{url}/token", data=account).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with joining(server, "/private/tea", "", headers) as ada:
        for number in range(4):
            ada.say(str(number), ref=str(number))
        assert ada.until("said")["user"] == "ada"
        error = ada.until("error")
        assert (error["status"], error["ref"]) == (429, "3")
        assert error["retry_after"] > 0
    statuses = [
        httpx.post(f"{url}/private/tea", json={"type": "say"}, headers=headers).status_code
        for _ in range(2)
    ]
    # What is no message is refused before anything is counted.
    assert statuses == [422, 422]
    for _ in range(10):
        try:
            with joining(server, "/private/tea", "", headers):
                pass
        except InvalidStatus as refused_status:
            assert refused_status.response.status_code == 429
            break
    else:
        pytest.fail("Connections are not limited")


def test_one_who_does_not_read_is_disconnected_and_holds_up_nobody(two: Two, room: str) -> None:
    one, other = two
    with (
        joining(other, room, "user=talks") as talks,
        joining(one, room, "user=reads") as reads,
        socket.create_connection(("127.0.0.1", one.port)) as slow,
    ):
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        handshake(slow, f"{room}?user=slow")
        talks.until("joined", member={"user": "slow", "shows": None})
        text = "x" * 30_000
        for number in range(300):
            talks.say(f"{number} {text}", ref=str(number))
            talks.until("ack", ref=str(number))
            assert reads.until("said")["text"].startswith(f"{number} ")
        wait_for(lambda: "slow" not in held(one, room))


def held(server: Server, room: str) -> list[str]:
    """Who is connected to a room in this process."""
    users: list[str] = server.client.get("/held", params={"room": room}).json()
    return users


def handshake(connection: socket.socket, target: str) -> None:
    """Open a WebSocket, and read nothing of what comes after the answer (RFC 6455, section 4)."""
    request = (
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    connection.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ")


def test_whatever_is_sent_is_no_fault(two: Two, room: str) -> None:
    one, _ = two
    frames = [
        *("", "null", '"' * 100, "[" * 10_000, '{"type":' * 3000, "1e999", '{"type":["say"]}'),
        *('{"type":{}}', '{"type":"say","text":"\\ud800"}', '{"type":"say","text":5}'),
        '{"type":"say","text":"\\u0000","ref":"' + "r" * 65 + '"}',
        '{"type":"say","text":"a","type":"shout"}',
        '{"type":"say","__proto__":{},"ref":[]}',
    ]
    for frame in frames:
        with joining(one, room, "user=eve") as eve:
            eve.socket.send(frame)
            assert eve.until("error")["code"] == "invalid"
            eve.say("fine")
            eve.until("said", text="fine")
    for data in (os.urandom(200), b"\x81\xff" + os.urandom(8), b"\xc1\x80\0\0\0\0", b"\x89\xfe"):
        with socket.create_connection(("127.0.0.1", one.port)) as broken:
            handshake(broken, f"{room}?user=broken")
            broken.sendall(data)
    for target in ("/rooms/%00", "/rooms/%ff", "/rooms/" + "a" * 3000, "/rooms/..%2f?user=%00"):
        with socket.create_connection(("127.0.0.1", one.port), timeout=20) as odd:
            request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            odd.sendall(request.encode())
            assert b" 5" not in odd.recv(100).partition(b"\r\n")[0]
    with joining(one, room, "user=eve") as eve, pytest.raises(ConnectionClosed) as closed:
        eve.socket.send("x" * 50_000)
        eve.until("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    # All have been let go.
    wait_for(lambda: held(one, room) == [])


def test_connections_that_are_cut_leave_nothing_behind(two: Two, room: str) -> None:
    one, _ = two
    for number in range(30):
        with socket.create_connection(("127.0.0.1", one.port)) as cut:
            handshake(cut, f"{room}?user=cut{number}")
            if number % 2:
                cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: held(one, room) == [])
    with httpx.stream("GET", f"http://127.0.0.1:{one.port}{room}?user=reader") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: welcome"
        assert json.loads(next(lines).removeprefix("data: "))["user"] == "reader"
        assert held(one, room) == ["reader"]
    wait_for(lambda: held(one, room) == [])
