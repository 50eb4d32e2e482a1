"""What becomes of a delivery, by the answer that there was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from vivace.webhooks.delivery.sending import Answer
from vivace.webhooks.settings import WebhookSettings
from vivace.webhooks.store.claims import Verdict

#: The receiver wants no more messages.
GONE = 410
#: Answers whose ``Retry-After`` is heeded (RFC 9110, section 10.2.3; RFC 6585, section 4).
_BUSY = (429, 502, 503, 504)


def judge(answer: Answer | None, attempt: int, settings: WebhookSettings, now: datetime) -> Verdict:
    """What an attempt has come to (Standard Webhooks, "Delivery success and failure").

    Args:
        answer: ``None`` where there was none.
        attempt: The number of the attempt; the first is 1.
    """
    if answer is not None and 200 <= answer.status < 300:
        return Verdict("delivered", failing=False)
    if answer is not None and answer.status == GONE:
        return Verdict("dead", failing=True, disable="gone")
    hold = _hold_until(answer, settings, now)
    pause = settings.pause_after(attempt)
    if pause is None:
        return Verdict("dead", hold_until=hold, failing=True)
    due_at = now + timedelta(seconds=pause)
    return Verdict("pending", max(due_at, hold or due_at), hold, failing=True)


def _hold_until(answer: Answer | None, settings: WebhookSettings, now: datetime) -> datetime | None:
    """Until when the receiver has asked to be left alone."""
    if answer is None or answer.status not in _BUSY or "retry-after" not in answer.headers:
        return None
    seconds = read_retry_after(answer.headers["retry-after"], now)
    if seconds is None:
        return None
    return now + timedelta(seconds=min(seconds, settings.longest_retry_after))


def read_retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait, of a number or a date (RFC 9110, section 10.2.3); ``None`` if neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        # What is longer is more than anybody waits.
        return float(value[:12])
    try:
        at = parsedate_to_datetime(value)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return max(0.0, (at - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


__all__ = ["GONE", "judge", "read_retry_after"]
