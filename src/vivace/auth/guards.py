"""The dependencies by which endpoints ask who makes a request, and what they may do.

All of them serve WebSockets too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivace import Depends, Security
from vivace.auth.credentials.presented import Credentials
from vivace.auth.errors import AuthError, InsufficientScope
from vivace.auth.principal import Principal
from vivace.auth.roles import Roles
from vivace.auth.settings import AuthSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import User
from vivace.requests import HTTPConnection
from vivace.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    OAuth2PasswordBearer,
    SecurityScheme,
    SecurityScopes,
)


class Guards:
    """Makes the dependencies of one kit.

    Args:
        session_cookie: The name of the cookie of sessions.
        opened: What :func:`vivace.opening.opening` has made of the store.

    Attributes:
        principal: Gives the :class:`Principal`; 401 where there is none.
        user: Gives the :class:`User`; 401 where there is none.
        in_person: Gives the principal; also 403 for an API key, which is for programs and may not
            touch the account itself.
        session: Gives the principal of the session; 401 where there is none.
        opened: Has the store opened before the first request; for routes that have no guard.
    """

    def __init__(
        self,
        *,
        settings: AuthSettings,
        roles: Roles,
        token_url: str,
        credentials: Credentials,
        session_cookie: str,
        opened: Any,
    ) -> None:
        self.opened = opened
        bearer = _document(
            OAuth2PasswordBearer(token_url, scopes=roles.descriptions, refreshUrl=token_url)
        )
        session = _document(APIKeyCookie(name=session_cookie, scheme_name="Session"))
        keys = _key_schemes(settings)
        identified = self._after_opening(credentials.identify)
        self.principal: Any = _guard(identified, [bearer, *keys, session])
        self.in_person: Any = _guard(_not_by_key(identified), [bearer, session])
        self.session: Any = _guard(self._after_opening(credentials.identify_session), [session])
        self.user: Any = _user_of(self.principal)

    def require(self, *scopes: str) -> Any:
        """Gives the principal; 401 where there is none, 403 where it has not all of ``scopes``."""
        return Security(self.principal.dependency, scopes=scopes)

    def _after_opening(self, identify: Any) -> Any:
        """Identifies who makes a request once, however many guards there are."""

        async def identified(connection: HTTPConnection, store: Store = self.opened) -> Principal:
            found: Principal = await identify(connection)
            return found

        return Depends(identified)


def _guard(identified: Any, schemes: Iterable[Any]) -> Any:
    """Gives the principal that ``identified`` gives, if it has the scopes that are asked for."""

    async def principal(
        needed: SecurityScopes,
        found: Principal = identified,
        documented: None = _all_of(schemes),
    ) -> Principal:
        if not found.scopes.issuperset(needed.scopes):
            raise InsufficientScope(needed.scopes)
        return found

    return Depends(principal)


def _not_by_key(identified: Any) -> Any:
    async def principal(found: Principal = identified) -> Principal:
        if found.method == "api_key":
            raise AuthError(403, "API keys may not do this")
        return found

    return Depends(principal)


def _user_of(principal: Any) -> Any:
    async def user(principal: Principal = principal) -> User:
        return principal.user

    return Depends(user)


class _Documented(SecurityScheme):
    """A scheme that only stands in the document: :class:`Credentials` reads all of them at once."""

    def __init__(self, scheme: SecurityScheme) -> None:
        super().__init__(
            scheme.model,
            scheme_name=scheme.scheme_name,
            auto_error=False,
            challenge=scheme.challenge,
        )

    async def __call__(self, request: HTTPConnection) -> None:
        return


def _document(scheme: SecurityScheme) -> Any:
    return Depends(_Documented(scheme))


def _key_schemes(settings: AuthSettings) -> list[Any]:
    keys = settings.api_keys
    schemes: list[SecurityScheme] = [APIKeyHeader(name=keys.header)]
    if keys.query is not None:
        schemes.append(APIKeyQuery(name=keys.query))
    if keys.cookie is not None:
        schemes.append(APIKeyCookie(name=keys.cookie))
    return [_document(scheme) for scheme in schemes]


def _all_of(schemes: Iterable[Any]) -> Any:
    """One dependency for all of ``schemes``; the document shows each as an alternative."""
    before: Any = None
    for scheme in schemes:
        before = scheme if before is None else _both(before, scheme)
    return before


def _both(first: Any, second: Any) -> Any:
    def both(first: None = first, second: None = second) -> None:
        return None

    return Depends(both)


__all__ = ["Guards"]
