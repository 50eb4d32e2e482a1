"""Clients that call an app in the test's own process, without a server or a socket.

:class:`TestClient` is Starlette's: it is called from ordinary functions, and opens WebSockets.
:class:`AsyncTestClient` is called from coroutines, and the app runs in their event loop: use it
where a test and the app share what belongs to a loop, such as a database connection.
"""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import anyio
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

    import httpx2 as httpx
    from starlette.types import ASGIApp, Receive, Scope, Send
else:
    # The one of the two that Starlette's client is built on: httpx2, or else httpx.
    from starlette.testclient import httpx

__all__ = [
    "AsyncTestClient",
    "LifespanFailure",
    "TestClient",
    "WebSocketDenialResponse",
    "WebSocketTestSession",
]


class AsyncTestClient(httpx.AsyncClient):
    """An httpx client whose requests are calls of ``app``.

    As a context it runs the lifespan of the app around its block; used without one it does not.
    A response is complete before it is returned, so that an endless stream has to be tested
    against a server. WebSockets are for :class:`TestClient`.

    Args:
        app: the ASGI app to call.
        base_url: what relative URLs are joined to; its host is what the app sees as its own.
        raise_server_exceptions: raise what the app raises rather than respond with status 500.
        root_path: the ASGI ``root_path`` that the app is called with.
        client: the address and port that the app sees as the client's.
        headers, cookies: sent with every request.
        follow_redirects: follow them as a browser does.

    Raises:
        LifespanFailure: on entry or exit, where the app says that starting up or shutting down
            failed but raises nothing. What it raises is raised as it is.
    """

    __test__ = False  # It is no class of tests, whatever its name.

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("testclient", 50000),
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        follow_redirects: bool = True,
    ) -> None:
        self.app = app
        self.app_state: dict[str, Any] = {}
        self._lifespan = AsyncExitStack()
        super().__init__(
            transport=httpx.ASGITransport(
                app=self._call_app,
                raise_app_exceptions=raise_server_exceptions,
                root_path=root_path,
                client=client,
            ),
            base_url=base_url,
            headers={"user-agent": "testclient", **(headers or {})},
            cookies=dict(cookies or {}),
            follow_redirects=follow_redirects,
        )

    async def _call_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A copy for each request, as the ASGI specification has it.
        await self.app({**scope, "state": self.app_state.copy()}, receive, send)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(lifespan(self.app, self.app_state))
            await super().__aenter__()
            self._lifespan = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            await super().__aexit__(exc_type, exc_value, traceback)
        finally:
            await self._lifespan.__aexit__(exc_type, exc_value, traceback)


class LifespanFailure(Exception):
    """An app reported that it could not start up or shut down."""


@dataclass(frozen=True)
class _Returned:
    """The app has returned from its lifespan call, or raised ``error``."""

    error: Exception | None


@asynccontextmanager
async def lifespan(app: ASGIApp, state: dict[str, Any]) -> AsyncIterator[None]:
    """Run ``app`` through its lifespan around a block, and let it fill ``state``.

    It is the server's side of the ASGI specification's lifespan protocol (version 2.0).
    """
    to_app, receive = anyio.create_memory_object_stream[dict[str, Any]](math.inf)
    send, from_app = anyio.create_memory_object_stream[MutableMapping[str, Any] | _Returned](
        math.inf
    )

    async def run_app() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        error = None
        try:
            await app({**scope, "state": state}, receive.receive, send.send)
        except Exception as raised:
            error = raised
        await send.send(_Returned(error))
        send.close()

    async def ask(phase: str) -> Exception | None:
        await to_app.send({"type": f"lifespan.{phase}"})
        try:
            message = await from_app.receive()
        except anyio.EndOfStream:
            return None
        if isinstance(message, _Returned):
            # An app may return without a word where it has no use for the lifespan.
            return message.error
        if message["type"] == f"lifespan.{phase}.complete":
            return None
        end = await from_app.receive()
        if isinstance(end, _Returned) and end.error is not None:
            return end.error
        return LifespanFailure(message.get("message") or f"The app failed at its {phase}.")

    # Failures are raised outside the task group, which would wrap each in a group.
    with to_app, receive, send, from_app:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_app)
            failure = await ask("startup")
            if failure is None:
                try:
                    yield
                except Exception as error:
                    failure = error
                failure_at_end = await ask("shutdown")
                failure = failure or failure_at_end
    if failure is not None:
        raise failure
