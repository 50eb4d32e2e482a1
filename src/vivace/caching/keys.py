"""Which requests have the same answer, and which have none that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote_plus

from vivace.answers.credentials import USUAL
from vivace.answers.endpoints import variant_of
from vivace.answers.functions import digest
from vivace.datastructures import Headers
from vivace.types import Scope

#: More parameters than this are not sorted: it would take longer than most answers do.
MOST_PARAMETERS = 100


def key_of(scope: Scope, place: str, vary: Iterable[str], owner: str | None) -> str:
    """The key of the answer to a request; ``HEAD`` has that of ``GET``.

    Args:
        scope: The request.
        place: What tells its endpoint apart: versions of an API may share a path.
        vary: The fields of the request that the answer depends on.
        owner: Whose answer it is, if not everybody's.
    """
    headers = Headers(scope=scope)
    return digest(
        place,
        variant_of(scope),
        scope.get("scheme", ""),
        headers.get("host", ""),
        scope.get("root_path", ""),
        scope["path"],
        query_of(scope),
        *(part for field in vary for part in _variant(field, headers)),
        "anyone" if owner is None else f"owner {owner}",
    )


def _variant(field: str, headers: Headers) -> tuple[str, str]:
    values = headers.getlist(field)
    return field, "none" if not values else "=" + ",".join(" ".join(v.split()) for v in values)


def query_of(scope: Scope) -> str:
    """The query with its parameters in one order; those of one name stay as they were."""
    query: str = scope.get("query_string", b"").decode("latin-1")
    parts = query.split("&")
    if len(parts) > MOST_PARAMETERS:
        return query
    return "&".join(sorted((part for part in parts if part), key=_name))


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])


def has_credentials(headers: Headers) -> bool:
    """Whether a request may be somebody's own."""
    return any(field in headers for field in USUAL)


def is_plain(headers: Headers) -> bool:
    """Whether a request asks for a whole answer, and for it alone.

    Not so with a range, whose answer is a part, nor with content, which is not in the key.
    """
    return (
        "range" not in headers
        and "transfer-encoding" not in headers
        and headers.get("content-length", "0") == "0"
    )


__all__ = ["has_credentials", "is_plain", "key_of", "query_of"]
