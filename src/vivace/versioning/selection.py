"""Which version a request asks for, outside of its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from vivace.types import Scope
from vivace.versioning.accept import accept_reader
from vivace.versioning.errors import VersionError, shortened
from vivace.versioning.history import History, Version
from vivace.versioning.ways import ByAccept, ByConsumer, ByHeader, ByQuery, Way


class Named(NamedTuple):
    """A version, as a request names it."""

    version: Version
    #: Where it does, in words.
    place: str
    #: The media type that JSON is asked for in, where it is that which names the version.
    media_type: str | None = None


class Selection:
    """Reads the versions that requests name in the query and the headers.

    Args:
        ways: Those of other kinds are left out.

    Attributes:
        vary: The header fields that a version depends on, for ``Vary`` (RFC 9110, 12.5.5).
        is_possible: Whether a request can name a version in one of these ways.
    """

    def __init__(self, history: History, ways: Iterable[Way]) -> None:
        self._history = history
        self._queries = {way.parameter: str(way) for way in ways if isinstance(way, ByQuery)}
        self._headers: dict[bytes, Callable[[str], Named]] = {}
        self._accept: Callable[[str], Named | None] | None = None
        names = []
        for way in ways:
            if isinstance(way, ByHeader):
                self._headers[way.name.lower().encode()] = self._header_reader(way)
                names.append(way.name)
            elif isinstance(way, ByAccept):
                self._accept = self._accept_reader(way)
                names.append("Accept")
            elif isinstance(way, ByConsumer):
                names.append(way.vary)
        self._query_bytes = tuple(name.encode() for name in self._queries)
        self.vary = ", ".join(names)
        self.is_possible = bool(self._queries or self._headers or self._accept)

    def named(self, scope: Scope) -> Sequence[Named]:
        """Every version that a request names.

        Raises:
            VersionError: There is no such version: 400, and 406 where it is in ``Accept``.
        """
        if not self.is_possible:
            return ()
        found: list[Named] = []
        query: bytes = scope["query_string"]
        if query and self._queries and self._is_in(query):
            for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
                place = self._queries.get(name)
                if place is not None:
                    found.append(Named(self._version(value, place), place))
        if self._headers:
            for field, content in scope["headers"]:
                reader = self._headers.get(field)
                if reader is not None:
                    found.append(reader(content.decode("latin-1")))
        if self._accept is not None:
            # A list may be in several fields (RFC 9110, section 5.3).
            ranges = [content for field, content in scope["headers"] if field == b"accept"]
            named = self._accept(b",".join(ranges).decode("latin-1")) if ranges else None
            if named is not None:
                found.append(named)
        return found

    def _is_in(self, query: bytes) -> bool:
        # A name that is escaped is still that name.
        return b"%" in query or any(name in query for name in self._query_bytes)

    def _version(self, text: str, place: str, status_code: int = 400) -> Version:
        version = self._history.named.get(text)
        if version is None:
            raise VersionError(
                status_code,
                f"There is no version {shortened(text)}, which {place} asks for. "
                f"{self._history.known}",
            )
        return version

    def _header_reader(self, way: ByHeader) -> Callable[[str], Named]:
        place = str(way)
        return lambda content: Named(self._version(content.strip(), place), place)

    def _accept_reader(self, way: ByAccept) -> Callable[[str], Named | None]:
        read, place, versions = accept_reader(way), str(way), self._history.named
        types = {name: way.of(version.name) for name, version in versions.items()}

        def named(content: str) -> Named | None:
            asked = read(content)
            for text in asked:
                if text is None:
                    return None
                if text in versions:
                    return Named(versions[text], place, types[text])
            if asked and asked[0] is not None:
                self._version(asked[0], place, status_code=406)
            return None

        return named


def check_one_version(named: Sequence[Named]) -> None:
    """Check that all of ``named`` are of one version.

    Raises:
        VersionError: They contradict each other (400).
    """
    for other in named[1:]:
        first = named[0]
        if other.version is not first.version:
            raise VersionError(
                400,
                f"Version {first.version} is asked for by {first.place}, and version "
                f"{other.version} by {other.place}. Ask for one.",
            )


__all__ = ["Named", "Selection", "check_one_version"]
