"""For tests of apps: messages that go to an app in the same process, and messages to receive."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import httpx2
from pydantic import BaseModel

from vivace.webhooks.delivery.sending import Answer
from vivace.webhooks.events import Events, now
from vivace.webhooks.signing import sign


class AppSender:
    """Sends messages to an ASGI app, whatever the host of their URL is.

    .. code-block:: python

        with webhooks.override(AppSender(receiver)):
            await webhooks.deliver_due()
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def check(self, url: str) -> None:
        """Any will do."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, *, read: int) -> Answer:
        transport = httpx2.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
            response = await client.post(url, headers=dict(headers), content=body)
        return Answer(response.status_code, dict(response.headers), response.content[:read])

    async def close(self) -> None:
        """Nothing is open."""


def signed(
    events: Events, event: BaseModel, secret: str, *, id: str | None = None
) -> dict[str, Any]:
    """What a test client sends, as ``client.post("/hooks/shop", **signed(...))``.

    Args:
        secret: What it is signed with, as ``whsec_...`` or ``whsk_...``.
        id: The ``webhook-id``; by default a new one.
    """
    at = now()
    body = events.of(type(event)).write(event, at)
    headers = sign([secret], id or f"msg_{token_hex(16)}", at, body)
    return {"content": body, "headers": {"Content-Type": "application/json", **headers}}


__all__ = ["AppSender", "signed"]
