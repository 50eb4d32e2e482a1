from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pymongo import MongoClient

from vivace.crud import Filter, Order, Selection
from vivace.exceptions import RequestValidationError
from vivace.mongo.selecting import conditions, listed

Documents = list[dict[str, Any]]
#: Runs a pipeline over documents, and gives what comes out.
Run = Callable[[Documents, list[dict[str, Any]]], Documents]


@pytest.fixture
def run(client: MongoClient[dict[str, Any]], name: str) -> Run:
    def run(documents: Documents, pipeline: list[dict[str, Any]]) -> Documents:
        collection = client[name]["things"]
        collection.delete_many({})
        if documents:
            collection.insert_many(documents)
        return list(collection.aggregate(pipeline))

    return run


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter("word", "eq", "Ab"), [1]),
        (Filter("word", "ne", "Ab"), [2, 5]),
        (Filter("word", "in", ["Ab", "a.c"]), [1, 2]),
        (Filter("word", "gt", "Ab"), [2, 5]),
        (Filter("word", "gte", "Ab"), [1, 2, 5]),
        (Filter("word", "lt", "a.c"), [1]),
        (Filter("word", "lte", "a.c"), [1, 2]),
        (Filter("word", "icontains", "B"), [1]),
        (Filter("word", "icontains", "."), [2]),
        (Filter("word", "istartswith", "A"), [1, 2]),
        (Filter("word", "istartswith", "^a"), []),
        (Filter("word", "icontains", "Ä"), [5]),
        (Filter("word", "is_null", True), [3, 4]),
        (Filter("word", "is_null", False), [1, 2, 5]),
        (Filter("inner.number", "eq", 1), [1]),
        (Filter("inner.number", "is_null", True), [2, 3, 4]),
        (Filter("id", "in", [1, 4]), [1, 4]),
        (Filter("tags", "eq", "x"), [1, 2]),
        (Filter("tags", "ne", "x"), [5]),
    ],
)
def test_what_a_filter_lets_through(run: Run, wanted: Filter, expected: list[int]) -> None:
    documents: Documents = [
        {"_id": 1, "word": "Ab", "inner": {"number": 1}, "tags": ["x"]},
        {"_id": 2, "word": "a.c", "inner": None, "tags": ["y", "x"]},
        {"_id": 3, "word": None},
        {"_id": 4},
        {"_id": 5, "word": "zä", "inner": {"number": 2}, "tags": ["y"]},
    ]
    found = run(documents, [{"$match": conditions([wanted])}, {"$sort": {"_id": 1}}])
    assert [document["_id"] for document in found] == expected


def test_all_filters_have_to_be_true() -> None:
    wanted = [Filter("a", "gt", 1), Filter("a", "lt", 3)]
    assert conditions(wanted) == {"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 3}}]}
    assert conditions([]) == {}


@pytest.mark.parametrize("text", ["a" * 33_000, "." * 17_000, "ä" * 17_000])
def test_a_text_that_no_pattern_can_hold_is_refused(text: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        conditions([Filter("title", "icontains", text)])
    assert caught.value.errors()[0]["loc"] == ("query", "title__icontains")


def test_without_nulls_an_index_serves() -> None:
    selection = Selection((), (Order("year"), Order("id")), limit=5, offset=2)
    assert listed(selection, {}, nullable=()) == [
        {"$match": {}},
        {"$sort": {"year": 1, "_id": 1}},
        {"$skip": 2},
        {"$limit": 6},
    ]


def compare(order: tuple[Order, ...]) -> Any:
    def outcome(one: dict[str, Any], other: dict[str, Any]) -> int:
        for part in order:
            name = "_id" if part.field == "id" else part.field
            left, right = (
                (value is None, value or 0) for value in (one.get(name), other.get(name))
            )
            if left != right:
                return (1 if left > right else -1) * (-1 if part.descending else 1)
        return 0

    return cmp_to_key(outcome)


NULLABLE = st.none() | st.integers(0, 2)
ORDERS = st.tuples(
    *(st.builds(Order, st.just(field), st.booleans()) for field in ("a", "b", "id"))
).flatmap(lambda order: st.permutations(order[:2]).map(lambda first: (*first, order[2])))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(NULLABLE, st.integers(0, 2), st.booleans()), max_size=9),
    ORDERS,
    st.integers(1, 4),
)
def test_pages_in_either_direction_make_up_the_list(
    run: Run, values: list[tuple[int | None, int, bool]], order: tuple[Order, ...], limit: int
) -> None:
    # A field that is not there is as good as null.
    documents: Documents = [
        {"_id": id, "b": b} if a is None and is_missing else {"_id": id, "a": a, "b": b}
        for id, (a, b, is_missing) in enumerate(values)
    ]
    expected = sorted(documents, key=compare(order))
    for backward in (False, True):
        rest, seen, position = True, [], None
        while rest:
            selection = Selection((), order, limit, position=position, backward=backward)
            found = run(documents, listed(selection, {}, nullable={"a"}))
            rest, page = len(found) > limit, found[:limit]
            seen += page
            if page:
                names = ["_id" if one.field == "id" else one.field for one in order]
                position = tuple(page[-1].get(name) for name in names)
        assert seen == (expected[::-1] if backward else expected)
