"""What may be said of keys, and which answers are kept."""

from __future__ import annotations

from typing import Any

import pytest

from vivace.idempotency.settings import Settings, is_kept


def test_failures_and_what_asks_for_another_try_are_not_kept() -> None:
    asked = (200, 201, 204, 302, 400, 402, 404, 408, 409, 422, 425, 429, 500, 503)
    assert [one for one in asked if not is_kept(one)] == [408, 425, 429, 500, 503]


@pytest.mark.parametrize(
    "options",
    [
        {"ttl": 0},
        {"ttl": float("inf")},
        {"lease": 0},
        {"wait": -1},
        {"wait": float("nan")},
        {"away": "x"},
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Settings(**options)
