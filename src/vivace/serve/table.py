"""The route table: which route answers a path, found without trying one after the other.

Paths without parameters are keys of a dictionary. The others stand in a tree of path segments, of
which a request walks the branches that its own segments name. Where several routes match, the
one that was declared first wins, wherever it stands; so every route keeps its number.

A route that only knows by itself whether it matches (a mount, a host, a class with its own
``matches``) is *opaque*: it is asked in its turn, like in a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.convertors import (
    Convertor,
    FloatConvertor,
    IntegerConvertor,
    StringConvertor,
    UUIDConvertor,
)
from starlette.routing import BaseRoute

#: A segment that is one parameter and nothing else.
PARAMETER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(:[a-zA-Z_][a-zA-Z0-9_]*)?\}")
#: Convertors of text that is never empty and has no slash in it.
WITHIN_SEGMENTS = (StringConvertor, IntegerConvertor, FloatConvertor, UUIDConvertor)


@dataclass(frozen=True, eq=False)
class Entry:
    """A route in the table."""

    order: int
    route: BaseRoute
    #: ``None`` accepts every method.
    methods: frozenset[str] | None
    endpoint: Any
    #: True for a route that nothing stands before: its handler is called at once.
    is_direct: bool
    #: True for a route as it is inside an inclusion.
    is_included: bool
    #: The compiled handlers of the route, where it has any.
    handlers: Any
    pattern: re.Pattern[str]
    convertors: dict[str, Convertor[Any]]
    #: Parameters that are whole segments of any text, by the number of the segment; ``None``
    #: where only the pattern can tell.
    segments: tuple[tuple[str, int], ...] | None

    def params(self, path: str, segments: Sequence[str]) -> dict[str, Any] | None:
        """The path's parameters, converted; ``None`` where it does not match after all."""
        if self.segments is not None:
            return {name: segments[index] for name, index in self.segments}
        match = self.pattern.match(path)
        if match is None:
            return None
        return convert(match.groupdict(), self.convertors)


class Found(NamedTuple):
    """A route that matches a path, with the parameters in it.

    A tuple: it is made for each request, and nothing is made faster.
    """

    entry: Entry
    params: dict[str, Any]

    def accepts(self, method: str) -> bool:
        return self.entry.methods is None or method in self.entry.methods


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    #: The branch for a segment that is a parameter.
    any: _Node | None = None
    leaves: list[Entry] = field(default_factory=list)
    #: Routes of which the rest of the path is not a matter of whole segments.
    patterns: list[Entry] = field(default_factory=list)


class RouteTable:
    """The routes of one kind (HTTP or WebSocket), in order of declaration."""

    def __init__(self, routes: Iterable[tuple[int, BaseRoute]]) -> None:
        self._root = _Node()
        static: dict[str, list[Entry]] = {}
        for order, route in routes:
            entry = _entry(order, route)
            if entry.convertors:
                self._insert(entry)
            else:
                static.setdefault(route.path, []).append(entry)  # type: ignore[attr-defined]
        #: Every match of a fixed path, parametrised routes included, is known beforehand.
        self._static = {path: self._merge(path, entries) for path, entries in static.items()}

    def _merge(self, path: str, entries: list[Entry]) -> tuple[Found, ...]:
        found = [Found(entry, {}) for entry in entries] + self._search(path)
        return tuple(sorted(found, key=_order))

    def find(self, path: str) -> Sequence[Found]:
        """Every route that matches ``path``, in order of declaration."""
        found = self._static.get(path)
        if found is not None:
            return found
        searched = self._search(path)
        if len(searched) > 1:
            searched.sort(key=_order)
        return searched

    def _insert(self, entry: Entry) -> None:
        node = self._root
        segments = entry.route.path.split("/")[1:]  # type: ignore[attr-defined]
        for segment in segments:
            if "{" not in segment:
                node = node.literals.setdefault(segment, _Node())
            elif entry.segments is not None or _is_whole(segment, entry):
                node.any = node.any or _Node()
                node = node.any
            else:
                node.patterns.append(entry)
                return
        node.leaves.append(entry)

    def _search(self, path: str) -> list[Found]:
        segments = path.split("/")[1:]
        found: list[Found] = []
        node = self._root
        # As long as there is one way to go, nothing has to be gone back to.
        for segment in segments:
            following = node.literals.get(segment)
            if node.patterns or (following is not None and node.any is not None):
                self._walk(self._root, path, segments, 0, found)
                return found
            # A parameter is never empty.
            node = following or (node.any if segment else None)  # type: ignore[assignment]
            if node is None:
                return found
        self._walk(node, path, segments, len(segments), found)
        return found

    def _walk(
        self, node: _Node, path: str, segments: Sequence[str], index: int, found: list[Found]
    ) -> None:
        for entry in node.patterns:
            _try(entry, path, segments, found)
        if index == len(segments):
            for entry in node.leaves:
                _try(entry, path, segments, found)
            return
        segment = segments[index]
        literal = node.literals.get(segment)
        if literal is not None:
            self._walk(literal, path, segments, index + 1, found)
        # A parameter is never empty.
        if node.any is not None and segment:
            self._walk(node.any, path, segments, index + 1, found)


def _try(entry: Entry, path: str, segments: Sequence[str], found: list[Found]) -> None:
    params = entry.params(path, segments)
    if params is not None:
        found.append(Found(entry, params))


def convert(texts: dict[str, str], convertors: dict[str, Convertor[Any]]) -> dict[str, Any] | None:
    """The values of path parameters; ``None`` where one has no value for its text.

    A number with more digits than Python reads (``sys.set_int_max_str_digits``) is one: no
    path with it exists, whatever the pattern says.
    """
    try:
        return {name: convertors[name].convert(text) for name, text in texts.items()}
    except ValueError:
        return None


def _order(found: Found) -> int:
    return found.entry.order


def _entry(order: int, route: Any) -> Entry:
    methods = getattr(route, "methods", None)
    return Entry(
        order=order,
        route=route,
        methods=frozenset(methods) if methods is not None else None,
        endpoint=route.endpoint,
        is_direct=getattr(route, "is_direct", False),
        is_included=getattr(route, "_original", route) is not route,
        handlers=getattr(route, "_handlers", None),
        pattern=route.path_regex,
        convertors=route.param_convertors,
        segments=_whole_segments(route.path, route.param_convertors),
    )


def _whole_segments(
    path: str, convertors: dict[str, Convertor[Any]]
) -> tuple[tuple[str, int], ...] | None:
    if not all(type(convertor) is StringConvertor for convertor in convertors.values()):
        return None
    found = []
    for index, segment in enumerate(path.split("/")[1:]):
        match = PARAMETER.fullmatch(segment)
        if match:
            found.append((match[1], index))
        elif "{" in segment:
            return None
    return tuple(found) if len(found) == len(convertors) else None


def _is_whole(segment: str, entry: Entry) -> bool:
    """True for a segment that is one parameter which cannot hold a slash."""
    match = PARAMETER.fullmatch(segment)
    return match is not None and type(entry.convertors[match[1]]) in WITHIN_SEGMENTS
