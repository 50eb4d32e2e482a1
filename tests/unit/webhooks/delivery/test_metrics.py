from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vivace.webhooks import Attempt, AttemptMade
from vivace.webhooks.delivery import metrics


class Recorded:
    def __init__(self) -> None:
        self.values: list[tuple[float, dict[str, Any]]] = []

    def record(self, value: float, attributes: dict[str, Any]) -> None:
        self.values.append((value, dict(attributes)))

    add = record


@pytest.mark.parametrize(
    ("status", "error", "state", "expected"),
    [
        (200, None, "delivered", {"http.response.status_code": 200}),
        (
            500,
            "The answer was 500.",
            "dead",
            {"http.response.status_code": 500, "error.type": "500"},
        ),
        (None, "Lost.", "pending", {"error.type": "no_answer"}),
    ],
)
def test_attempts_are_measured(
    status: int | None,
    error: str | None,
    state: Any,
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds, dead = Recorded(), Recorded()
    monkeypatch.setattr(metrics, "_seconds", seconds)
    monkeypatch.setattr(metrics, "_dead", dead)
    attempt = Attempt(datetime.now(UTC), 0.5, status, error)
    metrics.measure(AttemptMade("d", "m", "e", "", "invoice.paid", 1, attempt, state))
    assert seconds.values == [(0.5, {"webhooks.event.type": "invoice.paid", **expected})]
    assert len(dead.values) == (state == "dead")
