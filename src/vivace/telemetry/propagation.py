"""Reads the context of a trace from the headers of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opentelemetry import propagate
from opentelemetry.propagators.textmap import Getter

if TYPE_CHECKING:
    from opentelemetry.context import Context

Headers = Iterable[tuple[bytes, bytes]]


class HeaderGetter(Getter[Headers]):
    """Reads ASGI headers, whose names are lower-case bytes and may be repeated."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        wanted = key.lower().encode("latin-1")
        values = [value.decode("latin-1") for name, value in carrier if name == wanted]
        if wanted == b"baggage" and values:
            # OpenTelemetry's propagator reads the first header alone, but a list may be split over
            # several (RFC 9110 section 5.3).
            return [",".join(values)]
        return values or None

    def keys(self, carrier: Headers) -> list[str]:
        return [name.decode("latin-1") for name, _ in carrier]


_GETTER = HeaderGetter()


def extract(headers: Headers) -> Context:
    """The current context, with the remote parent and the baggage that the headers carry."""
    return propagate.extract(headers, getter=_GETTER)
