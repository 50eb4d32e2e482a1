from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from tests.unit.auth.openid_browser import Role, run

from vivace.auth import ApiKey, Identity, MemoryStore, Provider, Record, Roles, User
from vivace.auth.openid.accounts import OpenIDAccounts
from vivace.auth.openid.provider import SignInFailed

ISSUER = "https://acme.example"
ACME = Provider("acme", ISSUER, "client")
TRUSTED = Provider("acme", ISSUER, "client", trust_email=True)


def claims(**others: Any) -> dict[str, Any]:
    return {"iss": ISSUER, "sub": "ada-1", **others}


class SlowStore(MemoryStore):
    """Lets others go first at each step."""

    async def add(self, record: Record) -> None:
        await anyio.lowlevel.checkpoint()
        await super().add(record)

    async def find(self, kind: Any, **equal: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        found = await super().find(kind, **equal)
        await anyio.lowlevel.checkpoint()
        return found

    async def replace(self, old: Any, **changes: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return await super().replace(old, **changes)


@pytest.mark.parametrize("provider", [ACME, TRUSTED])
def test_of_several_first_sign_ins_at_once_one_registers(provider: Provider) -> None:
    async def main() -> None:
        store = SlowStore()
        accounts = OpenIDAccounts(store, Roles(Role))
        found: list[User] = []

        async def sign_in() -> None:
            found.append(await accounts.sign_in(provider, said))

        said = claims(preferred_username="ada", email="ada@example.org", email_verified=True)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(sign_in)
        assert len({user.id for user in found}) == 1
        assert len(await store.find(User)) == len(await store.find(Identity)) == 1

    anyio.run(main)


def test_of_two_who_link_one_identity_at_once_one_does() -> None:
    async def main() -> None:
        store = SlowStore()
        accounts = OpenIDAccounts(store, Roles(Role))
        users = [User(name=name) for name in ("ada", "bob")]
        refused: list[int] = []

        async def link(user: User) -> None:
            try:
                await accounts.link(user, claims())
            except SignInFailed as error:
                refused.append(error.status_code)

        async with anyio.create_task_group() as group:
            for user in users:
                await store.add(user)
                group.start_soon(link, user)
        assert refused == [409]
        assert len(await store.find(Identity)) == 1

    anyio.run(main)


def test_identities_of_one_subject_at_two_issuers_are_two() -> None:
    async def main() -> None:
        accounts = OpenIDAccounts(MemoryStore(), Roles(Role))
        one = await accounts.sign_in(ACME, claims())
        other = replace(ACME, issuer="https://other.example")
        two = await accounts.sign_in(other, claims(iss="https://other.example"))
        assert one.id != two.id

    anyio.run(main)


def test_the_identity_of_an_account_that_is_gone_belongs_to_nobody() -> None:
    async def main() -> None:
        store = MemoryStore()
        accounts = OpenIDAccounts(store, Roles(Role))
        gone = await accounts.sign_in(ACME, claims())
        await store.remove(User, id=gone.id)
        user = await accounts.sign_in(ACME, claims())
        assert user.id != gone.id
        assert [one.user_id for one in await store.find(Identity)] == [user.id]

    anyio.run(main)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"preferred_username": "Ada"}, "ada"),
        ({"preferred_username": "ada@example.org"}, "ada"),
        ({"preferred_username": "Ada Lovelace"}, "ada-lovelace"),
        ({"preferred_username": " <b>Ada</b> "}, "b-ada-b"),
        ({"preferred_username": "@", "nickname": "Ada"}, "ada"),
        ({"preferred_username": ["ada"], "email": "a.l@example.org"}, "a.l"),
        ({"name": "愛"}, "愛"),
        ({"name": "a" * 1000}, "a" * 32),
        ({"name": "\u115f"}, "user"),
        ({"name": "\udcff"}, "user"),
        ({}, "user"),
    ],
)
def test_names_come_from_what_the_provider_says(said: dict[str, Any], name: str) -> None:
    accounts = OpenIDAccounts(MemoryStore(), Roles(Role))
    assert run(accounts.sign_in, ACME, claims(**said)).name == name


def test_a_name_that_is_taken_gets_an_end() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.add(User(name="ada"))
        accounts = OpenIDAccounts(store, Roles(Role))
        user = await accounts.sign_in(ACME, claims(name="Ada"))
        assert user.name.startswith("ada-")

    anyio.run(main)


@pytest.mark.parametrize(
    "email", ["\uff41da@example.org", "ada", "", None, ["ada@example.org"], "ada@example.org\n, b"]
)
def test_what_is_no_plain_address_is_not_kept(email: Any) -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.add(User(name="ada", email="ada@example.org"))
        accounts = OpenIDAccounts(store, Roles(Role))
        user = await accounts.sign_in(TRUSTED, claims(email=email, email_verified=True))
        assert (user.email, user.email_verified) == (None, False)
        assert len(await store.find(User)) == 2

    anyio.run(main)


@pytest.mark.parametrize("verified", [False, None, "false", 1, [True], {}])
def test_what_is_not_verified_is_not_kept(verified: Any) -> None:
    accounts = OpenIDAccounts(MemoryStore(), Roles(Role))
    said = claims(email="ada@example.org", email_verified=verified)
    assert run(accounts.sign_in, TRUSTED, said).email is None


def test_what_is_verified_is_kept_as_such() -> None:
    accounts = OpenIDAccounts(MemoryStore(), Roles(Role))
    said = claims(email="Ada@example.org", email_verified=True)
    user = run(accounts.sign_in, TRUSTED, said)
    assert (user.email, user.email_verified) == ("ada@example.org", True)


class FailingStore(MemoryStore):
    """Stops when the first account has lost its password."""

    async def remove(self, kind: Any, **equal: Any) -> int:
        raise ConnectionError


def test_an_account_that_was_claimed_by_half_is_claimed_again() -> None:
    async def main() -> None:
        store = FailingStore()
        taken = User(name="taken", email="ada@example.org", password_hash="hash")
        await store.add(taken)
        await store.add(ApiKey(user_id=taken.id, name="mine", prefix="p", secret_hash="h"))
        accounts = OpenIDAccounts(store, Roles(Role))
        said = claims(email="ada@example.org", email_verified=True)
        with pytest.raises(ConnectionError):
            await accounts.sign_in(TRUSTED, said)
        assert await store.find(Identity) == []
        store.__class__ = MemoryStore  # type: ignore[assignment]
        user = await accounts.sign_in(TRUSTED, said)
        assert (user.id, user.password_hash) == (taken.id, None)
        assert await store.find(ApiKey) == []

    anyio.run(main)
