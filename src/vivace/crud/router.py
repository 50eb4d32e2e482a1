"""The router of a collection."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any, Unpack, get_args

from vivace import APIRouter, Depends, Header, HTTPException
from vivace.crud.endpoints import Endpoints
from vivace.crud.hooks import Hooks
from vivace.crud.listing import Listing
from vivace.crud.merge_patch import MEDIA_TYPE
from vivace.crud.options import (
    OPERATIONS,
    CrudOptions,
    Limits,
    Operation,
    Pagination,
    check_options,
)
from vivace.crud.resource import Resource


def make_router(
    resource: Resource,
    collection: Any,
    *,
    reading: Any = None,
    **options: Unpack[CrudOptions],
) -> APIRouter:
    """Make the routes of a collection.

    Args:
        resource: What the items are.
        collection: A ``Depends`` that gives the :class:`~vivace.crud.Collection` of a request. What
            is written through it has to be kept when the endpoint has succeeded, before the
            response is sent.
        reading: The same for requests that only read, if they have another one.
        options: See :class:`~vivace.crud.CrudOptions`.

    Raises:
        TypeError: There is no such option.
        ValueError: An option names what there is not, or what the resource has no schema for.
    """
    check_options(options, CrudOptions)
    listing = _listing(resource, options)
    required = options.get("require_if_match", False)
    endpoints = Endpoints(
        resource,
        collection,
        reading or collection,
        listing=listing,
        limits=options.get("limits") or Limits(),
        hooks=options.get("hooks") or Hooks,
        require_if_match=required,
    )
    router = APIRouter(
        prefix=options.get("prefix", f"/{resource.plural}"),
        tags=[*options.get("tags", (resource.plural,))],
        dependencies=options.get("dependencies", ()),
    )
    own = options.get("operation_dependencies", {})
    _check_names("operation_dependencies", own, OPERATIONS)
    for operation in _operations(resource, options.get("operations")):
        endpoint = getattr(endpoints, operation)()
        route = _route(resource, listing, operation, required=required)
        route["dependencies"] = [*own.get(operation, ()), *route.get("dependencies", ())]
        router.add_api_route(endpoint=endpoint, operation_id=endpoint.__name__, **route)
    return router


def _listing(resource: Resource, options: CrudOptions) -> Listing:
    pagination: tuple[Pagination, ...] = get_args(Pagination)
    chosen = options.get("pagination", pagination)
    _check_names("pagination", chosen, pagination)
    return Listing(
        resource,
        limits=options.get("limits") or Limits(),
        pagination=chosen,
        sort=options.get("sort", ""),
        other_parameters=options.get("other_parameters", ()),
    )


def _operations(resource: Resource, wanted: Collection[Operation] | None) -> list[Operation]:
    """The operations that there are: all that are possible, or those that are wanted."""
    needs: dict[Operation, Any] = {
        "create": resource.create,
        "create_many": resource.create,
        "replace": resource.replace,
        "patch": resource.patch or resource.replace,
    }
    if wanted is None:
        return [one for one in OPERATIONS if needs.get(one, resource.read) is not None]
    _check_names("operations", wanted, OPERATIONS)
    for one in wanted:
        if needs.get(one, resource.read) is None:
            raise ValueError(
                f"The router of {resource.plural} is to {one}, and the resource has no schema for "
                "that. Give one, or leave the operation out."
            )
    return [one for one in OPERATIONS if one in wanted]


def _check_names(option: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"There is no {name!r} for `{option}`. There are: {', '.join(known)}.")


def _route(
    resource: Resource, listing: Listing, operation: Operation, *, required: bool
) -> dict[str, Any]:
    """What is said of the route of an operation.

    Args:
        required: Whether changes need ``If-Match``.
    """
    read = resource.read
    item = "".join(f"/{{{name}}}" for name in resource.key)
    refusals = _described(404, 409, 412, *([428] if required else []))
    changed = {200: _headers("ETag"), **refusals}
    routes: dict[Operation, dict[str, Any]] = {
        "list": {
            "path": "",
            "methods": ["GET"],
            "response_model": listing.page,
            "responses": {200: _headers("ETag", "Link"), **_described(304)},
        },
        "create": {
            "path": "",
            "methods": ["POST"],
            "status_code": 201,
            "response_model": read,
            "responses": {201: _headers("ETag", "Location"), **_described(409)},
        },
        "create_many": {
            "path": "/bulk",
            "methods": ["POST"],
            "status_code": 201,
            "response_model": list[read],  # type: ignore[valid-type]
            "responses": _described(409),
        },
        "read": {
            "path": item,
            "methods": ["GET"],
            "response_model": read,
            "responses": {200: _headers("ETag"), **_described(304, 404)},
        },
        "replace": {
            "path": item,
            "methods": ["PUT"],
            "response_model": read,
            "responses": changed,
        },
        "patch": {
            "path": item,
            "methods": ["PATCH"],
            "response_model": read,
            "responses": {**changed, **_described(415)},
            "dependencies": [Depends(_check_media_type)],
        },
        "delete": {
            "path": item,
            "methods": ["DELETE"],
            "status_code": 204,
            "responses": refusals,
        },
    }
    return routes[operation]


_DESCRIPTIONS = {
    304: "The client has this already",
    404: "It does not exist",
    409: "It contradicts what is there",
    412: "It has been changed since it was read",
    415: "Not a JSON merge patch",
    428: "Only with the header `If-Match`",
}
_HEADERS = {
    "ETag": "What tells this state from others",
    "Link": "The pages before and after (RFC 8288)",
    "Location": "Where it is",
}


def _described(*statuses: int) -> dict[int, dict[str, Any]]:
    return {status: {"description": _DESCRIPTIONS[status]} for status in statuses}


def _headers(*names: str) -> dict[str, Any]:
    return {
        "headers": {
            name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names
        }
    }


async def _check_media_type(
    content_type: Annotated[str, Header(include_in_schema=False)] = MEDIA_TYPE,
) -> None:
    """Refuse other patches (RFC 5789, section 2.2). A plain JSON object is taken for a merge patch.

    Without a content type the route itself refuses the body.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (MEDIA_TYPE, "application/json"):
        raise HTTPException(415, f"Send {MEDIA_TYPE}.", {"Accept-Patch": MEDIA_TYPE})


__all__ = ["make_router"]
