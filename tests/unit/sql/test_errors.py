"""What a client is told when the database refuses."""

import asyncio
from typing import Annotated, Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse

from vivace import HTTPException, Request, Vivace
from vivace.sql import Conflict, Database, DatabaseSettings, InvalidValue, SyncDatabase, Unavailable
from vivace.sql.errors import DETAILS, Fault
from vivace.testclient import AsyncTestClient, TestClient

from .databases import execute, scalars
from .heroes import Hero, Team, add_heroes, stored_names

BIG = 2**40
HUGE = 10**30


def post_hero(url: str, values: dict[str, Any]) -> Any:
    """The response to a request that inserts a hero."""
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(insert(Hero).values(**values))

    with TestClient(app, raise_server_exceptions=False) as client:
        return client.post("/heroes")


def test_a_value_that_has_to_be_unique(url: str) -> None:
    add_heroes(url, "ada")
    response = post_hero(url, {"name": "ada"})
    assert response.status_code == 409
    assert response.json() == {"detail": "Another record has one of these values already."}


def test_a_key_that_is_taken(url: str) -> None:
    add_heroes(url, "ada")
    [key] = scalars(url, "SELECT id FROM heroes")
    assert post_hero(url, {"id": key, "name": "bob"}).status_code == 409


def test_a_record_that_is_referred_to_is_not_there(url: str) -> None:
    response = post_hero(url, {"name": "ada", "team_id": 404})
    assert response.status_code == 409
    assert response.json()["detail"].startswith("A record that is referred to is not there")


def test_a_record_is_still_referred_to(url: str) -> None:
    add_heroes(url, "ada", team="owls")
    db = Database(url)
    app = Vivace()

    @app.delete("/teams")
    async def delete(session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text("DELETE FROM teams"))

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.delete("/teams").status_code == 409


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"name": None}, "A value is missing"),
        ({"name": "ada", "age": -1}, "A value is against a rule"),
        ({"name": "ada", "age": HUGE}, "A value is too long, too large"),
        ({"name": "a\ud800"}, "A value is too long, too large"),
    ],
)
def test_a_value_that_no_record_can_have(url: str, values: dict[str, Any], detail: str) -> None:
    response = post_hero(url, values)
    assert response.status_code == 422
    assert response.json()["detail"].startswith(detail)
    assert stored_names(url) == []


@pytest.mark.parametrize("number", [BIG, HUGE, -HUGE])
def test_no_number_that_is_asked_for_is_a_fault_of_the_program(url: str, number: int) -> None:
    db = Database(url)
    app = Vivace()

    @app.get("/heroes/{number}")
    async def read(number: int, session: Annotated[AsyncSession, db.session]) -> str:
        hero = await session.get(Hero, number)
        if hero is None:
            raise HTTPException(404)
        return hero.name

    with TestClient(app) as client:
        assert client.get(f"/heroes/{number}").status_code in (404, 422)


def test_nothing_of_the_database_s_own_words_is_passed_on(url: str) -> None:
    add_heroes(url, "ada")
    response = post_hero(url, {"name": "ada"})
    for word in ("ada", "heroes", "name", "uq_", "INSERT"):
        assert word not in response.text


def test_what_the_program_does_wrong_is_no_fault_of_the_client(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text("SELECT nothing FROM nowhere"))

    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/heroes")
    assert response.status_code == 500
    assert response.text == "Internal Server Error"


def test_an_error_that_the_endpoint_handles_is_no_error(url: str) -> None:
    add_heroes(url, "ada")
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> str:
        session.add(Team(name="owls"))
        try:
            async with session.begin_nested():
                session.add(Hero(name="ada"))
        except IntegrityError:
            return "known"
        return "new"

    with TestClient(app) as client:
        assert client.post("/heroes").json() == "known"
    # The savepoint was rolled back, and what was before it is committed.
    assert scalars(url, "SELECT name FROM teams") == ["owls"]


def test_a_swallowed_error_does_not_pass_as_success(url: str) -> None:
    """SQLAlchemy has rolled back what the endpoint did before; it must not be told "done"."""
    add_heroes(url, "ada")
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> str:
        session.add(Team(name="owls"))
        session.add(Hero(name="ada"))
        try:
            await session.flush()
        except IntegrityError:
            return "done"
        return "done"

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.post("/heroes").status_code == 500


# Those who meet.


def quick_deadlocks(url: str) -> DatabaseSettings:
    """PostgreSQL looks for deadlocks after a second, by default."""
    if not url.startswith("postgresql"):
        return DatabaseSettings()
    arguments = {"server_settings": {"deadlock_timeout": "20ms"}}
    return DatabaseSettings(engine_options={"connect_args": arguments})


