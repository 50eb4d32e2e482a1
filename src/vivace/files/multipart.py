"""``multipart/form-data`` (RFC 7578), taken apart while it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from vivace.files.dispositions import read_parameters
from vivace.files.errors import BrokenBody

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


@dataclass(frozen=True)
class Part:
    """The beginning of a part of a form."""

    name: str
    #: ``None`` for a field of text; empty for a file field in which no file was chosen.
    filename: str | None


class _EndOfPart:
    """Comes after the content of a part."""


@dataclass
class _Headers:
    """Those of the part that is being read, of which one counts."""

    name: bytes = b""
    value: bytes = b""
    disposition: bytes = b""


@dataclass
class FormReader:
    """Reads a form part by part.

    .. code-block:: python

        reader = FormReader(request.headers["content-type"], body)
        async for part in reader.parts():
            async for chunk in reader.content(): ...

    What of a part is not read is passed over.

    Args:
        content_type: The value of the header, which has the boundary.
        body: The form.

    Raises:
        BrokenBody: There is no boundary. Later: this is no form, or it ends too early.
    """

    content_type: str
    body: AsyncIterable[bytes]
    _queue: deque[Part | bytes | _EndOfPart] = field(default_factory=deque, init=False)
    _headers: _Headers = field(default_factory=_Headers, init=False)
    _has_ended: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_header_name,
            "on_header_value": self._add_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_content,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        _, parameters = read_parameters(self.content_type.encode("latin-1", "replace"))
        place = ("header", "content-type")
        if not (boundary := parameters.get("boundary")):
            raise BrokenBody("The form has no boundary", place)
        try:
            self._parser = MultipartParser(boundary.encode(), callbacks)
        except FormParserError as error:
            raise BrokenBody(str(error), place) from error
        self._events = self._read()

    async def parts(self) -> AsyncGenerator[Part]:
        """The beginnings of the parts."""
        async for event in self._events:
            if isinstance(event, Part):
                yield event

    async def content(self) -> AsyncGenerator[bytes]:
        """The content of the part that :meth:`parts` has given last."""
        async for event in self._events:
            if not isinstance(event, bytes):
                return
            yield event

    async def _read(self) -> AsyncGenerator[Part | bytes | _EndOfPart]:
        async for chunk in self.body:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise BrokenBody(f"This is no form: {error}") from error
            while self._queue:
                yield self._queue.popleft()
        if not self._has_ended:
            raise BrokenBody("The form ends before its last boundary")

    def _begin_part(self) -> None:
        self._headers = _Headers()

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._headers.name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers.value += data[start:end]

    def _end_header(self) -> None:
        headers = self._headers
        if headers.name.lower() == b"content-disposition":
            headers.disposition = headers.value
        headers.name = headers.value = b""

    def _end_headers(self) -> None:
        kind, parameters = read_parameters(self._headers.disposition)
        if kind != "form-data" or "name" not in parameters:
            raise BrokenBody("A part of the form has no name")
        self._queue.append(Part(parameters["name"], parameters.get("filename")))

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        self._queue.append(data[start:end])

    def _end_part(self) -> None:
        self._queue.append(_EndOfPart())

    def _end(self) -> None:
        self._has_ended = True


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


__all__ = ["FormReader", "Part", "is_form"]
