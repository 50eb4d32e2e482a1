"""Rooms as an AsyncAPI document, version 3.0.0 (https://www.asyncapi.com/docs/reference)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import Parameter
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core.core_schema import TaggedUnionSchema, TupleSchema

from vivace.live.declared import Declaration
from vivace.live.entrance import After, Entrance, entrance_of
from vivace.live.messages import Messages

Document = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_AFTER = Parameter("after", Parameter.KEYWORD_ONLY, annotation=After, default=None)
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
    channels, operations, schemes = {}, {}, {}
    for one in declared:
        entrance = entrance_of(one, _AFTER)
        channels[one.name] = _channel(one, prefix, schemas, entrance)
        operations.update(_operations(one, entrance))
        schemes.update(entrance.schemes)
    return {
        "asyncapi": "3.0.0",
        "info": info,
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": schemas.definitions,
            **({"securitySchemes": schemes} if schemes else {}),
        },
    }


class _Draft07(GenerateJsonSchema):
    """Schemas as AsyncAPI has them, which are of JSON Schema draft 07."""

    def tagged_union_schema(self, schema: TaggedUnionSchema) -> JsonSchemaValue:
        found = super().tagged_union_schema(schema)
        # That of OpenAPI, where AsyncAPI has another one.
        found.pop("discriminator", None)
        return found

    def tuple_schema(self, schema: TupleSchema) -> JsonSchemaValue:
        found = super().tuple_schema(schema)
        if "prefixItems" in found:
            found["items"] = found.pop("prefixItems")
        return found


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
            schema_generator=_Draft07,
        )
        self._places = places
        self.definitions: Document = {**definitions.get("$defs", {}), **_own_schemas()}
        for one in declarations:
            shows = places[one.name, "serialization"]
            self.definitions.update(_presence_schemas(one.name, shows))

    def payload(self, type: str, model: type[BaseModel], *, is_received: bool) -> Document:
        """A frame: the fields of the message, and what stands beside them."""
        place = self._places[model, "validation" if is_received else "serialization"]
        beside = {"ref": _REF} if is_received else {"event_id": _ID}
        # That it has a default does not help those who write JSON.
        said = {"type": {"type": "string", "const": type}, **beside}
        frame = {"type": "object", "properties": said, "required": ["type"]}
        return {"allOf": [place, frame]}


def _own_schemas() -> Document:
    """The frames that are the same in all rooms; no model is called so, with a dot."""
    text = {"type": "string"}
    error = {
        "code": text,
        "status": {"type": "integer"},
        "detail": text,
        "errors": {"type": "array"},
        "retry_after": {"type": "integer"},
        "ref": text,
    }
    return {
        "live.ackFrame": _own("ack", {"ref": text, "event_id": _ID}, ["ref"]),
        "live.errorFrame": _own("error", error, ["code", "status", "detail"]),
        "live.gapFrame": _own("gap", {}, []),
        "live.droppedFrame": _own("dropped", {"count": {"type": "integer"}}, ["count"]),
        "live.pingFrame": _own("ping", {}, []),
        "live.pongFrame": _own("pong", {}, []),
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
    members = {"type": "array", "items": member}
    welcome = {
        "event_id": _ID,
        "member": text,
        "user": text,
        "members": members,
    }
    return {
        f"{name}.user": user,
        f"{name}.welcomeFrame": _own("welcome", welcome, ["event_id", "member", "user"]),
        f"{name}.joinedFrame": _own("joined", {"member": member}, ["member"]),
        f"{name}.leftFrame": _own("left", {"member": member}, ["member"]),
        f"{name}.presenceFrame": _own(
            "presence", {"joined": members, "left": members}, ["joined", "left"]
        ),
    }


def _own(type: str, properties: Mapping[str, Any], required: list[str]) -> Document:
    return {
        "type": "object",
        "title": type,
        "properties": {"type": {"type": "string", "const": type}, **properties},
        "required": ["type", *required],
    }


_TO_CLIENTS = ("welcome", "gap", "dropped", "ack", "error", "ping", "pong")
_PRESENCE = ("joined", "left", "presence")
_FROM_CLIENTS = ("ping", "pong")


def _channel(one: Declaration, prefix: str, schemas: _Schemas, entrance: Entrance) -> Document:
    about = (
        "Rooms over WebSockets. GET gives the same events as a stream, and POST takes the same "
        "messages; see the OpenAPI document."
    )
    binding = {"method": "GET", "query": entrance.query, "bindingVersion": "0.1.0"}
    if entrance.headers["properties"]:
        binding["headers"] = entrance.headers
    channel: Document = {
        "address": prefix + one.path_format,
        "title": one.name,
        "description": f"{one.description}\n\n{about}".strip() if one.streams else one.description,
        "messages": dict(_messages(one, schemas)),
        "bindings": {"ws": binding},
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
                    "payload": schemas.payload(type, model, is_received=is_received),
                },
            )
    for type in _own_types(one):
        yield (
            f"room-{type}",
            {
                "name": type,
                "contentType": "application/json",
                "payload": {"$ref": f"{_SCHEMAS}{_frame(one, type)}"},
            },
        )


def _own_types(one: Declaration) -> tuple[str, ...]:
    """The types of what rooms send by themselves."""
    return (*_TO_CLIENTS, *_PRESENCE) if one.has_presence else _TO_CLIENTS


def _frame(one: Declaration, type: str) -> str:
    """The name of the schema of a frame of the room's own."""
    return f"{one.name if type in ('welcome', *_PRESENCE) else 'live'}.{type}Frame"


def _operations(one: Declaration, entrance: Entrance) -> Document:
    """What the app does: it sends to clients, and receives from them."""
    sent = [
        *_keys(one.sends, is_received=False),
        *(f"room-{type}" for type in _own_types(one)),
    ]
    received = [
        *_keys(one.receives, is_received=True),
        *(f"room-{type}" for type in _FROM_CLIENTS),
    ]
    return {
        f"{one.name}.send": {
            "action": "send",
            "title": f"What members of {one.name} get",
            **_operation(one, sent, entrance),
        },
        f"{one.name}.receive": {
            "action": "receive",
            "title": f"What members of {one.name} send",
            **_operation(one, received, entrance),
        },
    }


def _operation(one: Declaration, keys: Iterable[str], entrance: Entrance) -> Document:
    # In a JSON pointer, a slash is written so (RFC 6901, section 3).
    pointers = [key.replace("/", "~1") for key in keys]
    return {
        "channel": {"$ref": f"#/channels/{one.name}"},
        "messages": [{"$ref": f"#/channels/{one.name}/messages/{each}"} for each in pointers],
        **({"security": entrance.security} if entrance.security else {}),
    }


def _keys(messages: Messages | None, *, is_received: bool) -> list[str]:
    types = messages.by_type if messages is not None else ()
    return [_key(type, is_received=is_received) for type in types]


def _key(type: str, *, is_received: bool) -> str:
    """The name of a message in its channel."""
    return f"from-{type}" if is_received else f"to-{type}"


__all__ = ["document_of"]
