"""What is measured, by OpenTelemetry."""

from __future__ import annotations

from opentelemetry import metrics

from vivace.webhooks.delivery.hooks import AttemptMade

_meter = metrics.get_meter("vivace.webhooks")
_seconds = _meter.create_histogram(
    "vivace.webhooks.attempt.duration", "s", "How long attempts at deliveries take."
)
_dead = _meter.create_counter(
    "vivace.webhooks.dead_letters", "{message}", "Deliveries that were given up."
)


def measure(made: AttemptMade) -> None:
    attributes: dict[str, str | int] = {"webhooks.event.type": made.type}
    if made.state == "dead":
        _dead.add(1, attributes)
    if made.attempt.status is not None:
        attributes["http.response.status_code"] = made.attempt.status
    if made.attempt.error is not None:
        attributes["error.type"] = str(made.attempt.status or "no_answer")
    _seconds.record(made.attempt.seconds, attributes)


__all__ = ["measure"]
