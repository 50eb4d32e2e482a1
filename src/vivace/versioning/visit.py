"""A request on its way through a version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from starlette.datastructures import MutableHeaders, URLPath

from vivace.exceptions import VivaceError
from vivace.requests import HTTPConnection
from vivace.routing import BaseRoute, Finding, Match, NoMatchFound
from vivace.types import Message, Receive, Scope, Send
from vivace.versioning.deprecation import HeaderList
from vivace.versioning.editions import Edition
from vivace.versioning.history import Version

#: The key in the scope.
VISIT = "vivace.versioning"

#: The messages that a response begins with, or what takes its place for a WebSocket.
_BEGINNINGS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}

Remember = Callable[[], Awaitable[None]]
Answer = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


class Visit(Finding):
    """What a version has for a request.

    During the request it stands for the app's router, so that links lead to the same version.

    Args:
        answer: What answers: routes that have been found, or all of the version.
        media_type: What JSON is sent as, where the client has asked for it so.
    """

    __slots__ = (
        "_answer",
        "_media_type",
        "_mounted_at",
        "_remember",
        "_router",
        "edition",
    )

    _router: Any
    _mounted_at: str

    def __init__(
        self, match: Match, edition: Edition, answer: Answer, media_type: str | None = None
    ) -> None:
        self.match = match
        self.edition = edition
        self._answer = answer
        self._media_type = media_type
        self._remember: Remember | None = None

    def remember(self, remember: Remember) -> None:
        """Have ``remember`` called when the response begins, unless that is an error."""
        self._remember = remember

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        self._router = scope["router"]
        self._mounted_at = _mounted_at(scope)
        scope["router"] = scope[VISIT] = self
        if self.edition.has_fields or self._media_type or self._remember:
            # Not kept here: the scope has this object, and would wait for the garbage collector.
            send = partial(self._send, scope, send)
        return self._answer(scope, receive, send)

    async def _send(self, scope: Scope, send: Send, message: Message) -> None:
        if message["type"] in _BEGINNINGS:
            if self._remember is not None and message.get("status", 101) < 400:
                await self._remember()
            headers = _joined(message.get("headers", ()), self.edition.fields_of(scope))
            if self._media_type is not None:
                headers = _as_media_type(headers, self._media_type.encode("ascii"))
            message = {**message, "headers": headers}
        await send(message)

    @property
    def routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = self._router.routes
        return routes

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path of a route: that of this version, where it has one of the name."""
        try:
            path = self.edition.router.url_path_for(name, **path_params)
        except NoMatchFound:
            elsewhere: URLPath = self._router.url_path_for(name, **path_params)
            return elsewhere
        return URLPath(self._mounted_at + path, protocol=path.protocol)


def _mounted_at(scope: Scope) -> str:
    """The path of the app of a request in the app that it is mounted in."""
    if "app_root_path" not in scope:
        return ""
    root: str = scope["root_path"]
    return root.removeprefix(scope["app_root_path"])


def _joined(headers: Iterable[tuple[bytes, bytes]], fields: HeaderList) -> HeaderList:
    """``headers`` with ``fields``: those that are no lists stay as the endpoint has set them."""
    found = [*headers]
    own = {name.lower() for name, _ in found}
    if own.isdisjoint(name for name, _ in fields):
        return [*found, *fields]
    joined = MutableHeaders(raw=found)
    for name, value in fields:
        if name == b"vary":
            # Adding to it would keep the first field alone.
            joined["vary"] = ", ".join([*joined.getlist("vary"), value.decode("latin-1")])
        elif name == b"link" or name not in own:
            joined.append(name.decode("latin-1"), value.decode("latin-1"))
    return joined.raw


def _as_media_type(
    headers: list[tuple[bytes, bytes]], media_type: bytes
) -> list[tuple[bytes, bytes]]:
    plain = (b"content-type", b"application/json")
    return [(plain[0], media_type) if field == plain else field for field in headers]


def version_of(connection: HTTPConnection) -> Version:
    """The version that a request, or a WebSocket, is served in; also as a dependency.

    Raises:
        VivaceError: It is served in none.
    """
    visit: Visit | None = connection.scope.get(VISIT)
    if visit is None:
        raise VivaceError(
            f"{connection.scope['path']} is in no version. Its router has to be included in "
            "`Versions`."
        )
    return visit.edition.version


__all__ = ["VISIT", "Answer", "Visit", "version_of"]
