from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from vivace.sql import DatabaseSettings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pool_size": 0}, "pool_size of DatabaseSettings has to be at least 1"),
        ({"max_overflow": -1}, "max_overflow"),
        ({"pool_timeout": 0}, "pool_timeout"),
        ({"pool_recycle": -1}, "pool_recycle"),
        ({"connect_timeout": 0}, "connect_timeout"),
        ({"statement_timeout": 0}, "statement_timeout"),
        ({"replica_retry": -1}, "replica_retry"),
        ({"retry_after": -1}, "retry_after"),
        ({"ping_after": -1}, "ping_after"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DatabaseSettings(**given)


def test_settings_stay_as_they_are() -> None:
    settings = DatabaseSettings(statement_timeout=None, ping_after=None)
    with pytest.raises(FrozenInstanceError):
        settings.pool_size = 7  # type: ignore[misc]  # That is what is tested.
    assert settings.max_connections == 15
