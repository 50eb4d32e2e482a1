"""Sessions of requests, on servers."""

from typing import Annotated, Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.unit.sql import test_database
from tests.unit.sql.heroes import Hero, HeroWithTeam, add_heroes
from tests.unit.sql.test_database import see_a_commit_fail

from vivace import Vivace
from vivace.exceptions import ResponseValidationError
from vivace.sql import Database
from vivace.testclient import TestClient

from .sharing import shared_tests

globals().update(shared_tests(test_database))


def test_a_commit_that_fails_becomes_the_response(postgresql: str) -> None:
    see_a_commit_fail(postgresql)


def test_what_was_not_loaded_is_an_error_that_says_how_to_mend_it(postgresql: str) -> None:
    add_heroes(postgresql, "ada", team="owls")
    db = Database(postgresql)
    app = Vivace()

    @app.get("/heroes", response_model=HeroWithTeam)
    async def read(session: Annotated[AsyncSession, db.session]) -> Any:
        return await session.scalar(select(Hero))

    with TestClient(app) as client, pytest.raises(ResponseValidationError) as caught:
        client.get("/heroes")
    assert "selectinload(Hero.team)" in caught.value.__notes__[0]
