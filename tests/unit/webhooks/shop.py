"""A shop that tells others of its invoices, over a database in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vivace.outbound import ForbiddenDestination
from vivace.sql import Database
from vivace.webhooks import Answer, Events, SendingFailed, Webhooks, WebhookSettings, metadata
from vivace.webhooks.store.transactions import transact

SECRET = "s" * 32
URL = "https://receiver.example/hooks"

events = Events()


@events.event("invoice.paid")
class InvoicePaid(BaseModel):
    """An invoice was paid."""

    invoice_id: int


@events.event("invoice.voided", summary="An invoice does not count any more.")
class InvoiceVoided(BaseModel):
    invoice_id: int
    reason: str = "none"


@dataclass
class Sent:
    """A message that was sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class ScriptedSender:
    """Answers as it is told, and remembers what was sent."""

    #: The next answers, or failures; 200 where there are none left.
    script: list[Answer | Exception | int] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    #: Hosts that are not to be asked.
    forbidden: set[str] = field(default_factory=set)
    #: Nobody is answered before that.
    gate: asyncio.Event | None = None
    closed: int = 0
    #: Whether anything was sent.
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def check(self, url: str) -> None:
        if any(host in url for host in self.forbidden):
            raise ForbiddenDestination("The host is not one of the public internet.")

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, *, read: int) -> Answer:
        await self.check(url)
        self.sent.append(Sent(url, headers, body))
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        answer = self.script.pop(0) if self.script else 200
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer) if isinstance(answer, int) else answer

    async def close(self) -> None:
        self.closed += 1


class Shop:
    """The shop, with tables, and a sender that is told what receivers answer."""

    def __init__(self, settings: WebhookSettings | None = None, url: str = "sqlite://") -> None:
        self.db = Database(url, metadata=[metadata], create_tables=True)
        self.sender = ScriptedSender()
        self.webhooks = Webhooks(
            *(self.db, events), secret=SECRET, settings=settings, sender=self.sender
        )

    async def open(self) -> Shop:
        await self.db.open()
        return self

    async def send(self, event: BaseModel | None = None, owner: str = "") -> str:
        async def work(session: AsyncSession) -> str | None:
            return await self.webhooks.send(
                session, event or InvoicePaid(invoice_id=1), owner=owner
            )

        # In memory, SQLite has others wait who only read.
        sent = await self.db.run(work, attempts=50)
        assert sent is not None
        return sent

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        def work(session: Session) -> list[dict[str, Any]]:
            return [dict(row._mapping) for row in session.execute(select(table))]

        return await transact(self.db, work)

    async def rewrite(self, table: Table, **values: Any) -> None:
        """Write something into all rows of a table, as time does that passes."""
        await transact(self.db, lambda session: session.execute(update(table).values(**values)))

    async def states(self, owner: str | None = None) -> list[str]:
        found = await self.webhooks.deliveries.find(owner=owner)
        return sorted(one.state for one in found)


__all__ = [
    "SECRET",
    "URL",
    "InvoicePaid",
    "InvoiceVoided",
    "ScriptedSender",
    "SendingFailed",
    "Sent",
    "Shop",
    "events",
]