async def collide(url: str, first: list[str], second: list[str]) -> list[int]:
    """The statuses of two requests, the second statements of which come when both have done one."""
    db = Database(url, settings=quick_deadlocks(url))
    app = Vivace()
    barrier = asyncio.Barrier(2)

    @app.post("/work")
    async def work(statements: list[str], session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text(statements[0]))
        await barrier.wait()
        await session.execute(text(statements[1]))

    async with AsyncTestClient(app) as client:
        responses = await asyncio.gather(
            client.post("/work", json=first), client.post("/work", json=second)
        )
    for response in responses:
        if response.status_code == 503:
            assert response.headers["Retry-After"] == "1"
            assert response.json()["detail"] == DETAILS[Fault.CONTENTION]
    return sorted(response.status_code for response in responses)


@pytest.mark.anyio
async def test_of_two_who_write_what_both_have_read_one_gives_way(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    read, write = "SELECT * FROM heroes", "UPDATE heroes SET age = age + 1"
    assert await collide(sqlite, [read, write], [read, write]) == [200, 503]


# As the app wants it.


def test_errors_are_problems_where_the_app_answers_with_problems(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    app = Vivace(problem_details=True)

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name="ada"))

    with TestClient(app) as client:
        response = client.post("/heroes")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 409


def test_an_app_may_answer_in_its_own_way(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    app = Vivace()

    @app.exception_handler(Conflict)
    async def answer(request: Request, error: Conflict) -> JSONResponse:
        # What the database has said is there, for logs.
        assert isinstance(error.__cause__, IntegrityError)
        return JSONResponse({"taken": True}, 409)

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name="ada"))

    with TestClient(app) as client:
        assert client.post("/heroes").json() == {"taken": True}


def test_an_app_may_have_sqlalchemy_s_own_errors(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite, settings=DatabaseSettings(translate_errors=False))
    app = Vivace()

    @app.exception_handler(IntegrityError)
    async def answer(request: Request, error: IntegrityError) -> JSONResponse:
        return JSONResponse({"error": "integrity"}, 400)

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name="ada"))

    with TestClient(app) as client:
        assert client.post("/heroes").json() == {"error": "integrity"}


# The same in blocks, and in threads.


@pytest.mark.anyio
async def test_blocks_raise_the_same_errors(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    with pytest.raises(Conflict):
        async with db.begin() as session:
            session.add(Hero(name="ada"))
    with pytest.raises(InvalidValue):
        async with db.begin() as session:
            session.add(Hero(name="bob", age=-1))
    await db.close()


def test_synchronous_blocks_raise_the_same_errors(url: str) -> None:
    add_heroes(url, "ada")
    db = SyncDatabase(url)
    with pytest.raises(Conflict), db.begin() as session:
        session.add(Hero(name="ada"))
    with pytest.raises(InvalidValue), db.begin() as session:
        session.add(Hero(name="bob", age=-1))
    with pytest.raises(InvalidValue), db.begin() as session:
        session.add(Hero(name="bob", age=HUGE))
    db.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://ada@127.0.0.1:1/app",
        "postgresql+psycopg://ada@127.0.0.1:1/app",
        "mariadb+asyncmy://ada@127.0.0.1:1/app",
    ],
)
def test_a_database_that_is_away(url: str, caplog: pytest.LogCaptureFixture) -> None:
    db = Database(url, settings=DatabaseSettings(retry_after=7))
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> None:
        await session.scalars(select(Hero))

    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/heroes")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "7"
    assert response.json() == {"detail": "The database cannot be reached at present."}
    # Whoever runs the app is told more.
    [record] = [one for one in caplog.records if one.name == "vivace.sql"]
    assert record.levelname == "WARNING"
    assert "connect" in record.getMessage().partition("present.")[2].lower()


def test_a_file_error_of_the_program_is_no_absence_of_the_database(sqlite: str) -> None:
    db = Database(sqlite)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> None:
        await session.scalars(select(Hero))
        raise ConnectionRefusedError("of another service")

    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/heroes").status_code == 500


def test_a_file_that_is_written_for_long(sqlite: str) -> None:
    locked = SyncDatabase(sqlite)
    waiting = SyncDatabase(sqlite, settings=DatabaseSettings(statement_timeout=0.1))
    with locked.begin() as session:
        session.add(Team(name="owls"))
        session.flush()
        with pytest.raises(Unavailable) as caught, waiting.begin() as other:
            other.add(Team(name="bats"))
    assert caught.value.headers == {"Retry-After": "1"}
    locked.close()
    waiting.close()
    execute(sqlite, "DELETE FROM teams")
