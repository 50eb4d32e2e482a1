"""Accounts: registering, signing in, changing and resetting passwords, over many at once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import anyio
import bcrypt
import pytest

from vivace.auth import (
    ApiKey,
    BackOffSettings,
    Duplicate,
    Identity,
    InvalidCredentials,
    MemoryStore,
    NotAcceptable,
    PasswordReset,
    PasswordSettings,
    User,
)
from vivace.auth.accounts.back_off import BackOff
from vivace.auth.accounts.lifecycle import Accounts, SendReset
from vivace.auth.accounts.passwords import Passwords
from vivace.auth.errors import InvalidReset, InvalidSignIn, TooManyAttempts, WrongPassword
from vivace.auth.stores import records

pytestmark = pytest.mark.anyio

CHEAP = PasswordSettings(time_cost=1, memory_cost=8, parallelism=1)
OLD, NEW, OTHER = "correct horse battery", "a staple for the horse", "and something else"


class Role(Enum):
    ADMIN = "admin"


class SlowStore(MemoryStore):
    """Lets others go first before each step, as a database does."""

    async def get(self, kind: Any, id: str) -> Any:
        found = await super().get(kind, id)
        await anyio.lowlevel.checkpoint()
        return found

    async def find(self, kind: Any, **equal: Any) -> Any:
        self.finds = [*getattr(self, "finds", []), (kind, sorted(equal))]
        found = await super().find(kind, **equal)
        await anyio.lowlevel.checkpoint()
        return found


class CountingPasswords(Passwords):
    """Writes down whether there was a hash each time that a password was verified."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.verified: list[bool] = []

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        self.verified.append(hashed is not None)
        return await super().verify(password, hashed)


class Kit:
    def __init__(self, settings: BackOffSettings | None = None) -> None:
        self.store = SlowStore()
        self.passwords = CountingPasswords()
        self.sent: list[tuple[str, str]] = []
        self.settings = settings or BackOffSettings()
        self.accounts = self.process(self._send)

    def process(self, send: SendReset | None = None) -> Accounts:
        """The accounts as another process has them."""
        back_off = BackOff(self.store, self.settings)
        return Accounts(self.store, self.passwords, back_off, CHEAP, send)

    async def _send(self, user: User, token: str) -> None:
        self.sent.append((user.name, token))

    async def sign_in(self, password: str, name: str = "ada", address: str | None = None) -> User:
        return await self.accounts.sign_in(name, password, address=address)

    async def token(self, name: str = "ada") -> str:
        await self.accounts.request_reset(name)
        return self.sent.pop()[1]


@pytest.fixture
def kit() -> Kit:
    return Kit()


@pytest.fixture
async def ada(kit: Kit) -> User:
    return await kit.accounts.register("Ada", OLD, email="Ada@Example.com", roles=[Role.ADMIN])


async def test_one_who_has_registered_signs_in(kit: Kit, ada: User) -> None:
    assert (ada.name, ada.email, ada.roles) == ("ada", "ada@example.com", ("admin",))
    assert not ada.email_verified
    for name in ("ada", "ADA", " Ada "):
        assert await kit.sign_in(OLD, name) == ada
    assert OLD not in repr(ada)
    assert "argon2" not in repr(ada)


async def test_names_and_addresses_are_taken_once(kit: Kit, ada: User) -> None:
    with pytest.raises(Duplicate) as raised:
        await kit.accounts.register("ADA", OLD)
    assert raised.value.name == "name"
    with pytest.raises(Duplicate) as raised:
        await kit.accounts.register("bob", OLD, email="ADA@example.com")
    assert raised.value.name == "email"
    await kit.accounts.register("bob", OLD)
    await kit.accounts.register("carol", OLD)


async def test_of_those_who_register_a_name_at_once_one_gets_it(kit: Kit) -> None:
    taken: list[str] = []

    async def register(name: str) -> None:
        try:
            await kit.process().register(name, OLD)
        except Duplicate:
            taken.append(name)

    async with anyio.create_task_group() as tasks:
        for name in ("ada", "Ada", "ADA", " ada", "\uff41da"):
            tasks.start_soon(register, name)
    assert len(taken) == 4
    assert len(await kit.store.find(User)) == 1


@pytest.mark.parametrize(
    ("name", "password", "email", "field"),
    [
        ("", OLD, None, "name"),
        ("a b", OLD, None, "name"),
        ("ada", "short", None, "password"),
        ("ada.lovelace", "Ada.Lovelace", None, "password"),
        ("ada", "Ada@Example.com", "ada@example.com", "password"),
        ("ada", OLD, "nowhere", "email"),
    ],
)
async def test_what_no_account_can_have_is_refused(
    kit: Kit, name: str, password: str, email: str | None, field: str
) -> None:
    with pytest.raises(NotAcceptable) as raised:
        await kit.accounts.register(name, password, email=email)
    assert raised.value.field == field
    assert await kit.store.find(User) == []


