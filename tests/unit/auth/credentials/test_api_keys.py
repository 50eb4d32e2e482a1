"""API keys: what is kept of them, what they may do, and when they are not accepted any more."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.unit.auth.small_kit import ROLES, Role, SmallKit, run

from vivace.auth import (
    ApiKey,
    ApiKeySettings,
    AuthSettings,
    InsufficientScope,
    InvalidCredentials,
    User,
)
from vivace.auth.credentials import api_keys
from vivace.auth.credentials.api_keys import ApiKeys
from vivace.auth.stores.records import now

SHAPE = re.compile(r"vvc_[a-z2-7]{16}_[a-z2-7]{52}[0-9a-f]{8}")
SECOND = timedelta(seconds=1)


@pytest.fixture
def kit() -> SmallKit:
    return SmallKit()


def only_key(kit: SmallKit) -> ApiKey:
    (kept,) = run(kit.store.find(ApiKey))
    return kept


def is_accepted(kit: SmallKit, key: str) -> bool:
    try:
        run(kit.api_keys.verify(key))
    except InvalidCredentials:
        return False
    return True


def scopes_of(kit: SmallKit, key: str) -> set[str]:
    return set(run(kit.api_keys.verify(key)).scopes)


def test_a_key_has_a_shape_that_scanners_know(kit: SmallKit) -> None:
    assert SHAPE.fullmatch(kit.make_key("ada"))


def test_what_is_kept_of_a_key_is_not_enough_to_use_it(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    kept = only_key(kit)
    _, prefix, secret = key.split("_")
    assert kept.prefix == prefix
    assert secret[:52] not in repr(kept)
    for guess in (kept.prefix, kept.secret_hash, f"vvc_{prefix}_{kept.secret_hash}"):
        assert not is_accepted(kit, guess)


def test_a_key_says_whose_it_is(kit: SmallKit) -> None:
    principal = run(kit.api_keys.verify(kit.make_key("ada")))
    assert principal.user.name == "ada"
    assert principal.method == "api_key"
    assert principal.credential_id == only_key(kit).id


def test_what_begins_a_key_can_be_set() -> None:
    kit = SmallKit(AuthSettings(api_keys=ApiKeySettings(prefix="a.b")))
    key = kit.make_key("ada")
    assert key.startswith("a.b_")
    assert is_accepted(kit, key)
    assert not is_accepted(kit, "axb" + key[3:])


def test_a_key_that_is_changed_anywhere_is_refused(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    for place, char in enumerate(key):
        assert not is_accepted(kit, key[:place] + ("a" if char != "a" else "b") + key[place + 1 :])


def test_a_key_whose_checksum_fits_is_refused_all_the_same(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    other = kit.make_key("bob")
    body = key[:21] + other[21:73]
    assert not is_accepted(kit, body + api_keys._checksum(body))


@pytest.mark.parametrize("key", ["", "vvc_", "vvc__", "\xe4", "\0", "vvc_" + "a" * 10_000])
def test_what_is_no_key_is_refused(kit: SmallKit, key: str) -> None:
    assert not is_accepted(kit, key)
    made = kit.make_key("ada")
    assert not any(is_accepted(kit, one) for one in (made + key, key + made) if key)
    assert not is_accepted(kit, made + "\n")
    assert not is_accepted(kit, made.upper())


def test_a_key_may_do_nothing_unless_it_is_asked_for(kit: SmallKit) -> None:
    assert scopes_of(kit, kit.make_key("ada")) == set()


def test_a_role_brings_what_it_contains(kit: SmallKit) -> None:
    key = kit.make_key("ada", "editor")
    assert scopes_of(kit, key) == {"editor", "reader", "articles:write"}


def test_a_key_cannot_have_what_its_maker_has_not(kit: SmallKit) -> None:
    with pytest.raises(InsufficientScope):
        kit.make_key("bob", "reader", "editor")
    assert run(kit.store.find(ApiKey)) == []


def test_a_key_cannot_have_more_than_the_credential_it_is_made_with(kit: SmallKit) -> None:
    ada = kit.user_of("ada")
    make = kit.api_keys.make
    granted = frozenset({"editor", "reader"})
    with pytest.raises(InsufficientScope):
        run(make(ada, name="a key", scopes=["admin"], granted=granted))
    # Nor by way of a role, whose contents the credential has not got.
    key, _ = run(make(ada, name="a key", scopes=["editor"], granted=granted))
    assert scopes_of(kit, key) == {"editor", "reader"}


def test_the_refusal_names_no_scope_that_there_is_not(kit: SmallKit) -> None:
    with pytest.raises(InsufficientScope) as refused:
        kit.make_key("bob", "no\r\nsuch: thing", "\u2603", "editor")
    assert refused.value.headers is not None
    assert refused.value.headers["WWW-Authenticate"].endswith('scope="editor"')


def test_a_key_loses_what_its_owner_loses(kit: SmallKit) -> None:
    key = kit.make_key("ada", "admin", "editor")
    kit.change(kit.user_of("ada"), roles=(Role.READER.value,))
    assert scopes_of(kit, key) == {"reader"}
    kit.change(kit.user_of("ada"), roles=())
    assert scopes_of(kit, key) == set()


def test_a_key_does_not_get_what_its_owner_gets(kit: SmallKit) -> None:
    key = kit.make_key("bob", "reader")
    kit.change(kit.user_of("bob"), roles=(Role.ADMIN.value,))
    assert scopes_of(kit, key) == {"reader"}


def test_a_key_of_one_who_is_not_active_is_refused(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    kit.change(kit.user_of("ada"), is_active=False)
    assert not is_accepted(kit, key)


def test_a_key_of_one_who_is_gone_is_refused(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    run(kit.store.remove(User, name="ada"))
    assert not is_accepted(kit, key)


def test_a_key_expires(kit: SmallKit, monkeypatch: pytest.MonkeyPatch) -> None:
    key = kit.make_key("ada", expires_at=now() + timedelta(hours=1))
    assert is_accepted(kit, key)
    monkeypatch.setattr(api_keys, "now", lambda: now() + timedelta(hours=1))
    assert not is_accepted(kit, key)


def test_a_key_that_has_expired_already_is_not_made(kit: SmallKit) -> None:
    with pytest.raises(ValueError, match="expired already"):
        kit.make_key("ada", expires_at=now() - SECOND)


def test_a_key_can_be_revoked_by_its_owner_alone(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    id = only_key(kit).id
    assert not run(kit.api_keys.revoke(kit.user_of("bob"), id))
    assert is_accepted(kit, key)
    assert run(kit.api_keys.revoke(kit.user_of("ada"), id))
    assert not is_accepted(kit, key)
    assert run(kit.api_keys.revoke(kit.user_of("ada"), id)), "it is revoked, whoever did it"
    assert not run(kit.api_keys.revoke(kit.user_of("ada"), "another"))


def test_a_key_is_revoked_also_while_it_is_used(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    found = kit.store.find

    async def find_and_use(kind: type[ApiKey], **equal: str) -> list[ApiKey]:
        kept = await found(kind, **equal)
        if "user_id" in equal and kept[0].last_used_at is None:
            await kit.api_keys.verify(key)
        return kept

    kit.store.find = find_and_use  # type: ignore[method-assign, assignment]  # between the two
    assert run(kit.api_keys.revoke(kit.user_of("ada"), only_key(kit).id))
    assert not is_accepted(kit, key)


def test_the_last_use_is_written_down_once_a_minute(kit: SmallKit) -> None:
    key = kit.make_key("ada")
    assert only_key(kit).last_used_at is None
    run(kit.api_keys.verify(key))
    first = only_key(kit)
    assert first.last_used_at is not None
    run(kit.api_keys.verify(key))
    assert only_key(kit) == first
    before = kit.change(first, last_used_at=now() - timedelta(seconds=61))
    run(kit.api_keys.verify(key))
    assert before.last_used_at is not None
    last = only_key(kit).last_used_at
    assert last is not None
    assert last > before.last_used_at


def test_a_use_that_cannot_be_written_down_is_one_all_the_same(
    kit: SmallKit, caplog: pytest.LogCaptureFixture
) -> None:
    key = kit.make_key("ada")

    async def fail(*args: object, **changes: object) -> None:
        raise OSError("the disk is full")

    kit.store.replace = fail  # type: ignore[method-assign]  # as a store that cannot be written
    assert is_accepted(kit, key)
    assert "could not be written down" in caplog.text
    assert key[:30] not in caplog.text


def test_two_kits_with_one_store_accept_the_same_keys(kit: SmallKit) -> None:
    other = ApiKeys(kit.store, ROLES, ApiKeySettings())
    assert run(other.verify(kit.make_key("ada"))).user.name == "ada"
