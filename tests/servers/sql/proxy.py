"""What stands between a driver and its server, and can be cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy import URL, make_url


class Proxy:
    """Passes bytes on to the server of ``url``, from a port of its own."""

    def __init__(self, url: URL) -> None:
        default = {"postgresql": 5432}.get(url.get_backend_name(), 3306)
        self._target = (url.host or "127.0.0.1", url.port or default)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port: int = self._listener.getsockname()[1]
        self._is_listening = True
        self._start(self._accept, self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(10)

    def address(self, url: str) -> str:
        """``url``, leading through the proxy."""
        changed = make_url(url).set(host="127.0.0.1", port=self._port)
        return changed.render_as_string(hide_password=False)

    def cut(self) -> None:
        """Close every connection that there is."""
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()

    def stop(self) -> None:
        """Close every connection, and take no further ones."""
        if self._is_listening:
            self._is_listening = False
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.cut()

    def start(self) -> None:
        """Take connections again."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._is_listening = True
        self._start(self._accept, self._listener)

    def _start(self, call: object, *arguments: socket.socket) -> None:
        assert callable(call)
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                with self._lock:
                    self._open += [client, server]
                self._start(self._pass_on, client, server)
                self._start(self._pass_on, server, client)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
