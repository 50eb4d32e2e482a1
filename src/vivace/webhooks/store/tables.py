"""The tables. They are in the app's own database, whose migrations make and change them.

Their columns have types of SQLAlchemy's own alone, so that migrations need nothing of this package.
Times are milliseconds since 1970, alike in every database. Nothing refers to anything by a foreign
key: a change of the app's is not to fail, or to wait, because an endpoint is just being deleted.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from secrets import token_hex

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects.mysql import MEDIUMTEXT

from vivace.sql import NAMING_CONVENTION

#: The tables that have to be among the ``metadata`` of the app's database.
metadata = MetaData(naming_convention=NAMING_CONVENTION)

#: MariaDB's own ``TEXT`` ends at 64 KiB.
_LONG = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")

endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(200), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("event_types", _LONG, nullable=False),
    Column("secrets", _LONG, nullable=False),
    Column("description", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", String(40)),
    Column("created_at", BigInteger, nullable=False),
    #: The first failed attempt since the last that did not fail.
    Column("failing_since", BigInteger),
    #: Until then the receiver wants to be left alone.
    Column("held_until", BigInteger, nullable=False),
)

messages = Table(
    "webhook_messages",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("type", String(100), nullable=False),
    Column("body", _LONG, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("message_id", String(40), nullable=False, index=True),
    Column("endpoint_id", String(40), nullable=False),
    #: The endpoint's: who asks for what is theirs is not to wait for what others have.
    Column("owner", String(200), nullable=False),
    Column("state", String(12), nullable=False),
    #: How many attempts there have been since it was made, or asked for again.
    Column("attempts", Integer, nullable=False),
    #: When the next attempt is due; while a process is at it, when its lease ends.
    Column("due_at", BigInteger, nullable=False),
    #: Which claim a process has on it.
    Column("claim", String(40)),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Index("ix_webhook_deliveries_due", "state", "due_at"),
    Index("ix_webhook_deliveries_next", "endpoint_id", "state", "due_at"),
    Index("ix_webhook_deliveries_owner", "owner", "id"),
    Index("ix_webhook_deliveries_endpoint", "endpoint_id", "state", "id"),
    Index("ix_webhook_deliveries_finished", "finished_at"),
)

attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("delivery_id", String(40), nullable=False, index=True),
    Column("started_at", BigInteger, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", Integer),
    Column("error", String(200)),
    Column("response", _LONG),
)

received = Table(
    "webhook_received",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("received_at", BigInteger, nullable=False, index=True),
)


def new_id(prefix: str) -> str:
    """An id that nobody can guess, and that sorts by when it was made."""
    return f"{prefix}_{time.time_ns() // 1000:014x}{token_hex(10)}"


def milliseconds(at: datetime | None = None) -> int:
    """``at``, or now, as it stands in the tables."""
    seconds = time.time() if at is None else at.timestamp()
    return int(seconds * 1000)


def moment(value: int | None) -> datetime | None:
    """What stands in the tables, in UTC."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


__all__ = [
    "attempts",
    "deliveries",
    "endpoints",
    "messages",
    "metadata",
    "milliseconds",
    "moment",
    "new_id",
    "received",
]