async def test_every_failed_sign_in_does_and_says_the_same(kit: Kit, ada: User) -> None:
    inactive = await kit.accounts.register("bob", OLD)
    await kit.accounts.deactivate(inactive)
    await kit.store.add(User(name="carol", password_hash=None))
    said = []
    attempts = [("ada", OTHER), ("nobody", OTHER), ("bob", OLD), ("bob", OTHER), ("carol", OTHER)]
    for name, password in attempts:
        kit.passwords.verified.clear()
        kit.store.finds = []
        with pytest.raises(InvalidSignIn) as raised:
            await kit.sign_in(password, name, "192.0.2.1")
        error = raised.value
        done = (len(kit.passwords.verified), tuple(map(repr, kit.store.finds)))
        said.append((error.status_code, error.detail, str(error.headers), done))
    assert len(set(said)) == 1
    assert said[0][0] == 401
    assert said[0][3][0] == 1


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "a b", "x" * 100_000, "\ufdfa" * 10_000])
async def test_the_store_is_not_asked_for_names_that_there_cannot_be(kit: Kit, name: str) -> None:
    kit.store.finds = []
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(OLD, name)
    assert kit.store.finds == []
    assert kit.passwords.verified == [False]


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "x" * 100_000])
async def test_any_password_can_be_tried(kit: Kit, ada: User, password: str) -> None:
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(password)


async def test_a_bcrypt_hash_is_replaced_when_its_owner_signs_in(kit: Kit) -> None:
    old = bcrypt.hashpw(OLD.encode(), bcrypt.gensalt(4)).decode()
    await kit.store.add(User(name="ada", password_hash=old))
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(OTHER)
    user = await kit.sign_in(OLD)
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")
    assert user.epoch == 0
    assert await kit.sign_in(OLD) == user


async def test_a_hash_is_not_replaced_over_a_new_password(kit: Kit) -> None:
    old = bcrypt.hashpw(OLD.encode(), bcrypt.gensalt(4)).decode()
    user = User(name="ada", password_hash=old)
    await kit.store.add(user)
    verify = kit.passwords.verify

    async def verify_late(password: str, hashed: str | None) -> tuple[bool, str | None]:
        answer = await verify(password, hashed)
        await kit.store.replace(user, password_hash="another", epoch=1)
        return answer

    kit.passwords.verify = verify_late  # type: ignore[method-assign]
    # Signed in at an epoch that is past: nothing made of it counts.
    assert (await kit.sign_in(OLD)).epoch == 0
    [current] = await kit.store.find(User)
    assert current.password_hash == "another"


async def test_failures_make_the_account_wait_also_with_the_right_password(kit: Kit) -> None:
    await kit.accounts.register("ada", OLD)
    for name in ("ada", "nobody"):
        for number in range(5):
            with pytest.raises(InvalidSignIn):
                await kit.sign_in(OTHER, name, f"192.0.2.{number}")
        kit.passwords.verified.clear()
        with pytest.raises(TooManyAttempts) as raised:
            await kit.sign_in(OLD, name.upper(), "198.51.100.1")
        assert raised.value.headers == {"Retry-After": "1"}
        assert kit.passwords.verified == []


