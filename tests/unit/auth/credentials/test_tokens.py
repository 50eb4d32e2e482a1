from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import jwt
import pytest
from hypothesis import given, settings, strategies as st

from vivace.auth import (
    InvalidCredentials,
    Keys,
    MemoryStore,
    RefreshToken,
    Roles,
    SigningKey,
    TokenFamily,
    TokenSettings,
    User,
)
from vivace.auth.credentials import tokens as module
from vivace.auth.credentials.tokens import TokenPair, Tokens
from vivace.auth.errors import OAuthError
from vivace.auth.stores.records import now
from vivace.auth.vault import digest

pytestmark = pytest.mark.anyio


class Role(Enum):
    ADMIN = "admin"
    READER = "reader"


ROLES = Roles(Role, contains={Role.ADMIN: [Role.READER]}, grants={Role.ADMIN: ["books:write"]})
KEYS = Keys(SigningKey.hs256("a secret of the tests that is long enough"))
NO_TRUST = TokenSettings(trust=timedelta(0))


class CountingStore(MemoryStore):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    async def get(self, kind: Any, id: str) -> Any:
        self.reads += 1
        return await super().get(kind, id)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def ada(store: CountingStore) -> User:
    user = User(name="ada", roles=("admin",))
    await store.add(user)
    return user


@pytest.fixture
def tokens(store: CountingStore) -> Tokens:
    """Asks the store each time."""
    return Tokens(store, KEYS, ROLES, NO_TRUST)


@pytest.fixture
def trusting(store: CountingStore) -> Tokens:
    """Trusts what it has found good a moment ago."""
    return Tokens(store, KEYS, ROLES, TokenSettings(trust=timedelta(minutes=1)))


async def sign_in(tokens: Tokens, user: User, *scopes: str) -> TokenPair:
    return await tokens.start(user, scopes=scopes, methods=("pwd", "otp"))


def claims_of(token: str) -> dict[str, Any]:
    return KEYS.decode(token, issuer="vivace", audience="vivace")


def forge(token: str, **changes: Any) -> str:
    """A token that is signed with the right key, and says something else."""
    claims = {**claims_of(token), **changes}
    return KEYS.encode({name: value for name, value in claims.items() if value is not None})


async def family_of(store: MemoryStore, user: User) -> TokenFamily:
    (family,) = await store.find(TokenFamily, user_id=user.id)
    return family


async def refused(awaitable: Awaitable[Any]) -> str:
    """The OAuth error of what has to fail."""
    with pytest.raises(OAuthError) as refusal:
        await awaitable
    return refusal.value.error


async def is_good(tokens: Tokens, token: str) -> bool:
    try:
        await tokens.verify(token)
    except InvalidCredentials:
        return False
    return True


def at(monkeypatch: pytest.MonkeyPatch, time: datetime) -> None:
    monkeypatch.setattr(module, "now", lambda: time)


