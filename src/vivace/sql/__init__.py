"""Databases of SQL, over SQLAlchemy: a session for each request, committed before the response.

Everything starts with :class:`Database`.
"""

from __future__ import annotations

from vivace.extras import brought_by

with brought_by("sql"):
    from vivace.sql.crud import Relation, crud_router
    from vivace.sql.database import Database
    from vivace.sql.errors import Conflict, InvalidValue, Unavailable
    from vivace.sql.settings import DatabaseSettings
    from vivace.sql.sync import SyncDatabase
    from vivace.sql.tables import NAMING_CONVENTION

__all__ = [
    "NAMING_CONVENTION",
    "Conflict",
    "Database",
    "DatabaseSettings",
    "InvalidValue",
    "Relation",
    "SyncDatabase",
    "Unavailable",
    "crud_router",
]