async def test_the_owner_gets_in_when_the_wait_is_over(
    kit: Kit, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = datetime.now(UTC)
    monkeypatch.setattr(records, "now", lambda: time)
    refused = 0
    for _ in range(100):
        try:
            await kit.sign_in(OTHER)
        except TooManyAttempts as error:
            refused += 1
            assert error.headers is not None
            assert int(error.headers["Retry-After"]) <= 15 * 60
            time += timedelta(seconds=int(error.headers["Retry-After"]))
        except InvalidSignIn:
            pass
    assert refused > 40
    time += timedelta(minutes=15)
    await kit.sign_in(OLD)
    for _ in range(5):
        with pytest.raises(InvalidSignIn):
            await kit.sign_in(OTHER)


async def test_guesses_at_once_are_no_more_than_one_by_one(kit: Kit, ada: User) -> None:
    refused: list[str] = []
    processes = [kit.process(), kit.process()]

    async def guess(number: int) -> None:
        try:
            await processes[number % 2].sign_in("ada", f"guess {number}", address=None)
        except TooManyAttempts:
            refused.append("429")
        except InvalidSignIn:
            refused.append("401")

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(guess, number)
    assert refused.count("401") == 5
    assert refused.count("429") == 35


async def test_a_changed_password_ends_the_old_one_and_the_epoch(kit: Kit, ada: User) -> None:
    token = await kit.token()
    changed = await kit.accounts.change_password(ada, OLD, NEW)
    assert changed.epoch == ada.epoch + 1
    assert await kit.sign_in(NEW) == changed
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(OLD)
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(token, OTHER)


async def test_a_change_asks_for_the_password(kit: Kit, ada: User) -> None:
    with pytest.raises(WrongPassword) as raised:
        await kit.accounts.change_password(ada, OTHER, NEW)
    assert raised.value.status_code == 403
    with pytest.raises(NotAcceptable):
        await kit.accounts.change_password(ada, OLD, "short")
    for _ in range(4):
        with pytest.raises(WrongPassword):
            await kit.accounts.reauthenticate(ada, OTHER)
    with pytest.raises(TooManyAttempts):
        await kit.accounts.change_password(ada, OLD, NEW)
    # What is guessed with a stolen token does not keep the owner from signing in.
    assert await kit.sign_in(OLD) == ada


async def test_of_changes_at_once_one_happens(kit: Kit, ada: User) -> None:
    outcomes: list[str] = []

    async def change(new: str) -> None:
        try:
            await kit.process().change_password(ada, OLD, new)
            outcomes.append(new)
        except WrongPassword:
            outcomes.append("wrong")

    async with anyio.create_task_group() as tasks:
        for new in (NEW, OTHER):
            tasks.start_soon(change, new)
    assert outcomes.count("wrong") == 1
    [winner] = [outcome for outcome in outcomes if outcome != "wrong"]
    assert (await kit.sign_in(winner)).epoch == 1


async def test_who_is_gone_or_not_active_changes_nothing(kit: Kit, ada: User) -> None:
    inactive = await kit.accounts.deactivate(ada)
    with pytest.raises(InvalidCredentials):
        await kit.accounts.change_password(ada, OLD, NEW)
    await kit.store.remove(User, id=ada.id)
    with pytest.raises(InvalidCredentials):
        await kit.accounts.change_password(ada, OLD, NEW)
    with pytest.raises(InvalidCredentials):
        await kit.accounts.sign_out_everywhere(inactive)


@pytest.mark.parametrize("name", ["ada", " ADA", "Ada@Example.com"])
async def test_a_password_is_reset_by_what_is_sent(kit: Kit, ada: User, name: str) -> None:
    token = await kit.token(name)
    [record] = await kit.store.find(PasswordReset)
    assert token not in repr(record)
    user = await kit.accounts.reset(token, NEW)
    assert user.epoch == ada.epoch + 1
    assert await kit.sign_in(NEW) == user
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(OLD)


async def test_a_token_is_good_once(kit: Kit, ada: User) -> None:
    token = await kit.token()
    await kit.accounts.reset(token, NEW)
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(token, OTHER)
    await kit.sign_in(NEW)


async def test_of_uses_of_one_token_at_once_one_succeeds(kit: Kit, ada: User) -> None:
    assert await race(kit, [await kit.token()] * 8) == 1


async def test_of_several_tokens_at_once_one_is_good(kit: Kit, ada: User) -> None:
    tokens = [await kit.token() for _ in range(3)]
    assert await race(kit, tokens) == 1
    for token in tokens:
        with pytest.raises(InvalidReset):
            await kit.accounts.reset(token, OTHER)


async def race(kit: Kit, tokens: list[str]) -> int:
    """How many of ``tokens``, used at once, set a password."""
    done: list[User] = []

    async def reset(token: str) -> None:
        with suppress(InvalidReset):
            done.append(await kit.process().reset(token, NEW))

    async with anyio.create_task_group() as tasks:
        for token in tokens:
            tasks.start_soon(reset, token)
    return len(done)


async def test_a_token_expires(kit: Kit, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await kit.token()
    later = datetime.now(UTC) + timedelta(minutes=31)
    monkeypatch.setattr(records, "now", lambda: later)
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(token, NEW)
    await kit.token()
    assert len(await kit.store.find(PasswordReset)) == 1


@pytest.mark.parametrize("token", ["", "unknown", "\0", "\ud800", "x" * 100_000])
async def test_other_tokens_are_refused(kit: Kit, ada: User, token: str) -> None:
    await kit.token()
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(token, NEW)


async def test_what_is_stored_resets_nothing(kit: Kit, ada: User) -> None:
    await kit.token()
    [record] = await kit.store.find(PasswordReset)
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(record.id, NEW)


async def test_a_bad_new_password_does_not_use_the_token_up(kit: Kit, ada: User) -> None:
    token = await kit.token()
    with pytest.raises(NotAcceptable):
        await kit.accounts.reset(token, "short")
    await kit.accounts.reset(token, NEW)


async def test_nothing_is_sent_to_those_who_cannot_use_it(kit: Kit, ada: User) -> None:
    await kit.accounts.deactivate(ada)
    await kit.store.add(User(name="carol", email="carol@example.com"))
    for name in ("ada", "carol", "nobody", "", "\0", "\ud800", "x" * 100_000, "no@example.com"):
        await kit.accounts.request_reset(name)
    assert kit.sent == []
    assert await kit.store.find(PasswordReset) == []


async def test_a_token_sent_before_is_of_no_use_to_one_who_is_not_active(
    kit: Kit, ada: User
) -> None:
    token = await kit.token()
    await kit.accounts.activate(await kit.accounts.deactivate(ada))
    with pytest.raises(InvalidReset):
        await kit.accounts.reset(token, NEW)


async def test_who_has_another_s_address_for_a_name_does_not_get_their_token(
    kit: Kit, ada: User
) -> None:
    await kit.accounts.register("ada@example.com", OTHER)
    await kit.accounts.request_reset("ada@example.com")
    # Each gets their own.
    assert [name for name, _ in kit.sent] == ["ada@example.com", "ada"]
    (_, for_other), (_, for_ada) = kit.sent
    assert (await kit.accounts.reset(for_ada, NEW)).name == "ada"
    assert (await kit.accounts.reset(for_other, NEW)).name == "ada@example.com"


async def test_nobody_s_mailbox_is_flooded(kit: Kit, ada: User) -> None:
    for _ in range(50):
        await kit.accounts.request_reset("ada")
    assert len(kit.sent) == 5
    for number in range(50):
        await kit.accounts.request_reset(f"user{number}", address="192.0.2.1")
    await kit.accounts.request_reset("ada@example.com", address="192.0.2.1")
    assert len(kit.sent) == 5


async def test_a_reset_ends_the_wait(kit: Kit, ada: User) -> None:
    token = await kit.token()
    for _ in range(5):
        with pytest.raises(InvalidSignIn):
            await kit.sign_in(OTHER)
    with pytest.raises(TooManyAttempts):
        await kit.sign_in(OLD)
    await kit.accounts.reset(token, NEW)
    await kit.sign_in(NEW)


async def test_whoever_made_the_account_before_the_address_s_owner_came_is_out(
    kit: Kit, ada: User
) -> None:
    async def leave_something() -> None:
        await kit.store.add(ApiKey(user_id=ada.id, name="key", prefix="p", secret_hash="h"))
        await kit.store.add(Identity(user_id=ada.id, subject="https://id.example 1"))

    await leave_something()
    user = await kit.accounts.reset(await kit.token(), NEW)
    assert user.email_verified
    assert [await kit.store.find(kind) for kind in (ApiKey, Identity)] == [[], []]
    # From now on, what there is is the owner's.
    await leave_something()
    await kit.accounts.reset(await kit.token(), OTHER)
    assert len(await kit.store.find(ApiKey)) == 1


async def test_without_a_way_to_send_there_is_no_reset(kit: Kit, ada: User) -> None:
    accounts = kit.process()
    assert not accounts.can_reset
    with pytest.raises(RuntimeError, match="send_reset"):
        await accounts.request_reset("ada")


async def test_changes_happen_over_those_of_others(kit: Kit, ada: User) -> None:
    # All begin with the user as they were at first.
    await kit.accounts.sign_out_everywhere(ada)
    await kit.accounts.sign_out_everywhere(ada)
    await kit.accounts.set_roles(ada, ["editor", Role.ADMIN])
    user = await kit.accounts.deactivate(ada)
    assert (user.epoch, user.roles, user.is_active) == (3, ("editor", "admin"), False)
    with pytest.raises(InvalidSignIn):
        await kit.sign_in(OLD)
    await kit.accounts.activate(ada)
    assert (await kit.sign_in(OLD)).epoch == 3


async def test_who_watches_is_told_of_every_change(kit: Kit, ada: User) -> None:
    told: list[User] = []
    kit.accounts.watch(told.append)
    accounts = kit.accounts
    await accounts.reset(await kit.token(), NEW)
    await accounts.change_password(ada, NEW, OLD)
    await accounts.sign_out_everywhere(ada)
    await accounts.set_roles(ada, [])
    last = await accounts.deactivate(ada)
    assert [user.epoch for user in told] == [1, 1, 2, 3, 3, 4]
    assert told[-1] == last
