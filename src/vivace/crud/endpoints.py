"""The functions that answer, made for one resource.

Their annotations are those of the resource's schemas, so that validation, documentation and the
compiled handlers are those of any other route.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from annotated_types import Len
from pydantic import BaseModel

from vivace import Body, Depends, HTTPException, Query, Request, Response
from vivace.crud.collection import Collection, Key, Values
from vivace.crud.hooks import Hooks
from vivace.crud.listing import Listing
from vivace.crud.merge_patch import MEDIA_TYPE, PatchOf
from vivace.crud.options import Limits
from vivace.crud.patching import Patching
from vivace.crud.preconditions import (
    Preconditions,
    conditions_of_change,
    conditions_of_reading,
    make_etag,
)
from vivace.crud.rendering import Renderer, Representation, location, respond
from vivace.crud.resource import Resource

Endpoint = Callable[..., Any]


class Endpoints:
    """Makes the endpoints of ``resource``.

    Args:
        collection: The dependency that gives the collection of a request.
        reading: The same for requests that only read.
        hooks: What is called before something is written.
        require_if_match: Whether changes have to say which state they mean.
    """

    def __init__(
        self,
        resource: Resource,
        collection: Any,
        reading: Any,
        *,
        listing: Listing,
        limits: Limits,
        hooks: type[Hooks],
        require_if_match: bool,
    ) -> None:
        self._resource = resource
        self._listing = listing
        self._limits = limits
        self._renderer = Renderer(resource.read)
        self._injected = {
            "collection": Annotated[Any, collection],
            "hooks": Annotated[Any, Depends(hooks)],
            "key": Annotated[Any, _key_dependency(resource)],
        }
        self._reads = {
            "collection": Annotated[Any, reading],
            "preconditions": Annotated[Any, conditions_of_reading],
        }
        self._changes = {
            "preconditions": Annotated[Any, conditions_of_change(required=require_if_match)]
        }

    def _finish(self, endpoint: Endpoint, name: str, doc: str, **annotations: Any) -> Endpoint:
        """Give ``endpoint`` its name, its documentation and the types of its parameters."""
        known = {**self._injected, **annotations}
        taken = [name for name in inspect.signature(endpoint).parameters if name in known]
        # Assigned, as from Python 3.14 on it need not be what is read (PEP 649).
        endpoint.__annotations__ = {
            **endpoint.__annotations__,
            **{name: known[name] for name in taken},
        }
        endpoint.__name__ = endpoint.__qualname__ = name
        endpoint.__doc__ = doc
        return endpoint

    def list(self) -> Endpoint:
        listing, render_page = self._listing, Renderer(self._listing.page).render

        async def endpoint(
            request: Request,
            query: Any,
            preconditions: Preconditions,
            collection: Collection[Any],
        ) -> Response:
            selection = listing.selection(query)
            found = await collection.select(selection)
            cursors = listing.cursors_of(selection, found)
            content = render_page({"items": found.items, "total": found.total, **cursors})
            links = listing.links(selection, found, cursors, request.scope["query_string"])
            headers = {"Link": links} if links else {}
            return respond(content, make_etag(content), preconditions, headers)

        return self._finish(
            endpoint,
            f"list_{self._resource.plural}",
            f"List {self._resource.plural.replace('_', ' ')}, page by page.",
            query=Annotated[listing.query, Query()],
            **self._reads,
        )

    def create(self) -> Endpoint:
        renderer, resource = self._renderer, self._resource

        async def endpoint(
            request: Request, body: Any, collection: Collection[Any], hooks: Hooks
        ) -> Response:
            values = await hooks.before_create(_sent(body))
            item = await collection.create(values)
            made = Representation(renderer, collection, item)
            path = location(request.scope["path"], resource.key_of(item))
            return made.response(201, Location=path)

        return self._finish(
            endpoint, f"create_{resource.name}", f"Make {resource.one}.", body=resource.create
        )

    def create_many(self) -> Endpoint:
        plural, limits = self._resource.plural, self._limits
        bodies: Any = Annotated[list[self._resource.create], Len(1, limits.max_bulk)]  # type: ignore[name-defined]
        render = Renderer(list[self._resource.read]).render  # type: ignore[name-defined]

        async def endpoint(
            body: Sequence[Any], collection: Collection[Any], hooks: Hooks
        ) -> Response:
            values = [await hooks.before_create(_sent(one)) for one in body]
            items = await collection.create_many(values)
            return Response(render(items), 201, media_type="application/json")

        return self._finish(
            endpoint,
            f"create_{plural}",
            f"Make up to {limits.max_bulk} {plural.replace('_', ' ')}: all of them, or none.",
            body=bodies,
        )

    def read(self) -> Endpoint:
        renderer, resource = self._renderer, self._resource

        async def endpoint(
            key: Key, preconditions: Preconditions, collection: Collection[Any]
        ) -> Response:
            item = await collection.read(key)
            if item is None:
                raise _not_found(resource)
            shown = Representation(renderer, collection, item)
            return respond(shown.content, shown.etag, preconditions)

        return self._finish(
            endpoint, f"read_{resource.name}", f"Read {resource.one}.", **self._reads
        )

    def replace(self) -> Endpoint:
        resource, write = self._resource, self._write

        async def endpoint(
            key: Key,
            body: Any,
            preconditions: Preconditions,
            collection: Collection[Any],
            hooks: Hooks,
        ) -> Response:
            values = {field: getattr(body, field) for field in type(body).model_fields}
            return await write(key, lambda item: values, preconditions, collection, hooks)

        return self._finish(
            endpoint,
            f"replace_{resource.name}",
            f"Replace {resource.one}: what is not sent takes its default.",
            body=resource.replace,
            **self._changes,
        )

    def patch(self) -> Endpoint:
        resource, write = self._resource, self._write
        patching = Patching(resource)

        async def endpoint(
            key: Key,
            body: dict[str, Any],
            preconditions: Preconditions,
            collection: Collection[Any],
            hooks: Hooks,
        ) -> Response:
            def change(item: Any) -> Values:
                return patching.values(collection.values(item), body)

            return await write(key, change, preconditions, collection, hooks)

        body = Annotated[
            dict[str, Any],
            PatchOf(patching.documented),
            Body(media_type=MEDIA_TYPE),
        ]
        return self._finish(
            endpoint,
            f"patch_{resource.name}",
            f"Change a part of {resource.one}, by a JSON merge patch (RFC 7396).",
            body=body,
            **self._changes,
        )

    async def _write(
        self,
        key: Key,
        change: Callable[[Any], Values],
        preconditions: Preconditions,
        collection: Collection[Any],
        hooks: Hooks,
    ) -> Response:
        async def checked(item: Any) -> Values:
            preconditions.check(lambda: Representation(self._renderer, collection, item).etag)
            return await hooks.before_update(item, change(item))

        item = await collection.update(key, checked)
        if item is None:
            raise _not_found(self._resource)
        # RFC 9110, section 9.3.4, has no ETag in the answer to a PUT whose content was completed,
        # so that nobody takes it for that of what they have sent. Here it is beside what it is of,
        # and without it clients would have to read again before each further change.
        return Representation(self._renderer, collection, item).response()

    def delete(self) -> Endpoint:
        renderer, resource = self._renderer, self._resource

        async def endpoint(
            key: Key, preconditions: Preconditions, collection: Collection[Any], hooks: Hooks
        ) -> None:
            async def check(item: Any) -> None:
                preconditions.check(lambda: Representation(renderer, collection, item).etag)
                await hooks.before_delete(item)

            if not await collection.delete(key, check):
                raise _not_found(resource)

        return self._finish(
            endpoint, f"delete_{resource.name}", f"Delete {resource.one}.", **self._changes
        )


def _sent(body: BaseModel) -> Values:
    """What the client has said; the rest takes the defaults of the store."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def _not_found(resource: Resource) -> HTTPException:
    return HTTPException(404, f"There is no such {resource.noun}.")


def _key_dependency(resource: Resource) -> Any:
    """A dependency with a parameter for each part of the key, which gives all of them."""
    names = tuple(resource.key)

    async def key(**parts: Any) -> Key:
        return tuple(parts[name] for name in names)

    key.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=type)
            for name, type in resource.key.items()
        ]
    )
    return Depends(key)


__all__ = ["Endpoints"]
