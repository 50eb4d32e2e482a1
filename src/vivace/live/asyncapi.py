"""Rooms as an AsyncAPI document, version 3.0.0 (https://www.asyncapi.com/docs/reference)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from vivace.live.declared import Declaration
from vivace.live.messages import Messages

Document = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_ID: Document = {"type": "string", "description": "Where it stands in the room."}
_REF: Document = {
    "type": "string",
    "maxLength": 64,
    "description": "What the client calls the message, if it is to be acknowledged.",
}


def document_of(
    declarations: Iterable[Declaration],
    *,
    title: str,
    version: str,
    description: str = "",
    prefix: str = "",
) -> Document:
    """The document of some kinds of rooms.

    Args:
        title, version, description: Of the app.
        prefix: What paths begin with.
    """
    declared = list(declarations)
    schemas = _Schemas(declared)
    info = {"title": title, "version": version}
    if description:
        info["description"] = description
    channels, operations = {}, {}
    messages: Document = {}
    for one in declared:
        channels[one.name] = _channel(one, prefix, schemas, messages)
        operations.update(_operations(one))
    return {
        "asyncapi": "3.0.0",
        "info": info,
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas.definitions},
    }


class _Schemas:
    """The schemas of all models, with the names they have in the document."""

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        types: dict[tuple[Any, JsonSchemaMode], TypeAdapter[Any]] = {}
        for one in declarations:
            for model in one.receives.models if one.receives is not None else ():
                types[model, "validation"] = TypeAdapter(model)
            for model in one.sends.models:
                types[model, "serialization"] = TypeAdapter(model)
            types[one.name, "serialization"] = one.shows
        places, definitions = TypeAdapter.json_schemas(
            [(key, mode, adapter) for (key, mode), adapter in types.items()],
            ref_template=_SCHEMAS + "{model}",
        )
        self._places = places
        self.definitions: Document = {**definitions.get("$defs", {}), **_own_schemas()}
        for one in declarations:
            shows = places[one.name, "serialization"]
            self.definitions.update(_presence_schemas(one.name, shows))

    def payload(self, model: type[BaseModel], *, is_received: bool) -> Document:
        """A frame: the fields of the message, and what stands beside them."""
        place = self._places[model, "validation" if is_received else "serialization"]
        beside = {"ref": _REF} if is_received else {"event_id": _ID}
        return {"allOf": [place, {"type": "object", "properties": beside}]}


def _own_schemas() -> Document:
    """The frames of rooms themselves."""
    text = {"type": "string"}
    error = {
        "code": text,
        "status": {"type": "integer"},
        "detail": text,
        "errors": {"type": "array", "items": {"type": "object"}},
        "retry_after": {"type": "integer"},
        "ref": text,
    }
    return {
        "ackFrame": _own("ack", {"ref": text, "event_id": _ID}, ["ref"]),
        "errorFrame": _own("error", error, ["code", "status", "detail"]),
        "gapFrame": _own("gap", {}, []),
        "droppedFrame": _own("dropped", {"count": {"type": "integer"}}, ["count"]),
        "pingFrame": _own("ping", {}, []),
        "pongFrame": _own("pong", {}, []),
    }


def _presence_schemas(name: str, shows: Any) -> Document:
    """The frames that have users in them, with what these show in rooms of one kind."""
    text = {"type": "string"}
    user = {
        "type": "object",
        "properties": {"user": text, "shows": shows},
        "required": ["user"],
    }
    member = {"$ref": f"{_SCHEMAS}{name}.user"}
    welcome = {
        "event_id": _ID,
        "member": text,
        "user": text,
        "members": {"type": "array", "items": member},
    }
    return {
        f"{name}.user": user,
        f"{name}.welcomeFrame": _own("welcome", welcome, ["event_id", "member", "user"]),
        f"{name}.joinedFrame": _own("joined", {"member": member}, ["member"]),
        f"{name}.leftFrame": _own("left", {"member": member}, ["member"]),
    }


def _own(type: str, properties: Mapping[str, Any], required: list[str]) -> Document:
    return {
        "type": "object",
        "title": type,
        "properties": {"type": {"type": "string", "const": type}, **properties},
        "required": ["type", *required],
    }


_TO_CLIENTS = ("welcome", "gap", "dropped", "ack", "error", "ping", "pong")
_PRESENCE = ("joined", "left")
_FROM_CLIENTS = ("ping", "pong")


def _channel(one: Declaration, prefix: str, schemas: _Schemas, messages: Document) -> Document:
    names: dict[str, str] = {}
    for key, definition in _messages(one, schemas):
        names[key] = f"{one.name}.{key}"
        messages[names[key]] = definition
    about = (
        "Rooms over WebSockets. GET gives the same events as a stream, and POST takes the same "
        "messages; see the OpenAPI document."
    )
    channel: Document = {
        "address": prefix + one.path_format,
        "title": one.name,
        "description": f"{one.description}\n\n{about}".strip() if one.streams else one.description,
        "messages": {key: {"$ref": f"#/components/messages/{name}"} for key, name in names.items()},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        "after": {"type": "string", "description": "The id of the last event."}
                    },
                },
                "bindingVersion": "0.1.0",
            }
        },
    }
    if one.parameters:
        channel["parameters"] = {name: {"description": f"The {name}."} for name in one.parameters}
    return channel


def _messages(one: Declaration, schemas: _Schemas) -> Iterable[tuple[str, Document]]:
    for is_received, messages in ((True, one.receives), (False, one.sends)):
        for type, model in messages.by_type.items() if messages is not None else ():
            yield (
                _key(type, is_received=is_received),
                {
                    "name": type,
                    "title": model.__name__,
                    **({"summary": model.__doc__.strip()} if model.__doc__ else {}),
                    "contentType": "application/json",
                    "payload": schemas.payload(model, is_received=is_received),
                },
            )
    for type in (*_TO_CLIENTS, *(_PRESENCE if one.has_presence else ())):
        yield (
            f"room-{type}",
            {
                "name": type,
                "contentType": "application/json",
                "payload": {"$ref": f"{_SCHEMAS}{_frame(one, type)}"},
            },
        )


def _frame(one: Declaration, type: str) -> str:
    """The name of the schema of a frame of the room's own."""
    return f"{one.name}.{type}Frame" if type in ("welcome", *_PRESENCE) else f"{type}Frame"


