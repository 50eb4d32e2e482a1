"""The dependencies by which endpoints ask who makes a request, and what they may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from vivace import Depends, Request, Security
from vivace.auth.api_keys import ApiKeys
from vivace.auth.errors import InsufficientScope, NotSignedIn
from vivace.auth.principal import Principal
from vivace.auth.records import User
from vivace.auth.roles import Roles
from vivace.auth.sessions import Sessions
from vivace.auth.settings import AuthSettings
from vivace.auth.store import Store
from vivace.auth.tokens import Tokens
from vivace.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    OAuth2PasswordBearer,
    SecurityScopes,
)

#: Called with what is known of a request that an API key makes: it may raise a 429.
KeyLimit = Callable[[Principal, Request], Awaitable[None]]


def opening(store: Store) -> Any:
    """A dependency of the app's own that opens ``store`` at start-up, and closes it at the end."""

    async def opened_store() -> AsyncIterator[Store]:
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    return Depends(opened_store, scope="app")


class Guards:
    """Makes the dependencies of one kit.

    Each of the credentials is documented as a security scheme, as alternatives.
    """

    def __init__(
        self,
        *,
        settings: AuthSettings,
        roles: Roles,
        token_url: str,
        tokens: Tokens,
        api_keys: ApiKeys,
        sessions: Sessions,
        opened: Any,
        limit_key: KeyLimit | None,
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._sessions = sessions
        self._limit_key = limit_key
        #: Has the store opened before the first request; for routes that have no guard.
        self.opened = opened
        keys = settings.api_keys
        self._bearer = OAuth2PasswordBearer(
            token_url, scopes=roles.descriptions, refreshUrl=token_url, auto_error=False
        )
        self._key_schemes: list[Any] = [APIKeyHeader(name=keys.header, auto_error=False)]
        if keys.query is not None:
            self._key_schemes.append(APIKeyQuery(name=keys.query, auto_error=False))
        if keys.cookie is not None:
            self._key_schemes.append(APIKeyCookie(name=keys.cookie, auto_error=False))
        self._session_scheme = APIKeyCookie(
            name=settings.sessions.cookie, scheme_name="Session", auto_error=False
        )
        #: Gives the principal; 401 where there is none.
        self.principal: Any = Depends(self._make_principal())
        #: Gives the user; 401 where there is none.
        self.user: Any = Depends(self._user_of(self.principal))

    def require(self, *scopes: str) -> Any:
        """Gives the principal; 401 where there is none, 403 where it has not all of ``scopes``."""
        return Security(self.principal.dependency, scopes=scopes)

    def _make_principal(self) -> Callable[..., Any]:
        # Several ways for an API key to be sent are one dependency.
        async def find_key(
            request: Request,
            in_header: str | None = Depends(self._key_schemes[0]),
            *,
            others: list[str | None] = Depends(_all_of(self._key_schemes[1:])),
        ) -> str | None:
            return next((key for key in (in_header, *others) if key), None)

        async def principal(
            needed: SecurityScopes,
            request: Request,
            token: str | None = Security(self._bearer),
            key: str | None = Depends(find_key),
            session: str | None = Depends(self._session_scheme),
            _: Any = self.opened,
        ) -> Principal:
            found = await self._identify(request, token, key, session)
            if not found.scopes.issuperset(needed.scopes):
                raise InsufficientScope(needed.scopes)
            return found

        return principal

    async def _identify(
        self, request: Request, token: str | None, key: str | None, session: str | None
    ) -> Principal:
        """Whoever sent the first of the credentials that there is; what it is worth counts."""
        if token:
            return await self._tokens.verify(token)
        if key:
            principal = await self._api_keys.verify(key)
            if self._limit_key is not None:
                await self._limit_key(principal, request)
            return principal
        if session:
            return await self._sessions.verify(session, request)
        raise NotSignedIn

    def _user_of(self, principal: Any) -> Callable[..., Any]:
        async def user(principal: Principal = principal) -> User:
            return principal.user

        return user


def _all_of(schemes: list[Any]) -> Callable[..., Any]:
    """A dependency that gives what each of ``schemes`` finds: none, one or two of them."""
    if not schemes:

        def none() -> list[str | None]:
            return []

        return none
    first, rest = schemes[0], schemes[1:]

    async def some(
        found: str | None = Depends(first), others: list[str | None] = Depends(_all_of(rest))
    ) -> list[str | None]:
        return [found, *others]

    return some


__all__ = ["Guards", "KeyLimit", "opening"]
