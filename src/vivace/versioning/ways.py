"""The ways in which requests say which version they want."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from vivace.requests import HTTPConnection
from vivace.versioning.consumers import ConsumerStore, MemoryConsumers

PLACE = "{version}"
#: A token: the name of a header field, or of a parameter of a media type (RFC 9110, 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Identify = Callable[[HTTPConnection], str | Awaitable[str | None] | None]


class Way:
    """A way in which requests say which version they want."""


@dataclass(frozen=True)
class ByPath(Way):
    """In the path, before that of the endpoint.

    Args:
        format: What is put before paths. The version is in its last segment, in the place of which
            an alias stands: ``/latest``.
    """

    format: str = "/v{version}"

    def __post_init__(self) -> None:
        before, _, segment = self.format.rpartition("/")
        if (
            not self.format.startswith("/")
            or segment.count(PLACE) != 1
            or "{" in before + segment.replace(PLACE, "")
        ):
            raise ValueError(
                f"ByPath({self.format!r}) has to be a path whose last segment has {{version}} in "
                "it, such as '/v{version}'."
            )

    def __str__(self) -> str:
        return "the path"


@dataclass(frozen=True)
class ByQuery(Way):
    """In a parameter of the query, as ``?version=2``."""

    parameter: str = "version"

    def __str__(self) -> str:
        return f"the query parameter {self.parameter}"


@dataclass(frozen=True)
class ByHeader(Way):
    """In a header field of its own. Responses have it too, with the version that they are of."""

    name: str = "API-Version"

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.name) or self.name.lower() == "accept":
            raise ValueError(f"ByHeader({self.name!r}) is no name for a header field of its own.")

    def __str__(self) -> str:
        return f"the header {self.name}"


@dataclass(frozen=True)
class ByAccept(Way):
    """In a media type of the ``Accept`` header (RFC 9110, section 12.5.1).

    Either in a parameter, as in ``application/json; version=2``, or in the type itself. JSON that
    was asked for so is sent as that type.

    Args:
        parameter: The name of the parameter.
        media_type: A media type of one's own, such as ``application/vnd.shop.v{version}+json``;
            there is no parameter then.
    """

    parameter: str = "version"
    media_type: str | None = None

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.parameter) or self.parameter == "q":
            raise ValueError(f"ByAccept({self.parameter!r}) is no name for a parameter.")
        if self.media_type is not None:
            main, slash, sub = self.media_type.replace(PLACE, "").partition("/")
            if (
                self.media_type.count(PLACE) != 1
                or not slash
                or not _TOKEN.fullmatch(main)
                or not _TOKEN.fullmatch(sub)
            ):
                raise ValueError(
                    f"{self.media_type!r} has to be a media type with {{version}} in it, such as "
                    "'application/vnd.shop.v{version}+json'."
                )

    def of(self, version: str) -> str:
        """The media type of JSON in ``version``."""
        if self.media_type is not None:
            return self.media_type.replace(PLACE, version)
        return f"application/json; {self.parameter}={version}"

    def __str__(self) -> str:
        return "the header Accept"


@dataclass(frozen=True)
class ByConsumer(Way):
    """By who asks. Whoever asks for no version gets that of their first call, from then on.

    It is remembered when that call has been answered without an error, so that strangers do not
    fill the store.

    Args:
        identify: Gives the consumer of a request or WebSocket: an id of an account, say; ``None``
            for nobody known. One that has to wait for something is asynchronous.
        vary: The header fields that it reads, such as ``Authorization``: caches have to know.
        store: Where versions are remembered; in the memory of this process by default.
    """

    identify: Identify
    vary: str
    store: ConsumerStore = field(default_factory=MemoryConsumers)

    def __str__(self) -> str:
        return "the consumer"


__all__ = ["PLACE", "ByAccept", "ByConsumer", "ByHeader", "ByPath", "ByQuery", "Identify", "Way"]
