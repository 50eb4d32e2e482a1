"""ETags, and requests for what the client may have already (RFC 9110, section 13)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from vivace.answers.answer import Answer
from vivace.answers.functions import digest
from vivace.datastructures import Headers

#: RFC 9110, section 8.8.3. A weak one matches as well, where it is compared for ``If-None-Match``.
_ETAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
#: The fields of an answer that a 304 has too (section 15.4.5), and those that are of no content.
_OF_CONTENT = frozenset(
    [b"content-length", b"content-type", b"content-encoding", b"content-language", b"content-range"]
)


def with_etag(answer: Answer, *, is_head: bool = False) -> Answer:
    """``answer`` with a strong ETag, if it has none: two of the same are the same, byte by byte.

    What answers HEAD without content has not what the tag is made of, and gets none.
    """
    if answer.values(b"etag") or (is_head and not answer.body):
        return answer
    coding = b",".join(answer.values(b"content-encoding"))
    tag = digest(b",".join(answer.values(b"content-type")), coding, answer.body)
    return answer.with_fields([(b"etag", f'"{tag[:32]}"'.encode())])


def is_not_modified(answer: Answer, headers: Headers) -> bool:
    """Whether the client has ``answer`` already, as a condition of its request says.

    ``If-None-Match`` has precedence over ``If-Modified-Since`` (section 13.2.2).
    """
    given = headers.getlist("if-none-match")
    if given:
        known = _tag(answer)
        listed = ",".join(given)
        return known is not None and (listed.strip() == "*" or known in _ETAG.findall(listed))
    since = _date(headers.get("if-modified-since"))
    modified = _date(next((v.decode("latin-1") for v in answer.values(b"last-modified")), None))
    return since is not None and modified is not None and modified <= since


def not_modified(answer: Answer) -> Answer:
    """The 304 in place of ``answer`` (section 15.4.5)."""
    fields = tuple(field for field in answer.fields if field[0] not in _OF_CONTENT)
    return Answer(304, fields, b"")


def _tag(answer: Answer) -> str | None:
    for value in answer.values(b"etag"):
        if found := _ETAG.fullmatch(value.decode("latin-1").strip()):
            return found[1]
    return None


def _date(text: str | None) -> datetime | None:
    if text is None or len(text) > 64:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


__all__ = ["is_not_modified", "not_modified", "with_etag"]
