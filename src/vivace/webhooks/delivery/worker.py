"""Delivers what is due: in an app, or in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from vivace import HTTPException
from vivace.outbound import ForbiddenDestination
from vivace.vault import Vault
from vivace.webhooks.delivery.hooks import AttemptMade, EndpointDisabled, Hooks
from vivace.webhooks.delivery.judging import judge
from vivace.webhooks.delivery.metrics import measure
from vivace.webhooks.delivery.sending import Answer, Sender, SendingFailed, as_text
from vivace.webhooks.delivery.waking import Bell
from vivace.webhooks.events import now
from vivace.webhooks.settings import WebhookSettings
from vivace.webhooks.signing import sign
from vivace.webhooks.store import claims, purging
from vivace.webhooks.store.claims import Claimed, Verdict
from vivace.webhooks.store.records import Attempt, Reason
from vivace.webhooks.store.secrets import SecretsUnreadable, living, unseal
from vivace.webhooks.store.shares import Place, Shares
from vivace.webhooks.store.tables import milliseconds
from vivace.webhooks.store.transactions import AnyDatabase, transact

T = TypeVar("T")
logger = logging.getLogger("vivace.webhooks")

#: Transactions at a time: requests want connections, too.
TRANSACTIONS = 3
#: Seconds between two tries of a database that is away.
DATABASE_PAUSE = 1.0
#: Seconds between two times that what is old is removed.
PURGE_INTERVAL = 3600.0


@dataclass(frozen=True)
class Outbox:
    """What it takes to deliver."""

    database: AnyDatabase
    settings: WebhookSettings
    vault: Vault
    hooks: Hooks
    bell: Bell


class Worker:
    """Delivers what is due, in one event loop.

    Args:
        outbox: Where it is, and how it is delivered.
        sender: Sends it.
    """

    def __init__(self, outbox: Outbox, sender: Sender) -> None:
        self._outbox = outbox
        self._settings = outbox.settings
        self._sender = sender
        self._running: dict[asyncio.Task[None], Claimed] = {}
        self._transactions = asyncio.Semaphore(TRANSACTIONS)
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._purge_at = time.monotonic()
        self._purging: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Deliver until :meth:`stop`; then wait for what is under way, though not for long."""
        self._outbox.bell.listen(self._woken)
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                pause = await self._step()
                if pause > 0:
                    await self._rest(pause)
        finally:
            self._outbox.bell.leave(self._woken)
            await self._finish()

    def stop(self) -> None:
        """Claim nothing any more."""
        self._stopping.set()
        self._woken.set()

    async def deliver_due(self) -> int:
        """Make what is due now, once; how many attempts that were."""
        count = 0
        while claimed := await self._claim(self._settings.concurrency):
            count += len(claimed)
            await asyncio.gather(*map(self._start, claimed))
        return count

    async def _step(self) -> float:
        """Begin what is due; seconds until there may be more."""
        poll = self._settings.poll_interval
        try:
            self._begin_to_purge()
            free = self._settings.concurrency - len(self._running)
            if free <= 0:
                # Each that ends makes room, and wakes.
                return poll
            # Only read: where nothing is due, nobody who writes is held up.
            if (pause := await self._until_due()) > 0:
                return pause
            claimed = await self._claim(free)
            for one in claimed:
                self._start(one)
            # What is due still is of an endpoint that is busy, or wants to be left alone.
            return await self._until_due() or poll
        except HTTPException as error:
            logger.warning("Webhooks wait for their database: %s", error.detail)
        except Exception:
            logger.exception("Webhooks cannot be delivered now")
        return DATABASE_PAUSE

    async def _until_due(self) -> float:
        """Seconds until something is due; not more than until it is looked again."""
        poll = self._settings.poll_interval
        due = await self._transact(claims.next_due)
        return poll if due is None else min(poll, max(0.0, (due - milliseconds()) / 1000))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self, limit: int) -> list[Claimed]:
        settings = self._settings
        under_way = [Place(one.endpoint_id, one.owner) for one in self._running.values()]

        def work(session: Session) -> list[Claimed]:
            # Made here, as it may have to be done again.
            shares = Shares(settings.per_endpoint, settings.per_owner, under_way)
            lease = timedelta(seconds=settings.lease)
            return claims.claim(session, limit=limit, shares=shares, lease=lease, now=now())

        return await self._transact(work)

    def _start(self, claimed: Claimed) -> asyncio.Task[None]:
        task = asyncio.create_task(self._deliver(claimed))
        self._running[task] = claimed
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # There is room for another one.
        self._woken.set()

    async def _finish(self) -> None:
        """Wait for attempts under way; leave to others those that take too long."""
        if self._purging is not None:
            # It ends after the part that it is at.
            await asyncio.wait([self._purging], timeout=self._settings.grace)
            self._purging.cancel()
        running = dict(self._running)
        if running:
            _, late = await asyncio.wait(running, timeout=self._settings.grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            for task in late:
                await self._release(running[task])

    async def _release(self, claimed: Claimed) -> None:
        try:
            async with asyncio.timeout(self._settings.grace or DATABASE_PAUSE):
                await self._transact(partial(claims.release, claimed=claimed, now=now()))
        except Exception:
            # Its lease ends by itself.
            logger.warning("The delivery %s is left to its lease", claimed.id)

    async def _deliver(self, claimed: Claimed) -> None:
        ends_at = time.monotonic() + self._settings.lease
        try:
            answer, attempt = await self._attempt(claimed)
        except SecretsUnreadable as error:
            # It is tried again when its lease has ended, until the secret is there.
            logger.error("%s", error)
            return
        verdict = judge(answer, claimed.attempts + 1, self._settings, now())
        recorded = await self._persist(
            partial(
                claims.record,
                claimed=claimed,
                attempt=attempt,
                verdict=verdict,
                disable_after=self._settings.disable_after,
                now=now(),
            ),
            ends_at,
        )
        if recorded is not None:
            await self._tell(claimed, attempt, verdict, recorded.disabled)

    async def _tell(
        self, claimed: Claimed, attempt: Attempt, verdict: Verdict, reason: Reason | None
    ) -> None:
        made = AttemptMade(
            *(claimed.id, claimed.message_id, claimed.endpoint_id, claimed.owner, claimed.type),
            number=claimed.attempts + 1,
            attempt=attempt,
            state=verdict.state if reason is None else "dead",
        )
        measure(made)
        hooks = self._outbox.hooks
        await hooks.call(hooks.attempt, made)
        if reason is not None:
            logger.warning("The endpoint %s is disabled: %s", claimed.endpoint_id, reason)
            disabled = EndpointDisabled(claimed.endpoint_id, claimed.owner, claimed.url, reason)
            await hooks.call(hooks.disabled, disabled)

    async def _attempt(self, claimed: Claimed) -> tuple[Answer | None, Attempt]:
        """Send a message once, within the time that there is for it."""
        started_at, started = now(), time.monotonic()
        secrets = living(unseal(self._outbox.vault, claimed.sealed, claimed.endpoint_id), now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._settings.user_agent,
            **sign([one.value for one in secrets], claimed.message_id, started_at, claimed.body),
        }
        answer: Answer | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._sender.send(
                    claimed.url,
                    headers,
                    claimed.body.encode(),
                    read=self._settings.kept_response * 4,
                )
        except TimeoutError:
            error = "There was no complete answer in time."
        except (SendingFailed, ForbiddenDestination) as failed:
            error = str(failed)
        except Exception:
            # A fault here is not to be one of the receiver's, nor to lose the message.
            logger.exception("A message could not be sent")
            error = "It could not be sent."
        status = None if answer is None else answer.status
        if status is not None and not 200 <= status < 300:
            error = f"The answer was {status}."
        text = None if answer is None else as_text(answer.body, self._settings.kept_response)
        return answer, Attempt(started_at, time.monotonic() - started, status, error, text)

    async def _persist(self, work: Callable[[Session], T], ends_at: float) -> T | None:
        """Write down an attempt, while the lease lasts: else it would be made again."""
        while True:
            try:
                return await self._transact(work)
            except Exception as error:
                if time.monotonic() + DATABASE_PAUSE >= ends_at:
                    logger.warning("An attempt could not be written down, and is made again")
                    return None
                if not isinstance(error, HTTPException):
                    logger.exception("An attempt cannot be written down now")
            await asyncio.sleep(DATABASE_PAUSE)

    def _begin_to_purge(self) -> None:
        """Remove what is old beside the deliveries, which do not wait for it."""
        if time.monotonic() >= self._purge_at:
            self._purge_at = time.monotonic() + PURGE_INTERVAL
            self._purging = asyncio.create_task(self._purge())

    async def _purge(self) -> None:
        try:
            await self.purge()
        except Exception:
            logger.warning("What is old could not be removed now", exc_info=True)

    async def purge(self) -> int:
        """Remove what was finished too long ago to be kept; how many records that were."""
        before = now() - self._settings.retention
        count = 0
        while removed := await self._transact(partial(purging.purge, before=before)):
            count += removed
            if self._stopping.is_set():
                break
        return count

    async def _transact(self, work: Callable[[Session], T]) -> T:
        async with self._transactions:
            return await transact(self._outbox.database, work)


__all__ = ["Outbox", "Worker"]
