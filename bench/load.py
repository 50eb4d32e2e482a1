"""Keeping a server busy: with wrk or, where that is not installed, with a small client here.

Both run where this process may run, so that pinning this process pins the load.
"""

from __future__ import annotations

import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

WRK: Final = shutil.which("wrk")


@dataclass(frozen=True)
class Load:
    """One request to a server on loopback, sent over and over."""

    port: int
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


def measure(load: Load, seconds: int, connections: int) -> float:
    """Requests per second that the server answers.

    Raises:
        RuntimeError: if a request fails.
    """
    if WRK is None:
        return measure_with_sockets(load, seconds, connections)
    return measure_with_wrk(WRK, load, seconds, connections)


def measure_with_wrk(wrk: str, load: Load, seconds: int, connections: int) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"wrk.method, wrk.body = {load.method!r}, [==[{load.body or ''}]==]\n")
        for name, value in load.headers.items():
            script.write(f"wrk.headers[{name!r}] = {value!r}\n")
        script.flush()
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
        url = f"http://127.0.0.1:{load.port}{load.target}"
        command = [wrk, *options, "-s", script.name, url]
        completed = subprocess.run(command, capture_output=True, text=True)
    printed = completed.stdout
    rate = re.search(r"Requests/sec:\s*([\d.]+)", printed)
    if rate is None or "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(f"wrk failed at {load.target}: {printed}{completed.stderr}")
    return float(rate[1])


def measure_with_sockets(load: Load, seconds: int, connections: int) -> float:
    """The same without wrk: one request at a time over each of the connections.

    Every answer has the same length, so that counting bytes is enough of a parser.
    """
    request = format_request(load)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        clients: dict[int, socket.socket] = {}
        for _ in range(connections):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", load.port)))
            length = len(exchange(client, request))
            clients[client.fileno()] = client
            selector.register(client, selectors.EVENT_READ)
        return count_answers(selector, clients, request, length, seconds) / seconds


def format_request(load: Load) -> bytes:
    """The request as it goes over the wire (RFC 9112, section 2.1)."""
    body = (load.body or "").encode()
    head = f"{load.method} {load.target} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


def exchange(client: socket.socket, request: bytes) -> bytes:
    """One answer as it stands on the wire.

    Raises:
        RuntimeError: if it is not a whole answer with status 200 and a Content-Length.
    """
    client.sendall(request)
    received = b""
    while data := client.recv(65536):
        received += data
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length is not None and len(body) == int(length[1]):
            break
    if not received.startswith(b"HTTP/1.1 200 ") or not data:
        raise RuntimeError(f"the server answered {received!r}")
    return received


def count_answers(
    selector: selectors.BaseSelector,
    clients: dict[int, socket.socket],
    request: bytes,
    length: int,
    seconds: int,
) -> int:
    """How many answers of `length` bytes come in `seconds` over the connections.

    Raises:
        RuntimeError: if an answer has another length, or a connection is closed.
    """
    end = time.perf_counter() + seconds
    for client in clients.values():
        client.sendall(request)
    missing = dict.fromkeys(clients, length)
    answered = 0
    while (left := end - time.perf_counter()) > 0:
        for key, _ in selector.select(timeout=left):
            received = len(clients[key.fd].recv(65536))
            missing[key.fd] -= received
            if missing[key.fd] < 0 or not received:
                raise RuntimeError("an answer was not the one that was asked for")
            if missing[key.fd] == 0:
                clients[key.fd].sendall(request)
                missing[key.fd] = length
                answered += 1
    return answered
