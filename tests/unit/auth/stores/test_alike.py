"""The store for tests and the one for real answer alike, whatever is asked of them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from vivace.auth import Challenge, Duplicate, MemoryStore, Record, SQLStore, Store, User
from vivace.auth.stores.records import now

# Few of each, so that they meet.
ids = st.sampled_from(["a", "b", "c", "d", "e", "A"])
texts = st.sampled_from(["ada", "bob", "", "ADA", "a\x00", "\x1a0000", "\ud800", "ä", "a\u0308"])
optional_texts = st.none() | texts
tuples = st.lists(st.text(max_size=3), max_size=3).map(tuple)
numbers = st.integers(-3, 3)
START = datetime(2031, 1, 1, tzinfo=UTC)
moments = st.integers(-3, 3).map(lambda number: START + timedelta(microseconds=number))


make_user = st.builds(
    User,
    id=ids,
    version=st.just(0),
    created_at=moments,
    name=texts,
    email=optional_texts,
    roles=tuples,
    is_active=st.booleans(),
    epoch=numbers,
)
make_challenge = st.builds(
    Challenge,
    id=ids,
    version=st.just(0),
    created_at=moments,
    user_id=texts,
    scopes=tuples,
    purpose=texts,
    epoch=numbers,
    failures=numbers,
    expires_at=st.sampled_from([-1, 1]).map(lambda hours: now() + timedelta(hours=hours)),
    used_at=st.none() | moments,
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "email": optional_texts,
        "roles": tuples,
        "is_active": st.booleans(),
        "epoch": numbers,
    },
)
some_of_user = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "version": numbers,
        "created_at": moments,
        "name": texts,
        "email": optional_texts,
        "roles": tuples,
    },
)


async def add(store: Store, record: Record) -> None:
    await store.add(record)


async def replace(store: Store, user: User, changes: dict[str, Any]) -> User | None:
    return await store.replace(user, **changes)


def answer_of(result: Any) -> Any:
    """An answer that can be compared, of a store that may have refused."""
    return (result.kind, result.name) if isinstance(result, Duplicate) else result


class Stores(RuleBasedStateMachine):
    template: ClassVar[Path]
    users = Bundle("users")

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.directory = TemporaryDirectory()
        shutil.copy(self.template, f"{self.directory.name}/auth.db")
        self.memory = MemoryStore()
        self.sql = SQLStore(f"sqlite:///{self.directory.name}/auth.db")

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.sql.close())
            self.runner.close()
            self.directory.cleanup()

    def ask(self, work: Callable[[Store], Awaitable[Any]]) -> Any:
        """What both stores answer."""

        async def both() -> list[Any]:
            return [
                answer_of((await asyncio.gather(work(store), return_exceptions=True))[0])
                for store in (self.memory, self.sql)
            ]

        expected, found = self.runner.run(both())
        assert found == expected
        return found

    @rule(target=users, made=st.lists(make_user, min_size=1, max_size=4))
    def add_users(self, made: list[User]) -> MultipleResults[User]:
        for user in made:
            self.ask(partial(add, record=user))
        return multiple(*made)

    @rule(made=st.lists(make_challenge, min_size=1, max_size=4))
    def add_challenges(self, made: list[Challenge]) -> None:
        for challenge in made:
            self.ask(partial(add, record=challenge))

    @rule(target=users, user=users, tries=st.lists(changes, min_size=1, max_size=3))
    def replace_user(self, user: User, tries: list[dict[str, Any]]) -> MultipleResults[User]:
        """A state of a user, which may be the present one: it is, or becomes, an old one."""
        found = [self.ask(partial(replace, user=user, changes=one)) for one in tries]
        return multiple(*(state for state in found if isinstance(state, User)))

    @rule(equal=some_of_user, others=st.fixed_dictionaries({"user_id": texts}))
    def find(self, equal: dict[str, Any], others: dict[str, Any]) -> None:
        self.ask(lambda store: store.find(User, **equal))
        self.ask(lambda store: store.find(Challenge, **others))

    @rule(kind=st.sampled_from([User, Challenge]), id=ids)
    def get(self, kind: type[Record], id: str) -> None:
        self.ask(lambda store: store.get(kind, id))

    @rule(equal=some_of_user, others=st.fixed_dictionaries({"user_id": texts}))
    def remove(self, equal: dict[str, Any], others: dict[str, Any]) -> None:
        if equal:
            self.ask(lambda store: store.remove(User, **equal))
        self.ask(lambda store: store.remove(Challenge, **others))
        self.ask(lambda store: store.remove_expired(Challenge))

    @invariant()
    def both_keep_the_same(self) -> None:
        self.ask(lambda store: store.find(User))
        self.ask(lambda store: store.find(Challenge))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_sqlite_and_memory_answer_alike(migrated_sqlite: Path) -> None:
    Stores.template = migrated_sqlite
    run_state_machine_as_test(
        Stores,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
