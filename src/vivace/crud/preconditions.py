"""ETags and conditional requests (RFC 9110, sections 8.8.3 and 13)."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from vivace import Depends, Header
from vivace.crud.errors import PreconditionFailed, PreconditionRequired, invalid

#: An element of a list of entity tags, which may be empty (sections 5.6.1 and 8.8.3).
_ELEMENT = re.compile(
    r"[ \t]*(?:(?P<weak>W/)?\"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)\"[ \t]*)?(?:,|\Z)"
)


@dataclass(frozen=True, slots=True)
class EntityTags:
    """The value of ``If-Match`` or ``If-None-Match``.

    Args:
        any: Whether it is ``*``, which every representation matches.
        strong, weak: What stands in the quotes.
    """

    any: bool = False
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def match_strongly(self, etag: str) -> bool:
        """Whether ``etag``, a strong one, is among them by the strong comparison (8.8.3.2)."""
        return self.any or etag[1:-1] in self.strong

    def match_weakly(self, etag: str) -> bool:
        """The same by the weak comparison."""
        return self.any or etag[1:-1] in self.strong or etag[1:-1] in self.weak


def parse_etags(text: str) -> EntityTags:
    """Read a list of entity tags (sections 13.1.1 and 13.1.2).

    Raises:
        ValueError: It is none.
    """
    if text.strip(" \t") == "*":
        return EntityTags(any=True)
    found: dict[bool, set[str]] = {True: set(), False: set()}
    position = 0
    while position < len(text):
        element = _ELEMENT.match(text, position)
        if element is None:
            raise ValueError("An entity tag stands in double quotes")
        if element["tag"] is not None:
            found[element["weak"] is not None].add(element["tag"])
        position = element.end()
    if not found[True] and not found[False]:
        raise ValueError("There is no entity tag")
    return EntityTags(strong=frozenset(found[False]), weak=frozenset(found[True]))


def make_etag(content: bytes, version: object = None) -> str:
    """The strong ETag of a representation (section 8.8.1).

    Args:
        content: The representation itself.
        version: What differs between states of the item that have the same representation.
    """
    digest = sha256(content)
    if version is not None:
        # No JSON text has a NUL in it, so that no two pairs come to the same.
        digest.update(f"\0{version}".encode())
    # 144 bits are far more than chance needs, and make a text without padding.
    return f'"{urlsafe_b64encode(digest.digest()[:18]).decode()}"'


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What has to be true of an item for a request to be answered as it asks."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None

    def check(self, make_etag: Callable[[], str]) -> None:
        """For a request that changes something, in the order of section 13.2.2.

        Args:
            make_etag: Makes the ETag of the present state, if it is needed.

        Raises:
            PreconditionFailed: The item is in another state.
        """
        if self.if_match is None and self.if_none_match is None:
            return
        etag = make_etag()
        if self.if_match is not None and not self.if_match.match_strongly(etag):
            raise PreconditionFailed("if-match")
        if self.if_none_match is not None and self.if_none_match.match_weakly(etag):
            raise PreconditionFailed("if-none-match")

    def is_current(self, etag: str) -> bool:
        """For a request that reads: whether the client has the representation, as 304 says."""
        return self.if_none_match is not None and self.if_none_match.match_weakly(etag)


_NONE = Preconditions()
_IF_MATCH = Header(description="The ETag of the state that is meant: another one gets a 412.")
_IF_NONE_MATCH = Header(
    description="The ETag of what the client has: it gets a 304 while it is so."
)


async def _reading(
    if_none_match: Annotated[str | None, _IF_NONE_MATCH] = None,
) -> Preconditions:
    if if_none_match is None:
        return _NONE
    return Preconditions(if_none_match=_read("if-none-match", if_none_match))


async def _changing(
    if_match: Annotated[str | None, _IF_MATCH] = None,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Preconditions:
    return Preconditions(_read("if-match", if_match), _read("if-none-match", if_none_match))


async def _changing_only(
    if_match: Annotated[str | None, _IF_MATCH] = None,
    if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Preconditions:
    if if_match is None:
        raise PreconditionRequired
    return Preconditions(_read("if-match", if_match), _read("if-none-match", if_none_match))


def _read(header: str, text: str | None) -> EntityTags | None:
    if text is None:
        return None
    try:
        return parse_etags(text)
    except ValueError as error:
        raise invalid("entity_tag", ("header", header), str(error), text) from None


#: The dependency of requests that read.
conditions_of_reading: Any = Depends(_reading)


def conditions_of_change(*, required: bool) -> Any:
    """The dependency of requests that change something."""
    return Depends(_changing_only if required else _changing)


__all__ = [
    "EntityTags",
    "Preconditions",
    "conditions_of_change",
    "conditions_of_reading",
    "make_etag",
    "parse_etags",
]
