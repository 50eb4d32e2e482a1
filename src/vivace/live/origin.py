"""Pages of other sites: browsers let them open WebSockets, with the cookies of this one.

That is cross-site WebSocket hijacking. Browsers say which page it is that asks (RFC 6455, section
4.1), and others need not say it.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from vivace import HTTPException
from vivace.requests import HTTPConnection

_PORTS = {"http": ":80", "https": ":443"}


def check_origin(connection: HTTPConnection, trusted: Collection[str]) -> None:
    """Refuse what a page of another site has its browser do.

    Args:
        trusted: Origins that are let in, as ``https://app.example``; ``*`` for all.

    Raises:
        HTTPException: 403; it is one.
    """
    origin = connection.headers.get("origin")
    if origin is None or origin in trusted or "*" in trusted:
        return
    if not _is_own(origin, connection):
        raise HTTPException(403, "Pages of other sites may not connect")


def _is_own(origin: str, connection: HTTPConnection) -> bool:
    """Whether ``origin`` (RFC 6454, section 7) is where the connection goes to."""
    try:
        asking = urlsplit(origin)
    except ValueError:
        return False
    if asking.scheme not in _PORTS or not asking.netloc:
        return False
    if asking.scheme == "http" and connection.scope.get("scheme") in ("https", "wss"):
        # A page that came without TLS may have been written by anybody on its way.
        return False
    port = _PORTS[asking.scheme]
    host = connection.headers.get("host", "").lower()
    return asking.netloc.lower().removesuffix(port) == host.removesuffix(port)


__all__ = ["check_origin"]
