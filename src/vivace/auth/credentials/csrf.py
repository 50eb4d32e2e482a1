"""Cross-site request forgery: what other sites have a browser do with the cookies that it has.

Two things speak against it, and both are asked for: the browser says which site a request comes
from, and a token in a header is known only to pages that may read the cookie it is also in. See the
OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from hmac import compare_digest, new as hmac
from secrets import token_urlsafe
from urllib.parse import urlsplit

from vivace.auth.errors import CsrfFailed
from vivace.auth.vault import Vault
from vivace.requests import HTTPConnection

#: Methods that change nothing (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

#: The default ports, which browsers leave out.
PORTS = {"http": ":80", "https": ":443"}


class CsrfTokens:
    """Tokens that are good for one session: an HMAC over its id and a random value.

    They are not kept anywhere. The random value makes each one different, so that its length when
    compressed says nothing (the BREACH attack).
    """

    def __init__(self, vault: Vault) -> None:
        self._keys = vault.derive("csrf tokens")

    def make(self, session_id: str) -> str:
        """A token for the session with this id."""
        nonce = token_urlsafe(16)
        return f"{nonce}.{_sign(self._keys[0], session_id, nonce)}"

    def is_valid(self, token: str, session_id: str) -> bool:
        """Whether ``token`` was made for the session with this id."""
        nonce, _, signature = token.partition(".")
        # As bytes, since text that is not ASCII cannot be compared.
        given = signature.encode()
        expected = (_sign(key, session_id, nonce).encode() for key in self._keys)
        return any(compare_digest(given, one) for one in expected)


def _sign(key: bytes, session_id: str, nonce: str) -> str:
    # With their lengths, so that no two pairs are the same text.
    message = f"{len(session_id)}!{session_id}!{len(nonce)}!{nonce}"
    return hmac(key, message.encode(), sha256).hexdigest()


def acts(connection: HTTPConnection) -> bool:
    """Whether a request may change something: by its method, or as it opens a WebSocket."""
    return connection.scope.get("method") not in SAFE_METHODS


def check_origin(connection: HTTPConnection, trusted: Collection[str] = ()) -> None:
    """Refuse what a browser says that another site's page has made it do.

    A request without word of its origin is none of a browser's, which says it of all that acts. To
    WebSockets, of which browsers always say it (RFC 6455, section 4.1), it is refused.

    Args:
        trusted: Origins that count as the app's own, as ``https://app.example``.

    Raises:
        CsrfFailed: The request comes from another site.
    """
    origin = connection.headers.get("origin")
    if origin is not None and origin in trusted:
        return
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        # Fetch Metadata, section 2.4. ``none`` is what the user did, by way of the address bar.
        is_own = site == "same-origin" or site == "none"
    elif origin is not None:
        is_own = _is_own(origin, connection)
    else:
        is_own = connection.scope["type"] != "websocket"
    if not is_own:
        raise CsrfFailed("Requests from other sites are refused")


def _is_own(origin: str, connection: HTTPConnection) -> bool:
    """Whether ``origin`` (RFC 6454, section 7) is where the request goes to."""
    scheme, _, _ = origin.partition("://")
    # The server may not know of the TLS that ends in front of it; but where there is TLS, a page
    # that came without may have been written by anybody on the way.
    if scheme not in PORTS or (
        scheme == "http" and connection.scope.get("scheme") in ("https", "wss")
    ):
        return False
    try:
        asking = urlsplit(origin).netloc
    except ValueError:
        return False
    host = connection.headers.get("host", "").lower()
    port = PORTS[scheme]
    return asking != "" and asking.removesuffix(port) == host.removesuffix(port)


__all__ = ["CsrfTokens", "acts", "check_origin"]
