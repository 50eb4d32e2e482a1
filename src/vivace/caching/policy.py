"""What an endpoint says of its answers, and which of them may be kept."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from string import Formatter
from typing import Any

from vivace.answers.answer import Answer

logger = logging.getLogger("vivace.caching")

#: The name of a header field (RFC 9110, section 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: A directive of Cache-Control (RFC 9111, section 5.2).
_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~\w-]+)(?:=("(?:[^"\\]|\\.)*"|[^,\s]*))?')


@dataclass(frozen=True)
class Policy:
    """How the answers of one endpoint are kept; :meth:`vivace.caching.Cache.store` explains it."""

    seconds: float
    vary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    by: Any = None
    shared: bool = False
    client_seconds: float | None = None
    stale_while_revalidate: float = 0
    stale_if_error: float = 0

    def __post_init__(self) -> None:
        for name in ("seconds", "stale_while_revalidate", "stale_if_error", "client_seconds"):
            value = getattr(self, name)
            least_is_met = value is None or (value > 0 if name == "seconds" else value >= 0)
            if not least_is_met or not isfinite(value or 0):
                raise ValueError(f"{name}={value!r} is no time. Give a number of seconds.")
        for option in ("vary", "tags"):
            if isinstance(getattr(self, option), str):
                raise TypeError(f"{option}={getattr(self, option)!r} is a string. Give a list.")
        for field in self.vary:
            if not _TOKEN.fullmatch(field):
                raise ValueError(f"vary={field!r} is no name of a header field.")
            if field.lower() in ("authorization", "cookie"):
                raise ValueError(
                    f"vary={field!r} would keep an answer for each token. Say by= whose answers "
                    "they are, or shared=True where all get the same."
                )
        if self.shared and self.by is not None:
            raise ValueError("shared=True and by= contradict each other. Take one of them.")
        object.__setattr__(self, "vary", tuple(field.lower() for field in self.vary))

    @property
    def kept_for(self) -> float:
        """Seconds for which an answer is of use, stale ones included."""
        return self.seconds + max(self.stale_while_revalidate, self.stale_if_error)

    def lifetime(self, answer: Answer, *, is_owned: bool) -> float | None:
        """Seconds for which ``answer`` is fresh; ``None`` where it may not be kept.

        RFC 9111, section 3: whole answers of success, which are not for one client.
        """
        if not 200 <= answer.status < 300 or answer.status == 206:
            return None
        if answer.values(b"set-cookie") or self.undeclared(answer):
            return None
        said = directives(answer.values(b"cache-control"))
        if "no-store" in said or "no-cache" in said or ("private" in said and not is_owned):
            return None
        for name in ("s-maxage", "max-age"):
            if name in said:
                # What cannot be read is stale (RFC 9111, section 4.2.1).
                seconds = said[name].strip('"')
                given = int(seconds) if re.fullmatch("[0-9]{1,10}", seconds) else 0
                return given or None
        return self.seconds

    def undeclared(self, answer: Answer) -> set[str]:
        """The fields of requests that ``answer`` varies by, and ``vary`` does not name."""
        fields = b",".join(answer.values(b"vary")).decode("latin-1").lower().split(",")
        return {field.strip() for field in fields} - {"", *self.vary}


def directives(values: Sequence[bytes]) -> Mapping[str, str]:
    """The directives of Cache-Control, by their names in lower case."""
    text = b",".join(values).decode("latin-1")
    return {match[1].lower(): match[2] or "" for match in _DIRECTIVE.finditer(text)}


def check_tags(tags: Sequence[str], parameters: Sequence[str], endpoint: str) -> None:
    """Refuse tags with names in braces that are no parameters of the endpoint.

    Raises:
        ValueError: There is one.
    """
    for tag in tags:
        for _, name, _, _ in Formatter().parse(tag):
            root = re.split(r"[.\[]", name or "")[0]
            if name is not None and root not in parameters:
                raise ValueError(
                    f"The tag {tag!r} names {{{name}}}, and {endpoint} has no such parameter."
                )


def filled(tags: Sequence[str], arguments: Mapping[str, Any]) -> list[str]:
    """The tags of one request: names in braces stand for arguments of the endpoint."""
    return [tag.format_map(arguments) if "{" in tag else tag for tag in tags]


__all__ = ["Policy", "check_tags", "directives", "filled", "logger"]
