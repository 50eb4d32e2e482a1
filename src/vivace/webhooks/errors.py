"""Why something that was asked of webhooks is refused."""

from __future__ import annotations

from vivace import HTTPException


class WebhookError(HTTPException):
    """A request that webhooks refuse. In code it can be handled as any exception."""


class NoSuchEndpoint(WebhookError):
    """404 for an endpoint that is not there, or is another's; which is not said."""

    def __init__(self) -> None:
        super().__init__(404, "There is no such endpoint.")


class NoSuchDelivery(WebhookError):
    """404 for a delivery that is not there, or is another's; which is not said."""

    def __init__(self) -> None:
        super().__init__(404, "There is no such delivery.")


class TooManyEndpoints(WebhookError):
    """409 for one who has as many endpoints as they may."""

    def __init__(self, most: int) -> None:
        super().__init__(409, f"You have {most} endpoints, and may have no more.")


class EndpointIsDisabled(WebhookError):
    """409 for what would be sent to an endpoint that is disabled."""

    def __init__(self) -> None:
        super().__init__(409, "The endpoint is disabled. Enable it first.")


class NotAcceptable(WebhookError):
    """422 for a value that an endpoint cannot have, in the form of the errors of validation.

    Args:
        field: Which value.
        reason: Why, for whoever has sent it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(422, [{"type": "value_error", "loc": ["body", field], "msg": reason}])
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


__all__ = [
    "EndpointIsDisabled",
    "NoSuchDelivery",
    "NoSuchEndpoint",
    "NotAcceptable",
    "TooManyEndpoints",
    "WebhookError",
]
