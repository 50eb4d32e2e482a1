"""References to other documents, resolved by ``$lookup`` in the command that reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from vivace.mongo.documents import BaseDocument

Stage = dict[str, Any]
#: All that are there; the same with null for those that are not; the one or null.
Shape = Literal["those there", "all", "one"]


class Lookup:
    """Says that a field has the documents that another field refers to.

    .. code-block:: python

        class PlaylistWithSongs(Playlist):
            songs: Annotated[list[Song], Lookup("song_ids")]

    They are read together with the document, by one ``$lookup``, and never stored in it. The type
    of the field says what becomes of references to what is not there:

    ===================== =======================================================================
    ``list[Song]``        in the order of the references; those to nothing are left out
    ``list[Song | None]`` the same, with null for those to nothing
    ``Song | None``       the one document; null where there is none
    ===================== =======================================================================

    Args:
        local: The field whose value, or values, refer to others.
        foreign: The field of the others that is referred to. Where that is not their id, the
            order is what ``pipeline`` makes it.
        pipeline: Stages that the others go through, as ``[{"$sort": {"year": 1}}]``.
    """

    def __init__(
        self, local: str, *, foreign: str = "id", pipeline: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.local = local
        self.foreign = foreign
        self.pipeline = tuple(pipeline)


def is_lookup(field: FieldInfo) -> bool:
    return any(isinstance(one, Lookup) for one in field.metadata)


@dataclass(frozen=True)
class Join:
    """A lookup, with what the models say of it.

    Args:
        field: Where the documents go.
        model: What they are.
        inner: The lookups that ``model`` has of its own.
    """

    field: str
    lookup: Lookup
    model: type[BaseDocument]
    shape: Shape
    inner: tuple[Join, ...]

    def stage(self) -> Stage:
        """The stage of a pipeline that fetches the documents."""
        stage: Stage = {
            "from": self.model.__collection__,
            "localField": stored_name(self.lookup.local),
            "foreignField": stored_name(self.lookup.foreign),
            "as": self.field,
        }
        pipeline = [*self.lookup.pipeline, *stages(self.inner)]
        return {"$lookup": {**stage, "pipeline": pipeline} if pipeline else stage}

    def arrange(self, document: dict[str, Any]) -> Any:
        """What the field is to be validated from.

        The server gives the documents in no order, and each once.
        """
        found = [as_values(one, self.inner) for one in document[self.field]]
        if self.shape == "one":
            return found[0] if found else None
        if self.lookup.foreign != "id":
            return found
        by_id = {one["id"]: one for one in found}
        references = _references(document, self.lookup.local)
        if self.shape == "all":
            return [by_id.get(one) for one in references]
        return [by_id[one] for one in references if one in by_id]


def stored_name(field: str) -> str:
    """What a field of a document, or a path from one, is called in the collection."""
    return "_id" if field == "id" else field


def stages(joins: Iterable[Join]) -> list[Stage]:
    return [one.stage() for one in joins]


def as_values(document: dict[str, Any], joins: Iterable[Join]) -> dict[str, Any]:
    """The fields of a document as it was read, by the names that its model has for them."""
    values = {name: value for name, value in document.items() if name != "_id"}
    values["id"] = document["_id"]
    for join in joins:
        values[join.field] = join.arrange(document)
    return values


def _references(document: dict[str, Any], path: str) -> list[Any]:
    """The values at ``path``, which may lead through arrays, as the server finds them."""
    values: list[Any] = [document]
    for name in stored_name(path).split("."):
        inner = [one.get(name) for one in values if isinstance(one, dict)]
        values = [one for value in inner for one in (value if isinstance(value, list) else [value])]
    return values


def find_joins(model: type[BaseDocument], above: tuple[type, ...] = ()) -> tuple[Join, ...]:
    """The lookups of ``model``.

    Args:
        above: The models that look this one up, and each other.

    Raises:
        TypeError: One contradicts the models, or leads back to where it came from.
    """
    if model in above:
        raise TypeError(
            f"{model.__name__} looks itself up, and so on without end. Look up a model without "
            "lookups, of which this one is a subclass."
        )
    return tuple(
        _make_join(model, name, field, lookup, (*above, model))
        for name, field in model.model_fields.items()
        for lookup in field.metadata
        if isinstance(lookup, Lookup)
    )


def _make_join(
    model: type[BaseDocument],
    name: str,
    field: FieldInfo,
    lookup: Lookup,
    above: tuple[type, ...],
) -> Join:
    place = f"{model.__name__}.{name}"
    if lookup.local.partition(".")[0] not in model.model_fields:
        raise TypeError(f"{place}: {model.__name__} has no field {lookup.local!r} to look up by.")
    other, shape = _read_annotation(field.annotation, place)
    if lookup.foreign.partition(".")[0] not in other.model_fields:
        raise TypeError(f"{place}: {other.__name__} has no field {lookup.foreign!r}.")
    if shape == "all" and lookup.foreign != "id":
        raise TypeError(f"{place}: nothing is missing where others refer to this: list[...].")
    return Join(name, lookup, other, shape, find_joins(other, above))


def _read_annotation(annotation: Any, place: str) -> tuple[type[BaseDocument], Shape]:
    from vivace.mongo.documents import BaseDocument

    is_list = get_origin(annotation) is list
    inner = get_args(annotation)[0] if is_list else annotation
    models = [one for one in _alternatives(inner) if one is not type(None)]
    nullable = len(models) < len(_alternatives(inner))
    if len(models) == 1 and isinstance(models[0], type) and issubclass(models[0], BaseDocument):
        if is_list:
            return models[0], "all" if nullable else "those there"
        if nullable:
            return models[0], "one"
    raise TypeError(
        f"{place}: a lookup finds list[Model], list[Model | None] or Model | None, where Model is "
        f"a document. This is {annotation}."
    )


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


__all__ = ["Join", "Lookup", "as_values", "find_joins", "is_lookup", "stages", "stored_name"]
