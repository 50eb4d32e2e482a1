from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from vivace.webhooks import Answer, WebhookSettings
from vivace.webhooks.delivery.judging import judge, read_retry_after
from vivace.webhooks.store.claims import Verdict

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = WebhookSettings(delays=[10, 20], jitter=0)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    assert judge(Answer(status), 1, SETTINGS, NOW) == Verdict("delivered", failing=False)


@pytest.mark.parametrize("status", [None, 199, 301, 307, 400, 404, 409, 429, 500, 503, 999])
def test_anything_else_is_tried_again_and_given_up_after_the_last_attempt(
    status: int | None,
) -> None:
    answer = None if status is None else Answer(status)
    verdicts = [judge(answer, attempt, SETTINGS, NOW) for attempt in (1, 2, 3)]
    assert verdicts == [
        Verdict("pending", after(10), failing=True),
        Verdict("pending", after(20), failing=True),
        Verdict("dead", failing=True),
    ]


def test_gone_disables_the_endpoint() -> None:
    assert judge(Answer(410), 1, SETTINGS, NOW) == Verdict("dead", failing=True, disable="gone")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_is_busy_says_when_it_is_not(status: int) -> None:
    answer = Answer(status, {"retry-after": "120"})
    verdict = judge(answer, 1, SETTINGS, NOW)
    assert verdict == Verdict("pending", after(120), after(120), failing=True)
    # Not before its own time.
    sooner = judge(Answer(status, {"retry-after": "1"}), 1, SETTINGS, NOW)
    assert (sooner.due_at, sooner.hold_until) == (after(10), after(1))


def test_others_are_not_asked_when_to_come_again() -> None:
    verdict = judge(Answer(404, {"retry-after": "120"}), 1, SETTINGS, NOW)
    assert verdict.hold_until is None


def test_nobody_is_waited_for_longer_than_is_set() -> None:
    for value in ("9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"):
        verdict = judge(Answer(503, {"retry-after": value}), 1, SETTINGS, NOW)
        assert verdict.due_at == after(SETTINGS.longest_retry_after)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 30 ", 30),
        ("Fri, 02 Jan 2026 00:01:00 GMT", 60),
        ("Fri, 02 Jan 2026 00:01:00 -0000", 60),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_times_are_read_as_numbers_and_dates(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(st.text())
def test_whatever_is_sent_is_a_time_or_none(value: str) -> None:
    seconds = read_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
