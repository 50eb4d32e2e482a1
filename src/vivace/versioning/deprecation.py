"""What clients are told of versions and endpoints that will go: the headers, and when they go."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime

HeaderList = list[tuple[bytes, bytes]]

#: A URI reference, as far as it can stand between angle brackets in a header (RFC 8288, section 3).
_REFERENCE = re.compile(r"[!#-;=?-~]+")


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """That a version or an endpoint is, or will be, deprecated.

    Dates without a time stand for the beginning of the day in UTC.

    Args:
        since: When it begins (``Deprecation``, RFC 9745); it may be in the future.
        sunset: When it stops working (``Sunset``, RFC 8594).
        info: URL of a page about the deprecation (``Link`` with ``rel="deprecation"``, RFC 9745,
            section 3).
        policy: URL of a page about how things are retired here (``rel="sunset"``, RFC 8594,
            section 6).
        successor: URL of what takes its place (``rel="successor-version"``, RFC 5829, section
            3.5). Without it, responses of a version link to the same path in the next one, where
            URLs tell the two apart.
        gone: Whether requests are answered with 410 Gone after the sunset.

    Raises:
        ValueError: The sunset is missing where ``gone`` needs it, or before the deprecation; a
            time has no time zone; a URL cannot stand in a header.
    """

    since: date
    sunset: date | None = None
    info: str | None = None
    policy: str | None = None
    successor: str | None = None
    gone: bool = False

    def __post_init__(self) -> None:
        if self.sunset is None and self.gone:
            raise ValueError("gone=True says that it ends at the sunset: give a sunset.")
        # Clients would have to disregard it (RFC 9745, section 4).
        if self.sunset is not None and _moment(self.sunset) < _moment(self.since):
            raise ValueError(f"The sunset, {self.sunset}, is before the deprecation, {self.since}.")
        _moment(self.since)
        for url in (self.info, self.policy, self.successor):
            if url is not None and not _REFERENCE.fullmatch(url):
                raise ValueError(f"{url!r} is no URL that can stand in a Link header: quote it.")

    def headers(self) -> HeaderList:
        """The header fields that say so; a response may have further ``Link`` fields."""
        fields = [(b"deprecation", f"@{int(_moment(self.since).timestamp())}")]
        if self.sunset is not None:
            fields.append((b"sunset", format_datetime(_moment(self.sunset), usegmt=True)))
        links = {"deprecation": self.info, "sunset": self.policy}
        fields += [(b"link", link(url, relation)) for relation, url in links.items() if url]
        if self.successor is not None:
            fields.append((b"link", link(self.successor, "successor-version")))
        return [(name, value.encode("ascii")) for name, value in fields]

    def is_over(self) -> bool:
        """Whether requests are to be refused by now."""
        return self.gone and self.sunset is not None and time.time() >= self._end

    @property
    def _end(self) -> float:
        assert self.sunset is not None
        return _moment(self.sunset).timestamp()

    def within(self, outer: Deprecation | None) -> Deprecation:
        """What holds for an endpoint of a version with the deprecation ``outer``.

        Of the dates the earlier ones do; of the rest, what is said of the endpoint.
        """
        if outer is None:
            return self
        sunsets = [each for each in (self.sunset, outer.sunset) if each is not None]
        return Deprecation(
            since=min(self.since, outer.since, key=_moment),
            sunset=min(sunsets, key=_moment, default=None),
            info=self.info or outer.info,
            policy=self.policy or outer.policy,
            successor=self.successor or outer.successor,
        )

    def describe(self) -> str:
        """One sentence for people."""
        text = f"Deprecated since {self.since}"
        if self.sunset is not None:
            text += f", and {'refused' if self.gone else 'to end'} from {self.sunset} on"
        return f"{text}. See {self.info}." if self.info else f"{text}."


def link(url: str, relation: str) -> str:
    """The value of a ``Link`` field (RFC 8288, section 3)."""
    return f'<{url}>; rel="{relation}"'


def _moment(day: date) -> datetime:
    if not isinstance(day, datetime):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if day.tzinfo is None:
        raise ValueError(f"{day!r} has no time zone. Give it one, such as datetime.UTC.")
    return day.astimezone(UTC)


__all__ = ["Deprecation", "HeaderList", "link"]
