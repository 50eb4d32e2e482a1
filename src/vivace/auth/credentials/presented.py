"""Which credential a request comes with, and whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vivace.auth.credentials.api_keys import ApiKeys
from vivace.auth.credentials.csrf import acts
from vivace.auth.credentials.sessions import Sessions
from vivace.auth.credentials.tokens import Tokens
from vivace.auth.errors import NotSignedIn
from vivace.auth.principal import Principal
from vivace.auth.settings import ApiKeySettings
from vivace.requests import HTTPConnection

#: Called with whose it is for each request and WebSocket of an API key: it may raise a 429.
KeyLimit = Callable[[Principal, HTTPConnection], Awaitable[None]]


class Credentials:
    """Tells who makes a request.

    The first of these counts, whatever it is worth: an access token in ``Authorization``; an API
    key in the header, query parameter or cookie of the settings; the cookie of a session.
    """

    def __init__(
        self,
        tokens: Tokens,
        api_keys: ApiKeys,
        sessions: Sessions,
        settings: ApiKeySettings,
        limit_key: KeyLimit | None,
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._sessions = sessions
        self._settings = settings
        self._limit_key = limit_key

    async def identify(self, connection: HTTPConnection) -> Principal:
        """Who makes a request or opens a WebSocket.

        Raises:
            NotSignedIn: It comes without credentials.
            InvalidCredentials: Its credential is wrong, expired or ended.
            CsrfFailed: It has its credential from a cookie, and may come from another site.
        """
        token = bearer_token(connection)
        if token:
            return await self._tokens.verify(token)
        key = self._key_of(connection)
        if key:
            principal = await self._api_keys.verify(key)
            if self._limit_key is not None:
                await self._limit_key(principal, connection)
            return principal
        return await self.identify_session(connection)

    async def identify_session(self, connection: HTTPConnection) -> Principal:
        """Whose session a request belongs to, whatever else it comes with; raises the same."""
        cookie = connection.cookies.get(self._sessions.cookie)
        if not cookie:
            raise NotSignedIn
        return await self._sessions.verify(cookie, connection)

    def _key_of(self, connection: HTTPConnection) -> str | None:
        settings = self._settings
        key = connection.headers.get(settings.header)
        if not key and settings.query is not None:
            key = connection.query_params.get(settings.query)
        if not key and settings.cookie is not None:
            key = connection.cookies.get(settings.cookie)
            if key and acts(connection):
                # Browsers add cookies to what other sites have them do.
                self._sessions.check_origin(connection)
        return key


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token in ``Authorization`` (RFC 6750, section 2.1)."""
    # Read from the scope, since this is done in every request: names are in lower case there.
    for name, value in connection.scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else None
    return None


__all__ = ["Credentials", "KeyLimit", "bearer_token"]
