"""The least that an ASGI app can do and still send the bytes that the frameworks send.

It takes the request's body and encodes an answer; it validates nothing but the token of the case
that has one, and reads only the body of the case that writes it to a database.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.apps.guarded import ANSWER, make_token, read_token
from bench.apps.heroes import KEY, create_hero, read_hero

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

ANSWERS: dict[str, dict[str, Any]] = {
    "/guarded": ANSWER,
    "/plain": {"message": "Hello, world!", "count": 3},
    "/items/42": {"item_id": 42, "limit": 20, "search": "lamp"},
    "/orders": {
        "number": 7,
        "customer": {"name": "Ada", "email": "ada@example.com"},
        "tags": ["new", "gift"],
        "total": 19.5,
    },
    "/dependencies": {"filters": {"skip": 5, "limit": 20}, "user": "alice"},
    "/section-199/7": {"section": 199, "item_id": 7},
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    received = b""
    if scope["method"] == "POST":
        while True:
            message = await receive()
            received += message.get("body", b"")
            if not message.get("more_body"):
                break
    answer = await make_answer(scope, received)
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/json"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def make_answer(scope: Scope, received: bytes) -> Any:
    match scope["path"]:
        case "/token":
            return make_token()
        case "/guarded":
            read_token(dict(scope["headers"])[b"authorization"].decode()[len("Bearer ") :])
        case "/heroes":
            return await create_hero(json.loads(received))
        case path if path == f"/heroes/{KEY}":
            return await read_hero()
    return ANSWERS[scope["path"]]
