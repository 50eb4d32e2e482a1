"""The secrets of an endpoint, encrypted as they are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from vivace.vault import Vault
from vivace.webhooks.store.records import Secret

#: What the key is derived for.
PURPOSE = "webhooks: secrets of endpoints"
#: Secrets that an endpoint has at once; who rotates more often loses the oldest.
MOST_SECRETS = 5


class SecretsUnreadable(RuntimeError):
    """The secrets were encrypted under another secret of the app's."""

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            f"The secrets of the endpoint {endpoint_id} were encrypted under a secret that "
            "Webhooks(secret=...) does not have. Add the former one: secret=[present, former]."
        )


def seal(vault: Vault, secrets: Sequence[Secret]) -> str:
    """The secrets as they are kept."""
    listed = [
        [secret.value, None if secret.until is None else secret.until.isoformat()]
        for secret in secrets
    ]
    return vault.encrypt(json.dumps(listed), PURPOSE)


def unseal(vault: Vault, sealed: str, endpoint_id: str) -> list[Secret]:
    """The secrets that were kept, the present one first.

    Raises:
        SecretsUnreadable: They were encrypted under another secret of the app's.
    """
    opened = vault.decrypt(sealed, PURPOSE)
    if opened is None:
        raise SecretsUnreadable(endpoint_id)
    return [
        Secret(value, None if until is None else datetime.fromisoformat(until))
        for value, until in json.loads(opened)
    ]


def renewed(vault: Vault, sealed: str, endpoint_id: str) -> str:
    """What was kept, encrypted under the present secret of the app; as it is where it is already.

    Raises:
        SecretsUnreadable: It was encrypted under a secret that the app does not have.
    """
    found = vault.renewed(sealed, PURPOSE)
    if found is None:
        raise SecretsUnreadable(endpoint_id)
    return found


def living(secrets: Sequence[Secret], at: datetime) -> list[Secret]:
    """Those that sign."""
    return [secret for secret in secrets if secret.until is None or secret.until > at]


def rotated(secrets: Sequence[Secret], new: str, at: datetime, overlap: timedelta) -> list[Secret]:
    """The secrets with a new one, beside which the former ones sign for a while."""
    end = at + overlap
    former = [
        Secret(secret.value, end if secret.until is None else min(secret.until, end))
        for secret in living(secrets, at)
        if secret.value != new
    ]
    return [Secret(new, None), *former][:MOST_SECRETS]


__all__ = ["MOST_SECRETS", "SecretsUnreadable", "living", "renewed", "rotated", "seal", "unseal"]