def _operations(one: Declaration) -> Document:
    """What the app does: it sends to clients, and receives from them."""

    def references(keys: Iterable[str]) -> list[Document]:
        return [{"$ref": f"#/channels/{one.name}/messages/{key}"} for key in keys]

    own = (*_TO_CLIENTS, *(_PRESENCE if one.has_presence else ()))
    sent = [*_keys(one.sends, is_received=False), *(f"room-{type}" for type in own)]
    received = [
        *_keys(one.receives, is_received=True),
        *(f"room-{type}" for type in _FROM_CLIENTS),
    ]
    channel = {"$ref": f"#/channels/{one.name}"}
    return {
        f"{one.name}.send": {
            "action": "send",
            "channel": channel,
            "title": f"What members of {one.name} get",
            "messages": references(sent),
        },
        f"{one.name}.receive": {
            "action": "receive",
            "channel": channel,
            "title": f"What members of {one.name} send",
            "messages": references(received),
        },
    }


def _keys(messages: Messages | None, *, is_received: bool) -> list[str]:
    types = messages.by_type if messages is not None else ()
    return [_key(type, is_received=is_received) for type in types]


def _key(type: str, *, is_received: bool) -> str:
    """The name of a message in its channel: letters, digits, dots, dashes and underscores."""
    way = "from" if is_received else "to"
    return f"{way}-{re.sub(r'[^A-Za-z0-9_.-]', '-', type)}"


__all__ = ["document_of"]
