"""Webhooks that an app sends, as a whole."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vivace import APIRouter, Vivace
from vivace.outbound import Destinations
from vivace.per_loop import PerLoop
from vivace.vault import Vault
from vivace.webhooks.deliveries import Deliveries
from vivace.webhooks.delivery.hooks import AttemptMade, EndpointDisabled, Hooks
from vivace.webhooks.delivery.listening import listening
from vivace.webhooks.delivery.sending import HTTPSender, Sender
from vivace.webhooks.delivery.waking import Bell
from vivace.webhooks.delivery.worker import Outbox, Worker
from vivace.webhooks.document import describe_events
from vivace.webhooks.endpoints import Endpoints, check_owner
from vivace.webhooks.events import Events, now
from vivace.webhooks.routes.router import make_router
from vivace.webhooks.settings import WebhookSettings
from vivace.webhooks.store import deliveries as delivering, endpoints as managing
from vivace.webhooks.store.locking import begin_writing
from vivace.webhooks.store.tables import metadata
from vivace.webhooks.store.transactions import (
    AnyDatabase,
    close_database,
    open_database,
    with_connections_of_its_own,
)

OnAttempt = TypeVar("OnAttempt", bound=Callable[[AttemptMade], Any])
OnDisabled = TypeVar("OnDisabled", bound=Callable[[EndpointDisabled], Any])


class Webhooks:
    """Tells others of what has happened, by the Standard Webhooks (standardwebhooks.com).

    A message is written to the app's own database, in the transaction of the change that it tells
    of: rolled back, nothing is sent; committed, it is delivered at least once.

    .. code-block:: python

        webhooks = Webhooks(db, events, secret=os.environ["SECRET"])
        app = Vivace()
        webhooks.install(app)


        @app.post("/invoices/{id}/payment")
        async def pay(id: int, session: Session) -> None:
            ...
            await webhooks.send(session, InvoicePaid(invoice_id=id))

    Args:
        database: The app's database, which has to know the tables:
            ``Database(..., metadata=[Base.metadata, vivace.webhooks.metadata])``.
        events: The types of events that are sent.
        secret: What the secrets of endpoints are encrypted under, of at least 32 characters; or
            several, the present one first.
        settings: How messages are delivered.
        destinations: Where they may be sent to: by default to hosts of the public internet, over
            TLS.
        sender: Sends them; for tests, see :mod:`vivace.webhooks.testing`.

    Raises:
        ValueError: The database does not know the tables, or the secret is too short.

    Attributes:
        endpoints: Where messages are sent to.
        deliveries: Messages on their way there.
    """

    def __init__(
        self,
        database: AnyDatabase,
        events: Events,
        *,
        secret: str | Sequence[str],
        settings: WebhookSettings | None = None,
        destinations: Destinations | None = None,
        sender: Sender | None = None,
    ) -> None:
        if metadata not in database.metadata:
            raise ValueError(
                "The database does not know the tables of webhooks. Give them to it: "
                "Database(..., metadata=[Base.metadata, vivace.webhooks.metadata])."
            )
        self.events = events
        self.settings = settings or WebhookSettings()
        self._database = database
        self._destinations = destinations or Destinations()
        self._sender = sender
        self._vault = Vault(secret)
        self._hooks = Hooks()
        self._bell = Bell()
        # One for all that is registered, as each has threads to find hosts by.
        self._checkers = PerLoop(self._new_sender, HTTPSender.close)
        self.endpoints = Endpoints(
            *(
                database,
                events,
                self._vault,
                self.settings,
                self._check,
                self._bell.ring_after_commit,
            )
        )
        self.deliveries = Deliveries(database, self._bell.ring_after_commit)

    # Sending.

    async def send(
        self,
        session: AsyncSession,
        event: BaseModel,
        *,
        owner: str = "",
        happened_at: datetime | None = None,
    ) -> str | None:
        """Send an event to all endpoints of ``owner`` that want it, once ``session`` commits.

        Args:
            session: The session of the change that the event tells of.
            event: The data, of one of the types.
            owner: Whose endpoints get it.
            happened_at: When it has happened, with a time zone; now, by default.

        Returns:
            The id of the message, which receivers get as ``webhook-id``; ``None`` where nobody
            wants it.

        Raises:
            TypeError: The event is of none of the types that are sent, or the owner no text.
            ValueError: The message is too large, the owner no text that can be kept, or the time
                without a time zone.
        """
        return await session.run_sync(self.send_sync, event, owner=owner, happened_at=happened_at)

    def send_sync(
        self,
        session: Session,
        event: BaseModel,
        *,
        owner: str = "",
        happened_at: datetime | None = None,
    ) -> str | None:
        """The same for a synchronous session."""
        check_owner(owner)
        if not isinstance(event, BaseModel):
            raise TypeError(f"What is sent is an object of a model, and not {event!r}.")
        kind = self.events.of(type(event))
        if happened_at is not None and happened_at.utcoffset() is None:
            raise ValueError("happened_at has to have a time zone: datetime.now(UTC).")
        at = now()
        body = kind.write(event, happened_at or at)
        if len(body.encode()) > self.settings.max_payload:
            raise ValueError(
                f"A message of the type {kind.name!r} has more than {self.settings.max_payload} "
                "bytes, the max_payload of WebhookSettings. Send the id, and have it asked for."
            )
        begin_writing(session)
        receivers = managing.receivers(session, owner, kind.name)
        if not receivers:
            return None
        message_id = delivering.add(
            session,
            type=kind.name,
            body=body,
            owner=owner,
            endpoint_ids=[receiver.id for receiver in receivers],
            at=at,
        )
        self._bell.ring_after_commit(session)
        return message_id

    # The app.

    def install(self, app: Vivace, *, deliver: bool = True) -> None:
        """Deliver while the app runs, also mounted; put the events into its OpenAPI document.

        Args:
            app: The app.
            deliver: Whether its processes deliver. If not, ``python -m vivace.webhooks deliver``
                has to run.
        """
        describe_events(app.webhooks, self.events)
        if deliver:
            app.add_service(self.delivering)

    @asynccontextmanager
    async def delivering(self, app: Any = None) -> AsyncIterator[None]:
        """Deliver within the block; what is under way at its end is waited for, but not long."""
        await open_database(self._database)
        # An attempt that is not written down in time is made again: it waits for no requests.
        database = with_connections_of_its_own(self._database)
        try:
            async with (
                self._working(database) as worker,
                listening(database, self._bell.ring),
            ):
                task = asyncio.create_task(worker.run())
                try:
                    yield
                finally:
                    worker.stop()
                    await task
        finally:
            await close_database(database)

    async def deliver_forever(self) -> None:
        """Deliver until the process is told to end, by ``SIGTERM`` or ``SIGINT``."""
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # There are none on Windows, where the process just ends.
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, told.set)
        async with self.delivering():
            await told.wait()

    async def deliver_due(self) -> int:
        """Make the deliveries that are due now, once; for tests, and for jobs that run by clock.

        Returns:
            How many attempts were made.
        """
        async with self._working(self._database) as worker:
            return await worker.deliver_due()

    async def purge(self) -> int:
        """Remove what was finished before the retention; processes that deliver do so themselves.

        Returns:
            How many deliveries and messages that were.
        """
        async with self._working(self._database) as worker:
            return await worker.purge()

    def router(
        self, *, owner: Callable[..., Any] | None = None, dependencies: Sequence[Any] = ()
    ) -> APIRouter:
        """Routes to manage endpoints, and to look at deliveries and have them made again.

        Args:
            owner: A dependency that says whose endpoints a request manages, as text. It refuses
                whoever it does not know: what it gives is never ``None``. Without it they are
                nobody's, for an app with one client.
            dependencies: The guards of the app, for all routes.

        Raises:
            ValueError: There is neither: everybody could have messages sent to them.
        """
        if owner is None and not dependencies:
            raise ValueError(
                "Say who may manage webhooks: router(owner=...), a function that says whose "
                "endpoints a request manages, or router(dependencies=[...]), guards."
            )
        return make_router(self.endpoints, self.deliveries, self.events, owner, dependencies)

    # Hooks.

    def on_attempt(self, function: OnAttempt) -> OnAttempt:
        """A decorator for a function, sync or async, that is told of each attempt."""
        self._hooks.attempt.append(function)
        return function

    def on_disabled(self, function: OnDisabled) -> OnDisabled:
        """A decorator for a function that is told of endpoints which their answers disable."""
        self._hooks.disabled.append(function)
        return function

    # Tests.

    @contextmanager
    def override(self, sender: Sender) -> Iterator[None]:
        """Send by another sender within the block; for tests.

        An app that delivers has to be started in it.
        """
        before, self._sender = self._sender, sender
        try:
            yield
        finally:
            self._sender = before

    # What is made for an event loop.

    def _new_sender(self) -> HTTPSender:
        return HTTPSender(
            self._destinations,
            timeout=self.settings.timeout,
            connections=self.settings.concurrency,
        )

    async def _check(self, url: str) -> None:
        sender = self._sender or self._checkers.get()
        await sender.check(url)

    @asynccontextmanager
    async def _working(self, database: AnyDatabase) -> AsyncIterator[Worker]:
        outbox = Outbox(database, self.settings, self._vault, self._hooks, self._bell)
        sender = self._sender or self._new_sender()
        try:
            yield Worker(outbox, sender)
        finally:
            await sender.close()


__all__ = ["Webhooks"]
