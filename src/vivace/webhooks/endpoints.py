"""Managing endpoints, in transactions of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from vivace.outbound import ForbiddenDestination
from vivace.vault import Vault
from vivace.webhooks.errors import (
    EndpointIsDisabled,
    NoSuchEndpoint,
    NotAcceptable,
    TooManyEndpoints,
)
from vivace.webhooks.events import Events, now
from vivace.webhooks.keys import (
    SignatureVersion,
    check_secret,
    new_secret,
    public_key,
    verified_by,
    version_of,
)
from vivace.webhooks.settings import WebhookSettings
from vivace.webhooks.store import deliveries as delivering, endpoints as managing
from vivace.webhooks.store.deliveries import CHUNK
from vivace.webhooks.store.locking import begin_writing
from vivace.webhooks.store.records import ALL, Endpoint, Secret
from vivace.webhooks.store.secrets import living, renewed, rotated, seal, unseal
from vivace.webhooks.store.tables import new_id
from vivace.webhooks.store.transactions import AnyDatabase, transact

LONGEST_DESCRIPTION = 500
LONGEST_OWNER = 200
#: What an endpoint is sent to see whether it answers.
PING = "webhook.ping"


class Endpoints:
    """The endpoints of an app: where messages are sent to.

    ``owner`` is whose an endpoint is: where it is given, the endpoints of others are not there.
    """

    def __init__(
        self,
        database: AnyDatabase,
        events: Events,
        vault: Vault,
        settings: WebhookSettings,
        check: Callable[[str], Awaitable[None]],
        ring: Callable[[Session], None],
    ) -> None:
        self._database = database
        self._events = events
        self._vault = vault
        self._settings = settings
        self._check = check
        self._ring = ring

    async def create(
        self,
        url: str,
        event_types: Sequence[str] = (ALL,),
        *,
        owner: str = "",
        description: str = "",
        enabled: bool = True,
        secret: str | None = None,
        signature: SignatureVersion | None = None,
    ) -> tuple[Endpoint, str]:
        """Add an endpoint.

        Args:
            url: Where messages are sent to; its host has to be there.
            event_types: The types of events that it gets; ``"*"`` for all.
            owner: Whose it is: it gets the messages that are sent to this owner.
            description: For people.
            enabled: Whether anything is sent to it.
            secret: What messages are signed with, as ``whsec_...`` or ``whsk_...``; by default one
                is made.
            signature: For which signatures one is made; by default those of the settings.

        Returns:
            The endpoint, and what its receiver verifies messages with: its secret, which is not
            shown again, or for ``"v1a"`` the public key, as ``whpk_...``.

        Raises:
            NotAcceptable: A value is none that an endpoint can have.
            TooManyEndpoints: The owner may have no more.
        """
        self._check_values(event_types, description)
        check_owner(owner)
        chosen = _chosen(secret) or new_secret(signature or self._settings.signature)
        await self._check_url(url)
        endpoint = Endpoint(
            id=new_id("ep"),
            owner=owner,
            url=url,
            event_types=tuple(dict.fromkeys(event_types)),
            description=description,
            enabled=enabled,
            disabled_reason=None,
            created_at=now(),
            failing_since=None,
        )
        sealed = seal(self._vault, [Secret(chosen, None)])
        most = self._settings.most_endpoints

        def work(session: Session) -> bool:
            begin_writing(session)
            return managing.add(session, endpoint, sealed, most=most)

        if not await transact(self._database, work):
            raise TooManyEndpoints(most)
        return endpoint, verified_by(chosen)

    async def of(self, owner: str = "") -> list[Endpoint]:
        """All endpoints of an owner, the oldest first."""
        return await transact(self._database, lambda session: managing.list_of(session, owner))

    async def get(self, id: str, *, owner: str | None = None) -> Endpoint:
        """An endpoint.

        Raises:
            NoSuchEndpoint: It is not there.
        """

        def work(session: Session) -> Endpoint:
            return managing.read(found(session, id, owner))

        return await transact(self._database, work)

    async def change(
        self,
        id: str,
        *,
        owner: str | None = None,
        url: str | None = None,
        event_types: Sequence[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """Change what is given. One that is disabled has what is on its way become dead letters.

        Raises:
            NoSuchEndpoint: It is not there.
            NotAcceptable: A value is none that an endpoint can have.
        """
        self._check_values(event_types, description)
        if url is not None:
            await self._check_url(url)
        types = None if event_types is None else list(dict.fromkeys(event_types))
        given = {"url": url, "event_types": types, "description": description, "enabled": enabled}
        values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if enabled is False:
            values["disabled_reason"] = "managed"

        def work(session: Session) -> Endpoint:
            begin_writing(session)
            found(session, id, owner, for_update=True)
            managing.change(session, id, values)
            return managing.read(found(session, id, owner))

        return await transact(self._database, work)

    async def rotate_secret(
        self,
        id: str,
        *,
        owner: str | None = None,
        secret: str | None = None,
        signature: SignatureVersion | None = None,
    ) -> tuple[str, datetime]:
        """Give an endpoint a new secret. The former one signs too, for a while.

        Args:
            secret: The new one, as ``whsec_...`` or ``whsk_...``; by default one is made.
            signature: For which signatures one is made; by default the same as before.

        Returns:
            What the receiver verifies with from now on, as :meth:`create` gives it, and until when
            the former one signs.

        Raises:
            NoSuchEndpoint: It is not there.
            NotAcceptable: The secret is none.
        """
        given = _chosen(secret)
        at, overlap = now(), self._settings.rotation

        def work(session: Session) -> str:
            begin_writing(session)
            row = found(session, id, owner, for_update=True)
            former = unseal(self._vault, row.secrets, id)
            chosen = given or new_secret(signature or version_of(former[0].value))
            secrets = rotated(former, chosen, at, overlap)
            managing.keep_secrets(session, id, seal(self._vault, secrets))
            return chosen

        return verified_by(await transact(self._database, work)), at + overlap

    async def secrets(self, id: str, *, owner: str | None = None) -> list[Secret]:
        """The secrets that sign, the present one first; for code that has to have them.

        Raises:
            NoSuchEndpoint: It is not there.
            SecretsUnreadable: They were encrypted under another secret of the app's.
        """

        def work(session: Session) -> str:
            sealed: str = found(session, id, owner).secrets
            return sealed

        sealed = await transact(self._database, work)
        return living(unseal(self._vault, sealed, id), now())

    async def public_keys(self, id: str, *, owner: str | None = None) -> list[Secret]:
        """The public keys of what signs, as ``whpk_...``, the present one first.

        There is none for signatures ``v1``.

        Raises:
            NoSuchEndpoint: It is not there.
            SecretsUnreadable: They were encrypted under another secret of the app's.
        """
        return [
            Secret(public_key(secret.value), secret.until)
            for secret in await self.secrets(id, owner=owner)
            if version_of(secret.value) == "v1a"
        ]

    async def renew_secrets(self) -> int:
        """Encrypt what was encrypted under a former secret of the app under the present one.

        Once it is done the former one can be dropped.

        Returns:
            For how many endpoints there was something to do.

        Raises:
            SecretsUnreadable: Some were encrypted under a secret that the app does not have.
        """
        count, after = 0, ""

        def work(session: Session) -> tuple[int, str]:
            begin_writing(session)
            kept = managing.sealed_after(session, after, CHUNK)
            new = [(id, sealed, renewed(self._vault, sealed, id)) for id, sealed in kept]
            changed = [(id, fresh) for id, sealed, fresh in new if fresh != sealed]
            for id, fresh in changed:
                managing.keep_secrets(session, id, fresh)
            return len(changed), kept[-1][0] if kept else ""

        while True:
            done, after = await transact(self._database, work)
            count += done
            if not after:
                return count

    async def delete(self, id: str, *, owner: str | None = None) -> None:
        """Remove an endpoint, with all that is on its way to it.

        Raises:
            NoSuchEndpoint: It is not there.
        """

        def work(session: Session) -> None:
            begin_writing(session)
            found(session, id, owner, for_update=True)
            managing.remove(session, id)

        await transact(self._database, work)

    async def ping(self, id: str, *, owner: str | None = None) -> str:
        """Send a message of the type ``webhook.ping`` to an endpoint, whatever it subscribes to.

        Returns:
            The id of the message.

        Raises:
            NoSuchEndpoint: It is not there.
            EndpointIsDisabled: It is not enabled.
        """
        at = now()
        body = f'{{"type":"{PING}","timestamp":"{at.isoformat()}","data":{{}}}}'

        def work(session: Session) -> str:
            begin_writing(session)
            row = found(session, id, owner)
            if not row.enabled:
                raise EndpointIsDisabled
            self._ring(session)
            return delivering.add(
                session, type=PING, body=body, owner=row.owner, endpoint_ids=[id], at=at
            )

        return await transact(self._database, work)

    def _check_values(self, event_types: Sequence[str] | None, description: str | None) -> None:
        if event_types is not None:
            if isinstance(event_types, str) or not event_types:
                raise NotAcceptable("event_types", "It has to be a list with at least one type.")
            for name in event_types:
                if name != ALL and name not in self._events:
                    raise NotAcceptable("event_types", f"There is no type {name[:100]!r}.")
        if description is not None and (
            len(description) > LONGEST_DESCRIPTION or not is_storable(description)
        ):
            raise NotAcceptable(
                "description", f"It has to be text of at most {LONGEST_DESCRIPTION} characters."
            )

    async def _check_url(self, url: str) -> None:
        try:
            await self._check(url)
        except ForbiddenDestination as error:
            raise NotAcceptable("url", str(error)) from None


def found(session: Session, id: str, owner: str | None, *, for_update: bool = False) -> Any:
    """The row of an endpoint.

    Raises:
        NoSuchEndpoint: It is not there.
    """
    row = managing.find(session, id, owner, for_update=for_update) if is_storable(id) else None
    if row is None:
        raise NoSuchEndpoint
    return row


def _chosen(secret: str | None) -> str | None:
    """A secret that was given, if one was.

    Raises:
        NotAcceptable: It is none.
    """
    try:
        return None if secret is None else check_secret(secret)
    except ValueError as error:
        raise NotAcceptable("secret", str(error)) from None


def is_storable(text: str) -> bool:
    """Whether every database takes a text: PostgreSQL has no U+0000, and none has surrogates."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def check_owner(owner: str) -> None:
    """See that an owner can be kept.

    Raises:
        TypeError, ValueError: It cannot; that is a fault of the app's.
    """
    if not isinstance(owner, str):
        raise TypeError(f"An owner is a text, and not {owner!r}.")
    if len(owner) > LONGEST_OWNER or not is_storable(owner):
        raise ValueError(f"An owner is a text of at most {LONGEST_OWNER} characters.")


__all__ = ["PING", "Endpoints", "check_owner", "found", "is_storable"]
