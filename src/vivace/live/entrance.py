"""What a client has to say to come in, for documents: what the OpenAPI document would say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from vivace import Depends, Path, Query, Vivace
from vivace.live.declared import Declaration

Document = dict[str, Any]

_SCHEMAS = "#/components/schemas/"

#: The id that one who comes back brings, and so gets what it has missed.
After = Annotated[str | None, Query(max_length=64, description="The id of the last event.")]

#: What the convertors of paths make.
_TYPES: dict[str, Any] = {"int": int, "float": float, "uuid": UUID}

#: The members of a scheme whose URLs AsyncAPI wants to be absolute.
_URLS = ("authorizationUrl", "tokenUrl", "refreshUrl")


def described(declared: Declaration, *parameters: Parameter) -> Callable[..., Any]:
    """An endpoint that is only described: who comes in by it is asked what ``admits`` asks."""

    async def described(**arguments: Any) -> None:
        raise NotImplementedError("The route before this one answers.")

    admitted = Parameter(
        "guest", Parameter.KEYWORD_ONLY, annotation=Annotated[Any, Depends(declared.admits)]
    )
    signature = Signature([*_path_parameters(declared.path), admitted, *parameters])
    described.__signature__ = signature  # type: ignore[attr-defined]
    return described


def _path_parameters(path: str) -> list[Parameter]:
    found = re.findall(r"{(\w+)(?::(\w+))?}", path)
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[_TYPES.get(kind, str), Path()])
        for name, kind in found
    ]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a client says to come into a room.

    Args:
        query, headers: Schemas of objects, with the parameters.
        schemes: The security schemes of AsyncAPI, by their names.
        security: Those of which one is needed; none for a room that is open to all.
    """

    query: Document
    headers: Document
    schemes: dict[str, Document]
    security: list[Document]


def entrance_of(declared: Declaration, *parameters: Parameter) -> Entrance:
    """What the dependencies of a kind of room ask of clients.

    Args:
        parameters: What is asked beside.
    """
    app = Vivace()
    app.add_api_route(
        "/" + declared.path.lstrip("/"),
        described(declared, *parameters),
        methods=["GET"],
        dependencies=list(declared.dependencies),
    )
    document = app.openapi()
    components = document.get("components", {})
    (operations,) = document["paths"].values()
    operation = operations["get"]
    schemes = {
        name: _scheme(scheme) for name, scheme in components.get("securitySchemes", {}).items()
    }
    wanted = [
        _requirement(name, schemes[name], scopes)
        for one in operation.get("security", ())
        for name, scopes in one.items()
    ]
    asked = operation.get("parameters", ())
    return Entrance(
        _object(asked, "query", components),
        _object(asked, "header", components),
        schemes,
        wanted,
    )


def _object(parameters: Any, place: str, components: Document) -> Document:
    """The parameters in one place, as the members of an object."""
    found = [one for one in parameters if one["in"] == place]
    definitions = components.get("schemas", {})
    schema: Document = {
        "type": "object",
        "properties": {
            one["name"]: {
                **_inlined(one.get("schema", {}), definitions),
                **({"description": one["description"]} if "description" in one else {}),
            }
            for one in found
        },
    }
    if required := [one["name"] for one in found if one.get("required")]:
        schema["required"] = required
    return schema


def _inlined(value: Any, definitions: Document, within: tuple[str, ...] = ()) -> Any:
    """A schema with those that it refers to in their places."""
    if isinstance(value, list):
        return [_inlined(one, definitions, within) for one in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if not isinstance(reference, str):
        return {name: _inlined(one, definitions, within) for name, one in value.items()}
    name = reference.removeprefix(_SCHEMAS)
    # One that has itself in it is anything, there.
    return {} if name in within else _inlined(definitions[name], definitions, (*within, name))


def _requirement(name: str, scheme: Document, scopes: list[str]) -> Document:
    if scopes and scheme["type"] in ("oauth2", "openIdConnect"):
        return {**scheme, "scopes": scopes}
    return {"$ref": f"#/components/securitySchemes/{name}"}


def _scheme(scheme: Document) -> Document:
    """A security scheme of OpenAPI, as AsyncAPI has it."""
    about = {"description": scheme["description"]} if "description" in scheme else {}
    match scheme["type"]:
        case "apiKey":
            return {**scheme, "type": "httpApiKey"}
        case "oauth2":
            flows = {name: _flow(flow) for name, flow in scheme["flows"].items()}
            urls = [url for flow in flows.values() for name, url in flow.items() if name in _URLS]
            if all(map(_is_absolute, urls)):
                return {"type": "oauth2", "flows": flows, **about}
        case "openIdConnect":
            if _is_absolute(scheme["openIdConnectUrl"]):
                return scheme
        case _:
            return scheme
    # A URL that is relative to where the document is would not do.
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "The OpenAPI document says where tokens are from.",
        **about,
    }


def _flow(flow: Document) -> Document:
    urls = {name: flow[name] for name in _URLS if flow.get(name)}
    return {**urls, "availableScopes": flow.get("scopes", {})}


def _is_absolute(url: str) -> bool:
    return bool(urlsplit(url).scheme)


__all__ = ["After", "Entrance", "described", "entrance_of"]
