from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vivace.vault import Vault
from vivace.webhooks.store.records import Secret
from vivace.webhooks.store.secrets import (
    MOST_SECRETS,
    SecretsUnreadable,
    living,
    rotated,
    seal,
    unseal,
)

VAULT = Vault("s" * 32)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def test_secrets_are_kept_encrypted() -> None:
    secrets = [Secret("whsec_a", None), Secret("whsec_b", NOW)]
    sealed = seal(VAULT, secrets)
    assert "whsec" not in sealed
    assert unseal(VAULT, sealed, "ep_1") == secrets


def test_what_another_secret_has_encrypted_says_what_to_do() -> None:
    sealed = seal(Vault("o" * 32), [Secret("whsec_a", None)])
    with pytest.raises(SecretsUnreadable, match=r"ep_1 .* Add the former one"):
        unseal(VAULT, sealed, "ep_1")
    assert unseal(Vault(["s" * 32, "o" * 32]), sealed, "ep_1")


def test_a_former_secret_signs_for_a_while() -> None:
    secrets = rotated([Secret("a", None)], "b", NOW, DAY)
    assert secrets == [Secret("b", None), Secret("a", NOW + DAY)]
    assert living(secrets, NOW + DAY - timedelta(seconds=1)) == secrets
    assert living(secrets, NOW + DAY) == [Secret("b", None)]


def test_a_secret_that_is_on_its_way_out_does_not_live_longer_by_another_rotation() -> None:
    secrets = rotated([Secret("a", None)], "b", NOW, DAY)
    again = rotated(secrets, "c", NOW + DAY / 2, DAY)
    assert [secret.until for secret in again] == [None, NOW + DAY * 1.5, NOW + DAY]


def test_there_is_a_bound_on_secrets() -> None:
    secrets = [Secret("0", None)]
    for number in range(20):
        secrets = rotated(secrets, str(number + 1), NOW, DAY)
    assert [secret.value for secret in secrets] == ["20", "19", "18", "17", "16"]
    assert len(secrets) == MOST_SECRETS


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "whsec_a" not in repr(Secret("whsec_a", None))
