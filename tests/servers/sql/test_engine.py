"""What is set on the connections to servers."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.unit.sql import test_engine

from vivace.sql import DatabaseSettings, SyncDatabase

from .sharing import shared_tests

globals().update(shared_tests(test_engine))


@pytest.mark.parametrize(
    ("kind", "query", "expected"),
    [
        ("postgresql", "SELECT current_setting('statement_timeout')", "2s"),
        ("mariadb", "SELECT @@SESSION.max_statement_time", 2),
    ],
)
def test_statements_have_a_limit_on_every_connection(
    kind: str, query: str, expected: object, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(kind)
    db = SyncDatabase(url, settings=DatabaseSettings(statement_timeout=2))
    for read_only in (False, True):
        with db.begin(read_only=read_only) as session:
            assert session.scalar(text(query)) == expected
    db.close()
    # What migrates has all the time that it needs.
    with db.migration_engine().connect() as connection:
        assert connection.scalar(text(query)) in ("0", 0)