async def test_a_sign_in_gives_tokens_that_say_who_and_what_for(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(tokens, ada)
    assert (pair.token_type, pair.expires_in) == ("bearer", 600)
    assert pair.scope == "admin books:write reader"
    principal = await tokens.verify(pair.access_token)
    assert principal.user == ada
    assert principal.scopes == {"admin", "reader", "books:write"}
    assert principal.method == "token"
    assert principal.methods == ("pwd", "otp")
    assert principal.credential_id == (await family_of(store, ada)).id


async def test_an_access_token_has_the_claims_of_rfc_9068(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(tokens, ada, "reader")
    claims = claims_of(pair.access_token)
    assert claims == {
        "iss": "vivace",
        "aud": "vivace",
        "sub": ada.id,
        "sid": (await family_of(store, ada)).id,
        "epoch": 0,
        "scope": "reader",
        "amr": ["pwd", "otp"],
        "jti": claims["jti"],
        "iat": claims["iat"],
        "nbf": claims["iat"],
        "exp": claims["iat"] + 600,
    }
    again = await tokens.refresh(pair.refresh_token)
    assert claims_of(again.access_token)["jti"] != claims["jti"]


async def test_nothing_is_stored_that_anyone_could_sign_in_with(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(tokens, ada)
    family = await family_of(store, ada)
    stored = [ada, family, *await store.find(RefreshToken, family_id=family.id)]
    assert len(stored) == 3
    assert pair.refresh_token not in repr(stored)
    for id in (ada.id, family.id, *(record.id for record in stored)):
        assert await refused(tokens.refresh(id)) == "invalid_grant"
        assert not await is_good(tokens, id)


async def test_one_is_given_what_one_asks_for_and_no_more(tokens: Tokens, ada: User) -> None:
    pair = await sign_in(tokens, ada, "reader", "reader")
    assert pair.scope == "reader"
    assert (await tokens.verify(pair.access_token)).scopes == {"reader"}


@pytest.mark.parametrize("scope", ["admin", "books:write", "unknown", "reader\x00", "READER"])
async def test_a_scope_that_the_user_may_not_have_is_refused_at_sign_in(
    tokens: Tokens, store: MemoryStore, scope: str
) -> None:
    bob = User(name="bob", roles=("reader",))
    await store.add(bob)
    assert await refused(sign_in(tokens, bob, "reader", scope)) == "invalid_scope"
    assert not await store.find(TokenFamily, user_id=bob.id)


async def test_a_user_without_roles_signs_in_for_nothing_in_particular(
    tokens: Tokens, store: MemoryStore
) -> None:
    bob = User(name="bob")
    await store.add(bob)
    pair = await sign_in(tokens, bob)
    assert pair.scope == ""
    assert (await tokens.verify(pair.access_token)).scopes == frozenset()


async def test_an_inactive_user_does_not_sign_in(tokens: Tokens, ada: User) -> None:
    assert await refused(sign_in(tokens, replace(ada, is_active=False))) == "invalid_grant"


async def test_a_refresh_token_gives_new_tokens(tokens: Tokens, ada: User) -> None:
    first = await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token)
    third = await tokens.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    for pair in (first, second, third):
        assert await is_good(tokens, pair.access_token)


async def test_a_refresh_token_that_is_used_twice_ends_the_family(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    other = await sign_in(tokens, ada)
    first = await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token)
    third = await tokens.refresh(second.refresh_token)
    assert await refused(tokens.refresh(first.refresh_token)) == "invalid_grant"
    for pair in (first, second, third):
        assert not await is_good(tokens, pair.access_token)
        assert await refused(tokens.refresh(pair.refresh_token)) == "invalid_grant"
    assert await is_good(tokens, other.access_token)
    assert await tokens.refresh(other.refresh_token)


async def test_a_scope_that_is_refused_does_not_hide_that_a_token_is_used_twice(
    tokens: Tokens, ada: User
) -> None:
    first = await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token)
    assert await refused(tokens.refresh(first.refresh_token, scopes=["no"])) == "invalid_grant"
    assert not await is_good(tokens, second.access_token)


class SimultaneousStore(MemoryStore):
    """Lets everybody read before anybody writes, as processes that use one database may."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = 0
        self.waiting = 0
        self.all_have_read = asyncio.Event()

    async def replace(self, old: Any, **changes: Any) -> Any:
        if isinstance(old, RefreshToken):
            self.waiting += 1
            if self.waiting >= self.readers:
                self.all_have_read.set()
            await self.all_have_read.wait()
        return await super().replace(old, **changes)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_of_two_who_use_a_token_at_the_same_time_nobody_keeps_the_family(ada: User) -> None:
    store = SimultaneousStore()
    await store.add(ada)
    processes = [Tokens(store, KEYS, ROLES, NO_TRUST) for _ in range(5)]
    pair = await sign_in(processes[0], ada)
    store.readers = len(processes)
    outcomes = await asyncio.gather(
        *(process.refresh(pair.refresh_token) for process in processes), return_exceptions=True
    )
    won = [one for one in outcomes if isinstance(one, TokenPair)]
    lost = [one for one in outcomes if isinstance(one, OAuthError)]
    assert (len(won), len(lost)) == (1, 4)
    assert not await is_good(processes[0], won[0].access_token)
    assert await refused(processes[0].refresh(won[0].refresh_token)) == "invalid_grant"


async def test_a_refresh_may_ask_for_less_and_later_for_all_again(
    tokens: Tokens, ada: User
) -> None:
    first = await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token, scopes=["reader"])
    assert second.scope == "reader"
    assert (await tokens.verify(second.access_token)).scopes == {"reader"}
    third = await tokens.refresh(second.refresh_token)
    assert third.scope == first.scope


async def test_a_refresh_does_not_give_more_than_the_sign_in(tokens: Tokens, ada: User) -> None:
    pair = await sign_in(tokens, ada, "reader")
    for scope in ("admin", "books:write", "unknown"):
        assert await refused(tokens.refresh(pair.refresh_token, scopes=[scope])) == "invalid_scope"
    again = await tokens.refresh(pair.refresh_token)
    assert again.scope == "reader"


async def test_what_the_user_loses_the_tokens_lose_and_what_they_gain_they_do_not(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(tokens, ada)
    reader = await store.replace(ada, roles=("reader",))
    assert reader is not None
    assert (await tokens.verify(pair.access_token)).scopes == {"reader"}
    assert await refused(tokens.refresh(pair.refresh_token, scopes=["admin"])) == "invalid_scope"
    small = await sign_in(tokens, reader)
    await store.replace(reader, roles=("admin",))
    assert (await tokens.verify(small.access_token)).scopes == {"reader"}
    assert (await tokens.refresh(small.refresh_token)).scope == "reader"


async def test_a_token_that_claims_a_scope_of_no_sign_in_does_not_get_it(
    tokens: Tokens, ada: User
) -> None:
    pair = await sign_in(tokens, ada, "reader")
    token = forge(pair.access_token, scope="admin reader")
    assert (await tokens.verify(token)).scopes == {"reader"}


async def test_neither_kind_of_token_is_taken_for_the_other(tokens: Tokens, ada: User) -> None:
    pair = await sign_in(tokens, ada)
    assert await refused(tokens.refresh(pair.access_token)) == "invalid_grant"
    assert not await is_good(tokens, pair.refresh_token)
    assert await is_good(tokens, pair.access_token)


@pytest.mark.parametrize("change", [{"is_active": False}, {"epoch": 1}])
async def test_tokens_end_with_the_user_and_the_epoch(
    tokens: Tokens, store: MemoryStore, ada: User, change: dict[str, Any]
) -> None:
    pair = await sign_in(tokens, ada)
    await store.replace(ada, **change)
    assert not await is_good(tokens, pair.access_token)
    assert await refused(tokens.refresh(pair.refresh_token)) == "invalid_grant"


async def test_tokens_of_a_user_who_is_gone_count_for_nothing(
    tokens: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(tokens, ada)
    await store.remove(User, id=ada.id)
    assert not await is_good(tokens, pair.access_token)
    assert await refused(tokens.refresh(pair.refresh_token)) == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "somebody"},
        {"sid": "something"},
        {"epoch": 1},
        {"epoch": -1},
        {"epoch": False},
        {"epoch": "0"},
        {"epoch": None},
        {"sid": None},
        {"sid": ["x"]},
        {"scope": None},
        {"scope": ["admin"]},
        {"iss": "another"},
        {"aud": "another"},
        {"exp": 1},
        {"nbf": 2**40},
    ],
)
async def test_a_token_that_does_not_fit_its_family_is_refused(
    tokens: Tokens, ada: User, changes: dict[str, Any]
) -> None:
    pair = await sign_in(tokens, ada)
    assert not await is_good(tokens, forge(pair.access_token, **changes))
    assert await is_good(tokens, forge(pair.access_token))


async def test_a_token_of_one_user_does_not_pass_for_another(
    tokens: Tokens, trusting: Tokens, store: MemoryStore, ada: User
) -> None:
    bob = User(name="bob")
    await store.add(bob)
    adas, bobs = await sign_in(tokens, ada), await sign_in(tokens, bob)
    mixed = forge(bobs.access_token, sid=claims_of(adas.access_token)["sid"])
    for verifier in (tokens, trusting):
        assert await is_good(verifier, adas.access_token)
        assert not await is_good(verifier, mixed)


async def test_keys_can_be_changed_while_tokens_are_in_use(store: MemoryStore, ada: User) -> None:
    old, new = SigningKey.hs256("o" * 32), SigningKey.hs256("n" * 32)
    pair = await sign_in(Tokens(store, Keys(old), ROLES, NO_TRUST), ada)
    assert await is_good(Tokens(store, Keys(new, old), ROLES, NO_TRUST), pair.access_token)
    assert not await is_good(Tokens(store, Keys(new), ROLES, NO_TRUST), pair.access_token)


async def test_a_refresh_token_expires_when_it_is_not_used(
    tokens: Tokens, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = now()
    first = await sign_in(tokens, ada)
    at(monkeypatch, started + timedelta(days=29))
    second = await tokens.refresh(first.refresh_token)
    at(monkeypatch, started + timedelta(days=58))
    third = await tokens.refresh(second.refresh_token)
    at(monkeypatch, started + timedelta(days=89))
    assert await refused(tokens.refresh(third.refresh_token)) == "invalid_grant"


async def test_a_family_ends_in_any_case_some_time_after_the_sign_in(
    tokens: Tokens, store: MemoryStore, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, pair = now(), await sign_in(tokens, ada)
    for day in (25, 50, 75, 89):
        at(monkeypatch, started + timedelta(days=day))
        pair = await tokens.refresh(pair.refresh_token)
    family = await family_of(store, ada)
    at(monkeypatch, family.expires_at - timedelta(minutes=1))
    pair = await tokens.refresh(pair.refresh_token)
    assert 59 <= pair.expires_in <= 60
    at(monkeypatch, family.expires_at)
    assert await refused(tokens.refresh(pair.refresh_token)) == "invalid_grant"


async def test_an_access_token_ends_with_its_family(
    trusting: Tokens, store: MemoryStore, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await sign_in(trusting, ada)
    assert await is_good(trusting, pair.access_token)
    at(monkeypatch, (await family_of(store, ada)).expires_at)
    assert not await is_good(trusting, pair.access_token)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_token_that_is_revoked_takes_its_family_along(
    tokens: Tokens, ada: User, kind: str
) -> None:
    other, first = await sign_in(tokens, ada), await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token)
    await tokens.revoke(getattr(second, kind))
    for pair in (first, second):
        assert not await is_good(tokens, pair.access_token)
    assert await refused(tokens.refresh(second.refresh_token)) == "invalid_grant"
    assert await is_good(tokens, other.access_token)
    await tokens.revoke(getattr(second, kind))


async def test_a_used_refresh_token_can_be_revoked(tokens: Tokens, ada: User) -> None:
    first = await sign_in(tokens, ada)
    second = await tokens.refresh(first.refresh_token)
    await tokens.revoke(first.refresh_token)
    assert not await is_good(tokens, second.access_token)


async def test_revoking_needs_a_token_that_counts(tokens: Tokens, ada: User) -> None:
    pair = await sign_in(tokens, ada)
    header, payload, _ = pair.access_token.split(".")
    family_id = claims_of(pair.access_token)["sid"]
    for token in (
        f"{header}.{payload}.",
        forge(pair.access_token, aud="another"),
        jwt.encode({"sid": family_id}, "", algorithm="none"),
        family_id,
        digest(pair.refresh_token),
        ada.id,
    ):
        await tokens.revoke(token)
    assert await is_good(tokens, pair.access_token)
    assert await tokens.refresh(pair.refresh_token)


async def test_all_families_of_a_user_can_be_ended(
    tokens: Tokens, trusting: Tokens, store: MemoryStore, ada: User
) -> None:
    bob = User(name="bob")
    await store.add(bob)
    pairs = [await sign_in(trusting, ada) for _ in range(3)]
    bobs = await sign_in(trusting, bob)
    for pair in (*pairs, bobs):
        assert await is_good(trusting, pair.access_token)
    await trusting.end_all(ada)
    for verifier in (tokens, trusting):
        assert not any([await is_good(verifier, pair.access_token) for pair in pairs])
        assert await is_good(verifier, bobs.access_token)


async def test_a_family_that_was_found_good_is_trusted_for_a_moment(
    trusting: Tokens, store: CountingStore, ada: User
) -> None:
    pair = await sign_in(trusting, ada)
    await trusting.verify(pair.access_token)
    reads = store.reads
    for _ in range(10):
        assert (await trusting.verify(pair.access_token)).user == ada
    assert store.reads == reads


async def test_without_trust_another_process_sees_the_end_at_once(
    tokens: Tokens, trusting: Tokens, ada: User
) -> None:
    pair = await sign_in(trusting, ada)
    assert await is_good(trusting, pair.access_token)
    assert await is_good(tokens, pair.access_token)
    await Tokens.revoke(tokens, pair.refresh_token)
    assert not await is_good(tokens, pair.access_token)
    # This one stands for another process, which does not know yet.
    assert await is_good(trusting, pair.access_token)


Ending = Callable[[Tokens, TokenPair, User], Awaitable[Any]]


async def reuse(tokens: Tokens, pair: TokenPair, user: User) -> None:
    await tokens.refresh(pair.refresh_token)
    await refused(tokens.refresh(pair.refresh_token))


ENDINGS: list[Ending] = [
    lambda tokens, pair, user: tokens.revoke(pair.access_token),
    lambda tokens, pair, user: tokens.revoke(pair.refresh_token),
    lambda tokens, pair, user: tokens.end_all(user),
    reuse,
]


@pytest.mark.parametrize("end", ENDINGS)
async def test_the_process_that_ends_a_family_sees_it_at_once(
    trusting: Tokens, ada: User, end: Ending
) -> None:
    pair = await sign_in(trusting, ada)
    assert await is_good(trusting, pair.access_token)
    await end(trusting, pair, ada)
    assert not await is_good(trusting, pair.access_token)


class SlowStore(MemoryStore):
    """Answers the question for a user only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def get(self, kind: Any, id: str) -> Any:
        found = await super().get(kind, id)
        if kind is User:
            self.asked.set()
            await self.answer.wait()
        return found


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("end", ENDINGS[:3])
async def test_an_answer_from_before_the_end_is_not_trusted_after_it(
    ada: User, end: Ending
) -> None:
    store = SlowStore()
    await store.add(ada)
    tokens = Tokens(store, KEYS, ROLES, TokenSettings(trust=timedelta(minutes=1)))
    pair = await sign_in(tokens, ada)
    request = asyncio.create_task(is_good(tokens, pair.access_token))
    await store.asked.wait()
    await end(tokens, pair, ada)
    store.answer.set()
    await request
    assert not await is_good(tokens, pair.access_token)


async def test_what_is_known_of_a_user_can_be_forgotten(
    trusting: Tokens, store: MemoryStore, ada: User
) -> None:
    pair = await sign_in(trusting, ada)
    await trusting.verify(pair.access_token)
    await store.replace(ada, roles=("reader",))
    assert "admin" in (await trusting.verify(pair.access_token)).scopes
    trusting.forget(ada)
    assert (await trusting.verify(pair.access_token)).scopes == {"reader"}


async def test_an_end_gets_through_though_others_change_the_family(
    tokens: Tokens, store: MemoryStore, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await sign_in(tokens, ada)
    replaced, calls = store.replace, 0

    async def replace_second(old: Any, **changes: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            await replaced(old, methods=("pwd",))
        return await replaced(old, **changes)

    monkeypatch.setattr(store, "replace", replace_second)
    await tokens.revoke(pair.refresh_token)
    assert calls == 2
    assert not await is_good(tokens, pair.access_token)


@settings(deadline=None, max_examples=50)
@given(
    st.text()
    | st.sampled_from(["", ".", "..", "\x00", "\ud800", "a" * 100_000, "é" * 50, "e30.e30.e30"])
    | st.lists(st.text("eyJ0-_=", max_size=30), max_size=4).map(".".join)
)
def test_junk_is_no_token_of_any_kind(junk: str) -> None:
    async def present() -> None:
        tokens = Tokens(MemoryStore(), KEYS, ROLES, TokenSettings())
        assert not await is_good(tokens, junk)
        assert await refused(tokens.refresh(junk)) == "invalid_grant"
        await tokens.revoke(junk)

    asyncio.run(present())
