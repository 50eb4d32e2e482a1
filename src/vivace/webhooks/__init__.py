"""Webhooks, by the Standard Webhooks: sent at least once, and received once."""

from vivace.webhooks.events import Events
from vivace.webhooks.kit import Webhooks
from vivace.webhooks.settings import WebhookSettings
from vivace.webhooks.store.tables import metadata
