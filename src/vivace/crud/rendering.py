"""From items to responses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from vivace import Response
from vivace.crud.collection import Collection
from vivace.crud.preconditions import Preconditions, make_etag
from vivace.exceptions import ResponseValidationError

JSON = "application/json"


class Renderer:
    """Makes JSON of what a model can be made of.

    Args:
        shown: The model, or another type that pydantic knows.
    """

    def __init__(self, shown: type[BaseModel] | Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(shown)

    def render(self, value: Any) -> bytes:
        """The JSON text of ``value``, of whose attributes or items the model is made.

        Raises:
            ResponseValidationError: It cannot be made of them, which is a fault of the program.
        """
        try:
            shown = self._adapter.validate_python(value, from_attributes=True)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            located = [{**one, "loc": ("response", *one["loc"])} for one in errors]
            raise ResponseValidationError(located, body=value) from error
        return self._adapter.dump_json(shown, by_alias=True)


class Representation:
    """An item as a client sees it.

    Attributes:
        content: Its JSON text.
        etag: A strong entity tag of it.
    """

    __slots__ = ("content", "etag")

    def __init__(self, renderer: Renderer, collection: Collection[Any], item: Any) -> None:
        self.content = renderer.render(item)
        self.etag = make_etag(self.content, collection.version(item))

    def response(self, status_code: int = 200, **headers: str) -> Response:
        """A response with all of it."""
        return Response(self.content, status_code, {"ETag": self.etag, **headers}, media_type=JSON)


def respond(
    content: bytes, etag: str, preconditions: Preconditions, headers: dict[str, str] | None = None
) -> Response:
    """The response to a request that reads: 304 where the client has this already (15.4.5)."""
    headers = {"ETag": etag, **(headers or {})}
    if preconditions.is_current(etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=JSON)


def location(path: str, key: tuple[Any, ...]) -> str:
    """The path of the item with ``key`` in the collection at ``path``."""
    segments = (quote(str(part), safe="") for part in key)
    return "/".join((quote(path.rstrip("/")), *segments))


__all__ = ["Renderer", "Representation", "location", "respond"]
