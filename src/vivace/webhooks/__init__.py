"""Webhooks, by the Standard Webhooks: sent at least once, and received once.

An app that sends starts with :class:`Webhooks`, one that receives with :class:`Incoming`; both have
:class:`Events`. Inside, a module imports from those before it::

    keys -> events, settings, signing, errors -> store -> delivery -> endpoints -> deliveries
        -> document -> routes -> kit
    events, signing, store, document -> incoming

:mod:`vivace.webhooks.testing` is for tests of apps.
"""

from __future__ import annotations

from vivace.extras import brought_by

with brought_by("webhooks"):
    from vivace.outbound import Destinations, ForbiddenDestination
    from vivace.webhooks.delivery.hooks import AttemptMade, EndpointDisabled
    from vivace.webhooks.delivery.sending import Answer, Sender, SendingFailed
    from vivace.webhooks.errors import (
        EndpointIsDisabled,
        NoSuchDelivery,
        NoSuchEndpoint,
        NotAcceptable,
        TooManyEndpoints,
        WebhookError,
    )
    from vivace.webhooks.events import Envelope, Events, EventType
    from vivace.webhooks.incoming.errors import Dropped, Malformed, NotAuthentic, TooLarge
    from vivace.webhooks.incoming.kit import Incoming
    from vivace.webhooks.incoming.messages import Received
    from vivace.webhooks.incoming.seen import MemorySeen, Seen, SQLSeen
    from vivace.webhooks.keys import SignatureVersion, new_secret, public_key
    from vivace.webhooks.kit import Webhooks
    from vivace.webhooks.settings import WebhookSettings
    from vivace.webhooks.store.records import (
        Attempt,
        Delivery,
        DeliveryDetails,
        Endpoint,
        Secret,
    )
    from vivace.webhooks.store.secrets import SecretsUnreadable
    from vivace.webhooks.store.tables import metadata

__all__ = [
    "Answer",
    "Attempt",
    "AttemptMade",
    "Delivery",
    "DeliveryDetails",
    "Destinations",
    "Dropped",
    "Endpoint",
    "EndpointDisabled",
    "EndpointIsDisabled",
    "Envelope",
    "EventType",
    "Events",
    "ForbiddenDestination",
    "Incoming",
    "Malformed",
    "MemorySeen",
    "NoSuchDelivery",
    "NoSuchEndpoint",
    "NotAcceptable",
    "NotAuthentic",
    "Received",
    "SQLSeen",
    "Secret",
    "SecretsUnreadable",
    "Seen",
    "Sender",
    "SendingFailed",
    "SignatureVersion",
    "TooLarge",
    "TooManyEndpoints",
    "WebhookError",
    "WebhookSettings",
    "Webhooks",
    "metadata",
    "new_secret",
    "public_key",
]
