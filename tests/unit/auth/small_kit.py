"""The kit with what passwords, access tokens and the second step need left out, for quick tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from vivace import APIRouter, Depends, Vivace
from vivace.auth import (
    AuthSettings,
    InvalidCredentials,
    MemoryStore,
    Principal,
    Record,
    Roles,
    User,
)
from vivace.auth.credentials.api_keys import ApiKeys
from vivace.auth.credentials.presented import Credentials, KeyLimit
from vivace.auth.credentials.sessions import Sessions
from vivace.auth.errors import InvalidSignIn
from vivace.auth.expiry import Expiry
from vivace.auth.guards import Guards
from vivace.auth.routes.no_store import forbid_storing
from vivace.auth.vault import Vault
from vivace.opening import opening
from vivace.testclient import TestClient

T = TypeVar("T")
R = TypeVar("R", bound=Record)

SECRET = "a secret for tests, and for nothing else"
PASSWORD = "correct horse"
ORIGIN = "https://testserver"


class Role(Enum):
    ADMIN = "admin"
    EDITOR = "editor"
    READER = "reader"


ROLES = Roles(
    Role,
    contains={Role.ADMIN: [Role.EDITOR], Role.EDITOR: [Role.READER]},
    grants={Role.EDITOR: ["articles:write"]},
)


def run(doing: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(doing)


class SmallKit:
    """An app whose users sign in with ``PASSWORD``; their names are access tokens, too.

    ``name/scope,scope`` is a token with only these scopes.
    """

    def __init__(
        self, settings: AuthSettings | None = None, limit_key: KeyLimit | None = None
    ) -> None:
        self.settings = settings or AuthSettings()
        self.store = MemoryStore()
        self.roles = ROLES
        self.vault = Vault(SECRET)
        self.api_keys = ApiKeys(self.store, ROLES, self.settings.api_keys)
        self.sessions = Sessions(self.store, self.vault, ROLES, self.settings.sessions)
        self.expiry = Expiry(self.store)
        self.accounts = SimpleNamespace(sign_in=self._sign_in)
        self.mfa = SimpleNamespace(is_enabled=self._has_mfa, challenge=self._challenge)
        tokens: Any = SimpleNamespace(verify=self._verify_token)
        self.guards = Guards(
            settings=self.settings,
            roles=ROLES,
            token_url="token",
            credentials=Credentials(
                tokens, self.api_keys, self.sessions, self.settings.api_keys, limit_key
            ),
            session_cookie=self.sessions.cookie,
            opened=opening(self.store),
        )
        self.user = self.guards.user
        self.principal = self.guards.principal
        self.in_person = self.guards.in_person
        self.require = self.guards.require
        self.app = Vivace(dependencies=[Depends(forbid_storing)])
        self.add_user("ada", Role.ADMIN)
        self.add_user("bob", Role.READER)

    def include(self, make_router: Any) -> None:
        router: APIRouter = make_router(cast("Any", self))
        self.app.include_router(router)

    def client(self, **options: Any) -> TestClient:
        return TestClient(self.app, base_url="https://testserver", **options)

    def add_user(self, name: str, *roles: Role) -> User:
        user = User(name=name, roles=tuple(role.value for role in roles))
        run(self.store.add(user))
        return user

    def user_of(self, name: str) -> User:
        (user,) = run(self.store.find(User, name=name))
        return user

    def change(self, record: R, **changes: Any) -> R:
        changed = run(self.store.replace(record, **changes))
        assert changed is not None
        return changed

    def make_key(self, name: str, *scopes: str, **options: Any) -> str:
        """An API key of the user."""
        user = self.user_of(name)
        granted = ROLES.scopes_of(user.roles)
        key, _ = run(
            self.api_keys.make(user, name="a key", scopes=scopes, granted=granted, **options)
        )
        return key

    async def _sign_in(self, name: str, password: str, *, address: str | None) -> User:
        found = await self.store.find(User, name=name)
        if not found or password != PASSWORD:
            raise InvalidSignIn
        return found[0]

    async def _has_mfa(self, user: User) -> bool:
        return user.name == "eve"

    async def _challenge(self, user: User, *, purpose: str) -> str:
        return f"challenge of {user.name} for {purpose}"

    async def _verify_token(self, token: str) -> Principal:
        name, _, scopes = token.partition("/")
        found = await self.store.find(User, name=name)
        if not found:
            raise InvalidCredentials
        granted = ROLES.scopes_of(found[0].roles)
        if scopes:
            granted &= frozenset(scopes.split(","))
        return Principal(found[0], granted, "token", "family", ("pwd",))
