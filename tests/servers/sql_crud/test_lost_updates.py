"""Requests that change one row at the same time: no change is lost that was not meant to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.unit.sql.crud.library import Account, Book, Club, Tag, app_of
from tests.unit.sql.databases import execute, scalars

from vivace import Depends
from vivace.crud import Hooks, Values
from vivace.sql import Database
from vivace.testclient import AsyncTestClient

pytestmark = pytest.mark.anyio

WRITERS = 8


class Slow(Hooks):
    """Leaves others time to come in between."""

    async def before_update(self, item: Any, values: Values) -> Values:
        await asyncio.sleep(0.02)
        return values

    async def before_delete(self, item: Any) -> None:
        await asyncio.sleep(0.02)


@asynccontextmanager
async def clients(url: str, *served: Any) -> AsyncIterator[AsyncTestClient]:
    app = app_of(Database(url), *((model, {"hooks": Slow, **options}) for model, options in served))
    async with AsyncTestClient(app) as client:
        yield client


async def at_once(request: Callable[[int], Awaitable[Any]]) -> list[int]:
    responses = await asyncio.gather(*(request(number) for number in range(WRITERS)))
    return sorted(response.status_code for response in responses)


ROWS = [
    pytest.param(Book, {"title": "Emma"}, "pages", id="contents"),
    pytest.param(Account, {}, "balance", id="version"),
]


@pytest.mark.parametrize(("model", "values", "field"), ROWS)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_of_writers_that_have_read_the_same_one_succeeds(
    any_url: str, model: Any, values: dict[str, Any], field: str, method: str
) -> None:
    async with clients(any_url, (model, {})) as client:
        made = await client.post(f"/{model.__tablename__}", json=values)
        path, headers = made.headers["Location"], {"If-Match": made.headers["ETag"]}

        async def change(number: int) -> Any:
            body = {**values, field: number + 1000}
            return await client.request(method, path, json=body, headers=headers)

        assert await at_once(change) == [200, *[412] * (WRITERS - 1)]
        now = (await client.get(path)).json()
        assert scalars(any_url, f"SELECT {field} FROM {model.__tablename__}") == [now[field]]


async def test_of_deleters_that_have_read_the_same_one_succeeds(any_url: str) -> None:
    async with clients(any_url, (Book, {})) as client:
        made = await client.post("/books", json={"title": "Emma"})
        path, headers = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        statuses = await at_once(lambda number: client.delete(path, headers=headers))
        assert statuses == [204, *[404] * (WRITERS - 1)]


async def test_what_is_deleted_meanwhile_is_not_changed(any_url: str) -> None:
    async with clients(any_url, (Book, {})) as client:
        made = await client.post("/books", json={"title": "Emma"})
        path, headers = made.headers["Location"], {"If-Match": made.headers["ETag"]}

        async def change_or_delete(number: int) -> Any:
            if number % 2:
                return await client.patch(path, json={"pages": number}, headers=headers)
            return await client.delete(path, headers=headers)

        statuses = await at_once(change_or_delete)
        # Who comes first succeeds. After a change the rest come too late for it, after a deletion
        # there is nothing left.
        assert statuses in (
            [200, *[412] * (WRITERS - 1)],
            [204, *[404] * (WRITERS - 1)],
        )


async def test_patches_of_different_fields_all_count(any_url: str) -> None:
    fields = ["title", "pages", "genre", "price", "published"]
    values: list[Any] = ["Persuasion", 7, "poem", "3.00", "1817-12-20"]
    async with clients(any_url, (Book, {})) as client:
        path = (await client.post("/books", json={"title": "Emma"})).headers["Location"]
        patches = [{field: value} for field, value in zip(fields, values)]
        changed = await asyncio.gather(*(client.patch(path, json=patch) for patch in patches))
        assert [one.status_code for one in changed] == [200] * len(fields)
        book = (await client.get(path)).json()
        assert [book[field] for field in fields] == values


async def test_merged_objects_keep_what_everybody_has_added(any_url: str) -> None:
    async with clients(any_url, (Book, {})) as client:
        path = (await client.post("/books", json={"title": "Emma"})).headers["Location"]
        statuses = await at_once(
            lambda number: client.patch(path, json={"notes": {str(number): number}})
        )
        assert statuses == [200] * WRITERS
        notes = (await client.get(path)).json()["notes"]
        assert notes == {str(number): number for number in range(WRITERS)}


async def test_relations_are_part_of_the_state(any_url: str) -> None:
    options = {"relations": {"tags": "ids"}}
    async with clients(any_url, (Book, options), (Tag, {})) as client:
        tags = [
            (await client.post("/tags", json={"name": str(number)})).json()["id"]
            for number in range(WRITERS)
        ]
        made = await client.post("/books", json={"title": "Emma"})
        path, headers = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        statuses = await at_once(
            lambda number: client.patch(path, json={"tags": [tags[number]]}, headers=headers)
        )
        assert statuses == [200, *[412] * (WRITERS - 1)]
        assert len((await client.get(path)).json()["tags"]) == 1


async def test_of_those_who_take_a_unique_value_at_once_one_gets_it(any_url: str) -> None:
    async with clients(any_url, (Tag, {})) as client:
        statuses = await at_once(lambda number: client.post("/tags", json={"name": "old"}))
        assert statuses == [201, *[409] * (WRITERS - 1)]


async def test_a_change_from_outside_is_seen(any_url: str) -> None:
    async with clients(any_url, (Book, {})) as client:
        made = await client.post("/books", json={"title": "Emma"})
        execute(any_url, "UPDATE books SET pages = 7")
        headers = {"If-Match": made.headers["ETag"]}
        path = made.headers["Location"]
        assert (await client.patch(path, json={"title": "x"}, headers=headers)).status_code == 412
        assert (await client.delete(path, headers=headers)).status_code == 412


async def test_relations_are_seen_as_they_are_also_after_an_earlier_read(any_url: str) -> None:
    """On MariaDB, and on SQLite, a transaction goes on seeing what it has seen at first."""
    db = Database(any_url)

    async def read_something(session: AsyncSession = db.session) -> dict[str, Any]:
        await session.execute(select(Tag.id))
        await asyncio.sleep(0.05)
        return {}

    options = {"relations": {"tags": "ids"}, "scope": Depends(read_something), "hooks": Slow}
    async with AsyncTestClient(app_of(db, (Book, options), Tag)) as client:
        tags = [
            (await client.post("/tags", json={"name": str(number)})).json()["id"]
            for number in range(WRITERS)
        ]
        made = await client.post("/books", json={"title": "Emma"})
        path, headers = made.headers["Location"], {"If-Match": made.headers["ETag"]}
        statuses = await at_once(
            lambda number: client.patch(path, json={"tags": [tags[number]]}, headers=headers)
        )
        assert statuses.count(200) == 1
        # SQLite refuses to write in a transaction that has seen an older state.
        assert {*statuses} <= {200, 412, 503}
        assert len((await client.get(path)).json()["tags"]) == 1


async def test_a_version_changes_with_relations_too(any_url: str) -> None:
    options = {"relations": {"members": "ids"}}
    async with clients(any_url, (Club, options), (Account, {})) as client:
        ada = (await client.post("/accounts", json={})).json()["id"]
        made = await client.post("/clubs", json={})
        changed = await client.patch(made.headers["Location"], json={"members": [ada]})
        assert changed.json()["version"] == made.json()["version"] + 1
