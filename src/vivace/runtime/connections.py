"""Connections that may never end by themselves, and how they end when the server stops.

A server waits for open connections before it lets the app shut down. A stream of events or a
socket that only sends would keep it waiting for ever, and the app would never clean up. So the
app listens for the signal that stops the server, gives them a little time, and then ends them.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from anyio import CancelScope
from starlette.types import Scope

#: The key in the scope under which an app keeps them.
CONNECTIONS = "vivace.connections"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class OpenConnections:
    """The streams and sockets of an app.

    Args:
        grace: Seconds that they have to end by themselves once the server is told to stop.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self._open: set[CancelScope] = set()
        self._is_closing = False

    @contextmanager
    def track(self) -> Iterator[CancelScope]:
        """Around one connection; its scope is cancelled where the connection has to end."""
        with CancelScope() as scope:
            self._open.add(scope)
            if self._is_closing:
                scope.cancel()
            try:
                yield scope
            finally:
                self._open.discard(scope)

    def close(self) -> None:
        """End all that are open, and those that are still opened."""
        self._is_closing = True
        for scope in tuple(self._open):
            scope.cancel()

    @contextmanager
    def listen(self) -> Iterator[None]:
        """While an app runs: close when the process gets a signal to stop.

        Does nothing where the process has no handler for such signals, or other threads serve.
        """
        self._is_closing = False
        previous = _handlers()
        if not previous:
            yield
            return
        loop = asyncio.get_running_loop()

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(loop.call_later, self.grace, self.close)
            previous[number](number, frame)

        for number in previous:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in previous.items():
                if signal.getsignal(number) is stop:
                    signal.signal(number, handler)


def _handlers() -> dict[int, Callable[[int, FrameType | None], Any]]:
    """The functions that the server has set for signals; none outside of its event loop."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return {}
    found = {number: signal.getsignal(number) for number in SIGNALS}
    return {int(number): handler for number, handler in found.items() if callable(handler)}


def connections_of(scope: Scope) -> OpenConnections | None:
    """Those of the app that serves a request."""
    connections: OpenConnections | None = scope.get(CONNECTIONS)
    return connections
