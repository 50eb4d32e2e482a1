"""A receiver in a thread of the test's, which keeps what it gets, and behaves as the path says."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What has come."""

    port: int = 0
    #: The ``webhook-id`` of each request, in order, by the path.
    ids: dict[str, list[str]] = field(default_factory=dict)
    #: The order of each message that was acknowledged, by the path.
    orders: dict[str, list[int]] = field(default_factory=dict)
    #: The process that each message was acknowledged to.
    processes: Counter[str] = field(default_factory=Counter)
    #: Messages that came while another attempt at them was under way.
    twice_at_once: list[str] = field(default_factory=list)
    #: Seconds before each answer.
    pause: float = 0.0
    #: Without it, there are no answers.
    answers: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: set[str] = field(default_factory=set)

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def begin(self, path: str, id: str) -> int:
        """How many attempts at a message there have been, with this one."""
        with self._lock:
            if (key := path + id) in self._under_way:
                self.twice_at_once.append(key)
            self._under_way.add(key)
            self.ids.setdefault(path, []).append(id)
            return self.ids[path].count(id)

    def end(self, path: str, id: str, order: int | None, process: str) -> None:
        with self._lock:
            self._under_way.discard(path + id)
            if order is not None:
                self.orders.setdefault(path, []).append(order)
                self.processes[process] += 1

    def got(self, path: str = "/ok") -> list[int]:
        with self._lock:
            return [*self.orders.get(path, [])]

    def wait(self, holds: Callable[[], bool], seconds: float = 60, why: object = "") -> None:
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, (self.orders, why)
            time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        id, order = self.headers["webhook-id"], json.loads(body)["data"].get("order_id", -1)
        attempt = self.receiver.begin(self.path, id)
        acknowledged = None
        try:
            time.sleep(self.receiver.pause)
            self.receiver.answers.wait()
            if self.behave(attempt):
                acknowledged = order
        except OSError:
            self.close_connection = True
        finally:
            self.receiver.end(self.path, id, acknowledged, self.headers["User-Agent"])

    def behave(self, attempt: int) -> bool:
        """Answer; whether the message has arrived."""
        match self.path:
            case "/fails-first" if attempt < 3:
                self.answer(500)
            case "/redirects":
                self.answer(307, ("Location", self.receiver.url("/elsewhere")))
            case "/gone":
                self.answer(410)
            case "/hangs":
                time.sleep(4)
                self.close_connection = True
            case "/drips":
                with suppress(OSError):
                    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.05)
                self.close_connection = True
            case "/closes" if attempt < 3:
                self.close_connection = True
            case _:
                self.answer(204)
                return True
        return False

    def answer(self, status: int, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*fields, *([] if status == 204 else [("Content-Length", "0")])):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.answers.set()
    handler = type("ThisHandler", (Handler,), {"receiver": receiver})

    class Server(ThreadingHTTPServer):
        request_queue_size = 100

        def handle_error(self, request: object, client_address: object) -> None:
            """Who sends may be killed at any time."""

    with Server(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.answers.set()
            server.shutdown()
            thread.join()
