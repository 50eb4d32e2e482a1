"""Sessions of requests: when they are committed, and for how long they are there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, field_serializer
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from starlette.responses import StreamingResponse

from vivace import BackgroundTasks, Depends, HTTPException, Vivace, WebSocket
from vivace.exceptions import ResponseValidationError
from vivace.sql import Database, DatabaseSettings, Unavailable
from vivace.testclient import AsyncTestClient, TestClient

from .databases import execute
from .heroes import Base, Hero, HeroOut, HeroWithTeam, add_heroes, stored_names

#: A pool of one connection, so that one that is kept too long is missed at once.
ONE = DatabaseSettings(pool_size=1, max_overflow=0, pool_timeout=0.2)


def make_client(app: Vivace) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


# Committed before the response.


def test_what_an_endpoint_does_is_committed(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(name: str, session: Annotated[AsyncSession, db.session]) -> HeroOut:
        hero = Hero(name=name)
        session.add(hero)
        await session.flush()
        return HeroOut.model_validate(hero)

    with make_client(app) as client:
        created = client.post("/heroes?name=ada").json()
    assert created["name"] == "ada"
    assert stored_names(url) == ["ada"]


@pytest.mark.parametrize(
    "raised", [HTTPException(404), ValueError("of the program"), HTTPException(200)]
)
def test_what_a_failing_endpoint_did_is_rolled_back(url: str, raised: Exception) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name="eve"))
        await session.flush()
        raise raised

    with make_client(app) as client:
        status = client.post("/heroes").status_code
    assert status == getattr(raised, "status_code", 500)
    assert stored_names(url) == []


def test_what_is_written_for_a_response_that_does_not_fit_is_rolled_back(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> int:
        session.add(Hero(name="eve"))
        await session.flush()
        return "no number"  # type: ignore[return-value]  # That is what is tested.

    with make_client(app) as client:
        assert client.post("/heroes").status_code == 500
    assert stored_names(url) == []


async def send_request(
    app: Vivace, path: str, send: Any, method: str = "POST", gone: asyncio.Event | None = None
) -> None:
    """Call the app as a server does.

    Args:
        gone: Says that the client goes away.
    """
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "headers": [],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("testclient", 50000),
    }

    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not messages:
            await (asyncio.Event() if gone is None else gone).wait()
            return {"type": "http.disconnect"}
        return messages.pop()

    await app(scope, receive, send)


@pytest.mark.anyio
async def test_everybody_sees_what_was_written_before_the_response_begins(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> str:
        session.add(Hero(name="ada"))
        return "done"

    seen: list[list[str]] = []

    async def send(message: dict[str, Any]) -> None:
        seen.append(await asyncio.to_thread(stored_names, url))

    await send_request(app, "/heroes", send)
    await db.close()
    assert seen == [["ada"], ["ada"]]


def test_a_commit_that_fails_becomes_the_response(sqlite: str) -> None:
    see_a_commit_fail(sqlite)


def see_a_commit_fail(url: str) -> None:
    """The constraint is checked when the transaction is committed, not before."""
    deferred = "team INTEGER REFERENCES teams (id) DEFERRABLE INITIALLY DEFERRED"
    execute(url, f"CREATE TABLE members ({deferred})")
    db = Database(url)
    app = Vivace()
    events: list[str] = []

    @app.post("/members")
    async def join(session: Annotated[AsyncSession, db.session], tasks: BackgroundTasks) -> str:
        tasks.add_task(events.append, "task")
        session.add(Hero(name="ada"))
        await session.execute(text("INSERT INTO members VALUES (404)"))
        events.append("written")
        return "done"

    with make_client(app) as client:
        response = client.post("/members")
        assert response.status_code == 409
        assert response.json()["detail"].startswith("A record that is referred to")
    # The endpoint was content; what depends on its success has not happened.
    assert events == ["written"]
    assert stored_names(url) == []
    execute(url, "DROP TABLE members")


# What a response is made of.


def test_a_response_is_made_before_the_commit_while_the_session_is_open(sqlite: str) -> None:
    db = Database(sqlite)
    app = Vivace()
    events: list[str] = []

    class Out(BaseModel):
        model_config = ConfigDict(from_attributes=True)

        name: str

        @field_serializer("name")
        def note(self, name: str) -> str:
            events.append("serialised")
            return name

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> Out:
        event.listen(session.sync_session, "after_commit", lambda _: events.append("committed"))
        hero = Hero(name="ada")
        session.add(hero)
        return hero  # type: ignore[return-value]  # It is made an Out.

    with make_client(app) as client:
        assert client.post("/heroes").json() == {"name": "ada"}
    assert events == ["serialised", "committed"]


def test_what_was_loaded_with_the_query_can_be_returned(url: str) -> None:
    add_heroes(url, "ada", team="owls")
    db = Database(url)
    app = Vivace()

    @app.get("/heroes", response_model=list[HeroWithTeam])
    async def read(session: Annotated[AsyncSession, db.read_session]) -> Any:
        return await session.scalars(select(Hero).options(selectinload(Hero.team)))

    with make_client(app) as client:
        [ada] = client.get("/heroes").json()
    assert ada["team"]["name"] == "owls"


def test_a_key_that_was_not_made_yet_is_an_error_that_says_how_to_mend_it(sqlite: str) -> None:
    db = Database(sqlite)
    app = Vivace()

    @app.post("/heroes", response_model=HeroOut)
    async def create(session: Annotated[AsyncSession, db.session]) -> Any:
        hero = Hero(name="ada")
        session.add(hero)
        return hero

    with TestClient(app) as client, pytest.raises(ResponseValidationError) as caught:
        client.post("/heroes")
    assert "await session.flush()" in caught.value.__notes__[0]
    assert stored_names(sqlite) == []


def test_an_endpoint_may_commit_by_itself(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes", response_model=HeroOut)
    async def create(session: Annotated[AsyncSession, db.session]) -> Any:
        hero = Hero(name="ada")
        session.add(hero)
        await session.commit()
        session.add(Hero(name="bob"))
        return hero

    with make_client(app) as client:
        assert client.post("/heroes").json()["name"] == "ada"
    assert stored_names(url) == ["ada", "bob"]


# After the response has begun.


def test_a_background_task_uses_the_session_and_is_committed_by_itself(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    async def note(session: AsyncSession, hero: Hero) -> None:
        # What the endpoint has loaded is still there.
        session.add(Hero(name=f"{hero.name}'s shadow"))

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session], tasks: BackgroundTasks) -> str:
        hero = Hero(name="ada")
        session.add(hero)
        tasks.add_task(note, session, hero)
        return "done"

    with make_client(app) as client:
        assert client.post("/heroes").status_code == 200
        assert stored_names(url) == ["ada", "ada's shadow"]
        # The one connection is there again.
        assert client.post("/heroes").status_code == 409


def test_a_background_task_that_fails_takes_back_its_own_work_only(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    async def fail(session: AsyncSession) -> None:
        session.add(Hero(name="eve"))
        await session.flush()
        raise ValueError("of the task")

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session], tasks: BackgroundTasks) -> str:
        session.add(Hero(name="ada"))
        tasks.add_task(fail, session)
        return "done"

    with TestClient(app) as client:
        with pytest.raises(ValueError, match="of the task"):
            client.post("/heroes")
        assert stored_names(url) == ["ada"]


def test_an_endpoint_that_yields_reads_while_the_response_is_sent(url: str) -> None:
    add_heroes(url, "ada", "bob")
    db = Database(url)
    app = Vivace()

    @app.get("/heroes")
    async def stream(session: Annotated[AsyncSession, db.session]) -> AsyncIterator[str]:
        async for name in await session.stream_scalars(select(Hero.name).order_by(Hero.id)):
            yield name

    with make_client(app) as client:
        assert client.get("/heroes").text == '"ada"\n"bob"\n'


def test_a_streaming_response_reads_and_writes_while_it_is_sent(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    @app.post("/heroes")
    async def stream(session: Annotated[AsyncSession, db.session]) -> StreamingResponse:
        async def write() -> AsyncIterator[str]:
            session.add(Hero(name="bob"))
            await session.flush()
            yield "done"

        session.add(Hero(name="ada"))
        return StreamingResponse(write())

    with make_client(app) as client:
        assert client.post("/heroes").text == "done"
        assert stored_names(url) == ["ada", "bob"]


@pytest.mark.anyio
async def test_a_stream_whose_client_goes_away_gives_its_connection_back(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    @app.post("/heroes")
    async def stream(session: Annotated[AsyncSession, db.session]) -> AsyncIterator[str]:
        await session.scalars(select(Hero.name))
        yield "first"
        await asyncio.sleep(60)

    async with AsyncTestClient(app):
        for _ in range(2):
            gone = asyncio.Event()

            async def go_away(message: dict[str, Any], gone: asyncio.Event = gone) -> None:
                if message.get("body"):
                    gone.set()

            await send_request(app, "/heroes", go_away, gone=gone)
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_no_connection_is_held_while_a_response_is_sent(url: str) -> None:
    """The client may be slow; the pool has one connection."""
    add_heroes(url, "ada")
    db = Database(url, settings=ONE)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    bodies: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            await send_request(app, "/heroes", collect, "GET")

    async def collect(message: dict[str, Any]) -> None:
        bodies.append(message.get("body", b""))

    await send_request(app, "/heroes", send, "GET")
    await db.close()
    assert b"".join(bodies) == b'["ada"]'


# What uses a session.


def test_dependencies_and_endpoint_share_a_session(url: str) -> None:
    db = Database(url)
    Session = Annotated[AsyncSession, db.session]
    app = Vivace()

    async def create_hero(session: Session) -> Hero:
        hero = Hero(name="ada")
        session.add(hero)
        return hero

    class Shelf:
        def __init__(self, session: Session) -> None:
            self.session = session

    @app.post("/heroes")
    async def create(
        hero: Annotated[Hero, Depends(create_hero)],
        shelf: Annotated[Shelf, Depends()],
        session: Session,
    ) -> bool:
        return hero in session and shelf.session is session

    with make_client(app) as client:
        assert client.post("/heroes").json() is True


def test_a_dependency_that_yields_is_done_before_the_commit(url: str) -> None:
    db = Database(url)
    app = Vivace()

    async def note_at_the_end(session: Annotated[AsyncSession, db.session]) -> AsyncIterator[None]:
        yield
        session.add(Hero(name="last"))

    @app.post("/heroes", dependencies=[Depends(note_at_the_end, scope="function")])
    async def create() -> None: ...

    with make_client(app) as client:
        assert client.post("/heroes").status_code == 200
    assert stored_names(url) == ["last"]


def test_a_request_that_is_not_valid_does_not_touch_the_database(sqlite: str) -> None:
    db = Database(sqlite)
    app = Vivace()

    @app.get("/heroes")
    async def read(number: int, session: Annotated[AsyncSession, db.session]) -> None: ...

    with make_client(app) as client:
        assert client.get("/heroes?number=one").status_code == 422


def test_a_websocket_takes_a_session_for_each_message(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    @app.websocket("/heroes")
    async def create(websocket: WebSocket) -> None:
        await websocket.accept()
        async for name in websocket.iter_text():
            async with db.begin() as session:
                session.add(Hero(name=name))
            await websocket.send_text("done")

    with make_client(app) as client, client.websocket_connect("/heroes") as websocket:
        for name in ("ada", "bob"):
            websocket.send_text(name)
            assert websocket.receive_text() == "done"
        assert stored_names(url) == ["ada", "bob"]


def test_reading_sessions_cannot_write(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.read_session]) -> None:
        session.add(Hero(name="eve"))

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.read_session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    add_heroes(url, "ada")
    with make_client(app) as client:
        assert client.post("/heroes").status_code == 500
        assert client.get("/heroes").json() == ["ada"]
    assert stored_names(url) == ["ada"]


# Outside of requests.


@pytest.mark.anyio
async def test_a_block_is_committed_or_rolled_back(url: str) -> None:
    db = Database(url)
    async with db.begin() as session:
        session.add(Hero(name="ada"))
    with pytest.raises(ValueError, match="of the block"):
        async with db.begin() as session:
            session.add(Hero(name="eve"))
            await session.flush()
            raise ValueError("of the block")
    await db.close()
    assert stored_names(url) == ["ada"]


def test_scripts_need_not_close_anything(url: str) -> None:
    db = Database(url)

    async def add(name: str) -> None:
        async with db.begin() as session:
            session.add(Hero(name=name))

    # Each has an event loop of its own.
    asyncio.run(add("ada"))
    asyncio.run(add("bob"))
    assert stored_names(url) == ["ada", "bob"]


def test_an_app_is_used_in_one_event_loop_after_another(url: str) -> None:
    """As a test client does that is not entered, or entered again."""
    db = Database(url)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    client = make_client(app)
    assert client.get("/heroes").json() == client.get("/heroes").json() == []
    for _ in range(2):
        with make_client(app) as running:
            assert running.get("/heroes").json() == []


@pytest.mark.anyio
async def test_work_that_had_to_give_way_is_done_again(url: str) -> None:
    """Two change the same rows in another order, or on SQLite after they have read."""
    add_heroes(url, "ada", "bob")
    # PostgreSQL looks for deadlocks after a second, by default.
    arguments = {"server_settings": {"deadlock_timeout": "20ms"}}
    options = {"connect_args": arguments} if url.startswith("postgresql") else {}
    db = Database(url, settings=DatabaseSettings(engine_options=options))
    both_have_begun = asyncio.Barrier(2)
    attempts = {"ada": 0, "bob": 0}

    async def change(session: AsyncSession, first: str, second: str) -> None:
        attempts[first] += 1
        await session.scalars(select(Hero))
        if not url.startswith("sqlite"):
            await session.execute(text(f"UPDATE heroes SET age = age + 1 WHERE name = '{first}'"))
        if attempts[first] == 1:
            await both_have_begun.wait()
        for name in (first, second) if url.startswith("sqlite") else (second,):
            await session.execute(text(f"UPDATE heroes SET age = age + 1 WHERE name = '{name}'"))

    await asyncio.gather(
        db.run(lambda session: change(session, "ada", "bob")),
        db.run(lambda session: change(session, "bob", "ada")),
    )
    async with db.begin() as session:
        ages = [*await session.scalars(select(Hero.age))]
    await db.close()
    assert ages == [22, 22]
    assert max(attempts.values()) > 1


@pytest.mark.anyio
async def test_work_is_not_tried_for_ever(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    attempts = 0

    async def change(session: AsyncSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.scalars(select(Hero))
        await asyncio.to_thread(execute, sqlite, "UPDATE heroes SET age = age + 1")
        await session.execute(text("UPDATE heroes SET age = 1"))

    with pytest.raises(Unavailable) as caught:
        await db.run(change, attempts=2)
    await db.close()
    assert attempts == 2
    assert caught.value.headers == {"Retry-After": "1"}


# Limits.


@pytest.mark.anyio
async def test_who_finds_no_free_connection_is_told_to_come_back(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    async with AsyncTestClient(app) as client:
        async with db.begin() as session:
            await session.scalars(select(Hero))
            refused = await client.get("/heroes")
        assert refused.status_code == 503
        assert refused.json() == {"detail": "Too many requests are waiting for the database."}
        assert refused.headers["Retry-After"] == "5"
        assert (await client.get("/heroes")).status_code == 200


SLOW = {
    "sqlite": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1 FROM n "
    "WHERE i < 0",
    "postgresql": "SELECT pg_sleep(60)",
    "mariadb": "SELECT SLEEP(60)",
}


def test_a_statement_that_takes_too_long_is_stopped(url: str) -> None:
    db = Database(url, settings=DatabaseSettings(statement_timeout=0.1))
    app = Vivace()

    @app.get("/slow")
    async def wait(session: Annotated[AsyncSession, db.session]) -> None:
        await session.execute(text(SLOW[url.partition(":")[0]]))

    @app.get("/quick")
    async def answer(session: Annotated[AsyncSession, db.session]) -> int:
        return await session.scalar(text("SELECT 1")) or 0

    with make_client(app) as client:
        response = client.get("/slow")
        assert response.status_code == 503
        assert response.json() == {"detail": "The database took too long."}
        assert "Retry-After" not in response.headers
        assert client.get("/quick").json() == 1


@pytest.mark.anyio
async def test_a_request_that_is_cancelled_gives_its_connection_back(url: str) -> None:
    db = Database(url, settings=ONE)
    app = Vivace()
    waiting = asyncio.Event()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name="eve"))
        await session.flush()
        waiting.set()
        await asyncio.sleep(60)

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    async with AsyncTestClient(app) as client:
        request = asyncio.create_task(client.post("/heroes"))
        await waiting.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert (await client.get("/heroes")).json() == []


@pytest.mark.anyio
async def test_many_requests_at_once(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.post("/heroes")
    async def create(name: str, session: Annotated[AsyncSession, db.session]) -> None:
        session.add(Hero(name=name))

    async with AsyncTestClient(app) as client:
        responses = await asyncio.gather(
            *(client.post(f"/heroes?name={number}") for number in range(40))
        )
    assert {response.status_code for response in responses} == {200}
    assert len(stored_names(url)) == 40


# The app's own.


@pytest.mark.anyio
async def test_connections_are_closed_when_the_app_stops(url: str) -> None:
    db = Database(url)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    async with AsyncTestClient(app) as client:
        await client.get("/heroes")
        pool: Any = db.engine.pool
        assert pool.checkedin() == 1
    assert pool.checkedin() == 0


def test_tables_are_made_when_the_app_starts(url: str) -> None:
    execute(url, "DROP TABLE heroes", "DROP TABLE teams")
    db = Database(url, metadata=Base.metadata, create_tables=True)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> list[str]:
        return [*await session.scalars(select(Hero.name))]

    for _ in range(2):
        with make_client(app) as client:
            assert client.get("/heroes").json() == []


def test_tables_have_to_be_named_to_be_made() -> None:
    with pytest.raises(ValueError, match="metadata="):
        Database("sqlite://", create_tables=True)


def test_an_app_whose_file_cannot_be_made_does_not_start() -> None:
    db = Database("sqlite:////nowhere/app.db")
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.session]) -> None: ...

    with (
        pytest.raises(FileNotFoundError, match="There is no directory /nowhere"),
        make_client(app),
    ):
        pass


def test_a_password_is_not_shown() -> None:
    db = Database("postgresql://ada:hush@localhost/app")
    assert repr(db) == "Database('postgresql+asyncpg://ada:***@localhost/app')"


def test_an_engine_belongs_to_an_event_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        _ = Database("sqlite://").engine
