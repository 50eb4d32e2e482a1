from __future__ import annotations

import sqlalchemy as sa

from vivace.sql.crud.locking import lock_statement

from .library import Account, Line


def test_on_sqlite_a_lock_changes_nothing() -> None:
    assert str(lock_statement(sa.inspect(Line), (3, 7))) == (
        "UPDATE lines SET document=lines.document WHERE lines.document = :document_1 "
        "AND lines.number = :number_1"
    )
    assert lock_statement(sa.inspect(Account), (3,)).compile().params == {"id_1": 3}
