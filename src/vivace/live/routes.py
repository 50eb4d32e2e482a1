"""The routes of a kind of room.

Of a stream and of a request two routes are declared: one that answers, and one, never reached, that
stands in the OpenAPI document. The first has the function ``admits`` called by itself, so that what
its dependencies hold is given back before a stream begins; the second says what that needs.
"""

from __future__ import annotations

import re
from inspect import Parameter
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from vivace import APIRouter, Body, Header, Request, Response, WebSocket
from vivace.live.entrance import After, described
from vivace.live.rooms import Rooms
from vivace.live.socket import serve_socket
from vivace.live.stream import serve_message, serve_stream
from vivace.sse import EventSourceResponse

LastEventId = Annotated[str | None, Header(max_length=64)]

#: What all of them may be refused with, beside what ``admits`` does.
REFUSALS: dict[int | str, dict[str, Any]] = {
    403: {"description": "The client may not come in, or is a page of another site"},
    429: {"description": "Too many connections or messages"},
    503: {"description": "The room is full or out of reach"},
}


def make_router(rooms: Rooms, opened: Any) -> APIRouter:
    """The routes of ``rooms``.

    Args:
        opened: Has the broker opened before the first request.
    """
    router = APIRouter(dependencies=[opened])
    declared = rooms.declared

    async def connect(websocket: WebSocket, after: After = None) -> None:
        await serve_socket(rooms, websocket, after)

    router.add_api_websocket_route(declared.path, connect, name=declared.name)
    if declared.streams:
        _add_stream(router, rooms)
        if declared.receives is not None:
            _add_requests(router, rooms, declared.receives.union)
    return router


def _add_stream(router: APIRouter, rooms: Rooms) -> None:
    path, name = rooms.declared.path, f"{rooms.declared.name}_events"

    async def events(
        request: Request, after: After = None, last_event_id: LastEventId = None
    ) -> Response:
        # A browser that connects again asks with the URL that it had.
        return await serve_stream(rooms, request, last_event_id or after)

    router.add_api_route(path, events, methods=["GET"], name=name, include_in_schema=False)
    about = f"The events of a room: {_names(rooms.sends.by_type)}. {rooms.declared.description}"
    endpoint = described(
        rooms.declared,
        Parameter("after", Parameter.KEYWORD_ONLY, annotation=After, default=None),
        Parameter("last_event_id", Parameter.KEYWORD_ONLY, annotation=LastEventId, default=None),
    )
    router.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        name=name,
        response_class=EventSourceResponse,
        summary="Read the events of a room",
        description=about.strip(),
        responses=REFUSALS,
        tags=[rooms.declared.name],
        dependencies=list(rooms.declared.dependencies),
    )


def _add_requests(router: APIRouter, rooms: Rooms, union: Any) -> None:
    path, name = rooms.declared.path, f"{rooms.declared.name}_send"

    async def send(request: Request, message: Any) -> Response:
        room, guest = await rooms.admit(request)
        return await serve_message(rooms, request, room, guest, message)

    body = Annotated[union, Body()]
    send.__annotations__["message"] = body
    router.add_api_route(path, send, methods=["POST"], name=name, include_in_schema=False)
    router.add_api_route(
        path,
        described(rooms.declared, Parameter("message", Parameter.KEYWORD_ONLY, annotation=body)),
        methods=["POST"],
        name=name,
        response_model=_receipt(rooms),
        summary="Send a message to a room",
        description=rooms.declared.description,
        responses=REFUSALS,
        tags=[rooms.declared.name],
        dependencies=list(rooms.declared.dependencies),
    )


def _receipt(rooms: Rooms) -> type[BaseModel]:
    replies: Any = (
        list[rooms.sends.union],  # type: ignore[name-defined]
        Field(default=[], description="What the sender alone is told."),
    )
    event_id: Any = (str | None, Field(default=None, description="The id of the event."))
    title = "".join(word.title() for word in re.split(r"\W+", rooms.declared.name))
    return create_model(f"{title}Receipt", event_id=event_id, replies=replies)


def _names(types: Any) -> str:
    return ", ".join(f"`{name}`" for name in types)


__all__ = ["make_router"]
