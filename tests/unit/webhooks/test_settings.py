from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from vivace.webhooks import WebhookSettings


def test_the_schedule_is_that_of_the_standard() -> None:
    settings = WebhookSettings(jitter=0)
    pauses = [settings.pause_after(attempt) for attempt in range(1, 11)]
    assert pauses == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, None]
    assert settings.attempts == 10
    assert sum(settings.delays) == timedelta(hours=75, minutes=35, seconds=5).total_seconds()


def test_delays_differ_by_chance() -> None:
    settings = WebhookSettings(delays=[100], jitter=0.5)
    pauses = [settings.pause_after(1) or 0 for _ in range(50)]
    assert len(set(pauses)) > 40
    assert all(50 <= pause <= 150 for pause in pauses)


@pytest.mark.parametrize(
    "wrong",
    [
        {"delays": [-1]},
        {"jitter": 1},
        {"signature": "v2"},
        {"timeout": 0},
        {"timeout": 60},
        {"poll_interval": 0},
        {"concurrency": 0},
        {"per_endpoint": 0},
        {"per_owner": 0},
        {"grace": -1},
        {"kept_response": 100_001},
        {"rotation": timedelta(0)},
        {"retention": timedelta(0)},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="of WebhookSettings has to be"):
        WebhookSettings(**wrong)
