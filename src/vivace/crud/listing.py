"""Lists: what a client may ask for, and the page that it gets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field as ModelField

from vivace import Query
from vivace.crud.collection import Order, Selection, Slice
from vivace.crud.cursors import Cursor, Cursors, InvalidCursor
from vivace.crud.errors import invalid
from vivace.crud.filtering import filter_parameters
from vivace.crud.options import Limits, Pagination
from vivace.crud.resource import Resource
from vivace.crud.schemas import Definitions, make_schema
from vivace.crud.sorting import Sorting

#: What parameters of lists mean that are no filters.
RESERVED = frozenset({"limit", "offset", "cursor", "sort", "total"})


class Listing:
    """The lists of one resource.

    Args:
        sort: The order where the client does not say.
        other_parameters: Names of query parameters that are somebody else's.

    Attributes:
        query: The model of the query parameters.
        page: The model of the response.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        limits: Limits,
        pagination: Collection[Pagination],
        sort: str = "",
        other_parameters: Collection[str] = (),
    ) -> None:
        self._resource = resource
        self._limits = limits
        self._pagination = frozenset(pagination)
        self._sorting = Sorting(resource, sort)
        self._cursors = Cursors(_sortable_types(resource))
        found = filter_parameters(resource, max_in=limits.max_in, taken=RESERVED)
        #: By the names of fields of the model, which have none that pydantic minds.
        self._filters = {f"filter_{index}": one for index, one in enumerate(found)}
        self.query = self._make_query(other_parameters)
        self.page = _make_page(resource, self._pagination)

    def _make_query(self, other_parameters: Collection[str]) -> type[BaseModel]:
        limits = self._limits
        fields: Definitions = {
            "limit": (
                int,
                ModelField(limits.page, ge=1, le=limits.max_page, description="Items of a page."),
            ),
            "total": (bool, ModelField(False, description="Whether to count all items.")),
        }
        if "cursor" in self._pagination:
            fields["cursor"] = (str, _optional("Where the page begins, as another page says."))
        if "offset" in self._pagination:
            bounded = Annotated[int, ModelField(ge=0, le=limits.max_offset)]
            fields["offset"] = (bounded, _optional("How many items to leave out."))
        if self._sorting.names:
            fields["sort"] = self._sort_field()
        for name, parameter in self._filters.items():
            said = _optional(parameter.description, parameter.name, title=parameter.name)
            fields[name] = (parameter.type, said)
        for index, name in enumerate(other_parameters):
            # Its own dependency documents and validates it.
            fields[f"other_{index}"] = (Any, _unseen(name))
        name = f"{self._resource.title}Query"
        return make_schema(name, fields, config=ConfigDict(extra="forbid"))

    def _sort_field(self) -> tuple[Any, Any]:
        names = ", ".join(f"`{name}`" for name in self._sorting.names)
        description = f"Of {names}, with commas between them; `-` before one for descending."
        extra = {"type": "string", "pattern": self._sorting.pattern}
        parsed = Annotated[str, AfterValidator(self._sorting.parse)]
        return parsed, _optional(description, json_schema_extra=extra)

    def selection(self, query: Any) -> Selection:
        """What ``query``, an instance of the model, asks of a collection.

        Raises:
            RequestValidationError: It is contradictory, or its cursor is none.
        """
        sort: tuple[Order, ...] | None = getattr(query, "sort", None)
        order = self._sorting.default if sort is None else self._sorting.complete(sort)
        cursor = self._read_cursor(query, order)
        return Selection(
            filters=tuple(
                parameter.filter(getattr(query, name))
                for name, parameter in self._filters.items()
                if name in query.model_fields_set
            ),
            order=order,
            limit=query.limit,
            offset=getattr(query, "offset", None) or 0,
            position=cursor.values if cursor else None,
            backward=cursor is not None and cursor.backward,
            total=query.total,
        )

    def _read_cursor(self, query: Any, order: tuple[Order, ...]) -> Cursor | None:
        text = getattr(query, "cursor", None)
        if text is None:
            return None
        place = ("query", "cursor")
        if getattr(query, "offset", None) is not None:
            raise invalid("cursor", place, "There is an offset too: send one of the two", text)
        try:
            return self._cursors.read(text, order)
        except InvalidCursor as error:
            raise invalid("cursor", place, str(error), text) from None

    def cursors_of(self, selection: Selection, found: Slice[Any]) -> dict[str, str | None]:
        """The cursors of the pages before and after; ``None`` where there is none."""
        if "cursor" not in self._pagination:
            return {}
        is_first = not selection.offset and selection.position is None
        before = found.more if selection.backward else not is_first
        after = selection.backward or found.more
        items = found.items
        return {
            "next_cursor": self._write_cursor(selection, items[-1]) if items and after else None,
            "prev_cursor": (
                self._write_cursor(selection, items[0], backward=True) if items and before else None
            ),
        }

    def _write_cursor(self, selection: Selection, item: Any, *, backward: bool = False) -> str:
        values = tuple(getattr(item, one.field) for one in selection.order)
        return self._cursors.write(Cursor(selection.order, values, backward))

    def links(
        self, selection: Selection, found: Slice[Any], cursors: dict[str, str | None], query: bytes
    ) -> str:
        """The header ``Link`` of a page, relative to its own address (RFC 8288, section 3).

        Args:
            query: The query string of the request.
        """
        by_offset = "cursor" not in self._pagination or (
            "offset" in self._pagination and selection.offset > 0
        )
        neighbours = (
            self._offsets(selection, found)
            if by_offset
            else {"next": cursors["next_cursor"], "prev": cursors["prev_cursor"]}
        )
        own = "offset" if by_offset else "cursor"
        kept = [
            (name, value)
            for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
            if name not in ("cursor", "offset")
        ]
        return ", ".join(
            f'<?{urlencode([*kept, (own, value)])}>; rel="{relation}"'
            for relation, value in neighbours.items()
            if value is not None
        )

    def _offsets(self, selection: Selection, found: Slice[Any]) -> dict[str, int | None]:
        after = selection.offset + selection.limit
        before = max(selection.offset - selection.limit, 0)
        return {
            "next": after if found.more and after <= self._limits.max_offset else None,
            "prev": before if selection.offset else None,
        }


def _sortable_types(resource: Resource) -> dict[str, Any]:
    types = {
        field.name: field.type | None if field.nullable else field.type
        for field in resource.fields
        if field.sortable
    }
    return {**types, **resource.key}


def _optional(description: str, alias: str | None = None, **options: Any) -> Any:
    """A parameter that may be left out. A factory makes the default, which is not shown then."""
    return ModelField(default_factory=_nothing, description=description, alias=alias, **options)


def _nothing() -> None:
    return None


def _unseen(alias: str) -> Any:
    return Query(default_factory=_nothing, alias=alias, include_in_schema=False)


def _make_page(resource: Resource, pagination: frozenset[Pagination]) -> type[BaseModel]:
    fields: Definitions = {"items": (list[resource.read], ...)}  # type: ignore[name-defined]
    if "cursor" in pagination:
        fields["next_cursor"] = (str | None, ModelField(description="Where the next page begins."))
        fields["prev_cursor"] = (
            str | None,
            ModelField(description="Where the page before this one ends."),
        )
    fields["total"] = (
        int | None,
        ModelField(description="How many items there are, where that was asked."),
    )
    return make_schema(f"{resource.title}Page", fields, module=resource.read.__module__)


__all__ = ["RESERVED", "Listing"]
