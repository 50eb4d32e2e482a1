"""From the body of a request to files in the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vivace import Request
from vivace.exceptions import RequestValidationError
from vivace.files.bodies import peek, read_body
from vivace.files.dispositions import read_parameters
from vivace.files.errors import BrokenBody, FileError, FileTooLarge, Place
from vivace.files.multipart import FormReader, Part, is_form
from vivace.files.records import StoredFile

if TYPE_CHECKING:
    from vivace.files.kit import Files

#: In bytes: what a form may have besides its files; and how many fields of text.
FORM_OVERHEAD: Final = 1_048_576
MOST_FIELDS: Final = 100


@dataclass(frozen=True)
class UploadedForm:
    """A form of which the files are in the store already."""

    #: The fields of text, each with all of its values.
    fields: dict[str, list[str]] = field(default_factory=dict)
    #: The files, by the names of their fields.
    files: dict[str, list[StoredFile]] = field(default_factory=dict)

    def all_files(self) -> list[StoredFile]:
        return [file for files in self.files.values() for file in files]


async def receive_file(request: Request, files: Files, form: UploadedForm) -> StoredFile:
    """Store the one file in ``request``: its whole body, or what is in a form.

    What is stored is in ``form`` too, also where something is wrong with the rest.

    Raises:
        FileError: The body is broken, or more than is taken.
        RequestValidationError: There is no file in the form.
    """
    if not is_form(request.headers.get("content-type", "")):
        _check_no_fields(request)
        body = read_body(request, limit=files.max_size, patience=files.patience)
        stored = await files.save(body, name=_name_of(request))
        form.files[""] = [stored]
        return stored
    await receive_form(request, files, form, most=1)
    for stored in form.all_files():
        return stored
    missing = {"type": "missing", "loc": ("body",), "msg": "The form has no file", "input": None}
    raise RequestValidationError([missing])


def _check_no_fields(request: Request) -> None:
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        place = ("header", "content-type")
        message = "A form with a file has to be multipart/form-data; a file alone, of another type"
        raise FileError(415, "form_without_files", place, message)


def _name_of(request: Request) -> str:
    """What the client calls the file that is the body of its request."""
    value = request.headers.get("content-disposition", "").encode("latin-1", "replace")
    _, parameters = read_parameters(value)
    return parameters.get("filename", "")


async def receive_form(request: Request, files: Files, form: UploadedForm, *, most: int) -> None:
    """Store the files of the form in ``request``, and put them into ``form`` one by one.

    Args:
        most: How many files are taken.

    Raises:
        FileError: There is no form, it is broken, or more than is taken.
    """
    content_type = request.headers.get("content-type", "")
    if not is_form(content_type):
        place = ("header", "content-type")
        raise FileError(415, "form_needed", place, "Send a form, as multipart/form-data")
    limit = most * files.max_size + FORM_OVERHEAD
    body = read_body(request, limit=limit, patience=files.patience)
    reader = FormReader(content_type, body)
    texts = _Texts(form.fields)
    async for part in reader.parts():
        if part.filename is None:
            await texts.add(part, reader.content())
        else:
            await _store_part(part, reader.content(), files, form, most)


async def _store_part(
    part: Part, content: AsyncGenerator[bytes], files: Files, form: UploadedForm, most: int
) -> None:
    head, content = await peek(content, 1)
    if not part.filename and not head:
        # A field in which no file was chosen (HTML, section 4.10.21.4).
        return
    place = ("body", part.name)
    if len(form.all_files()) == most:
        raise FileError(413, "too_many_files", place, f"More than {most} are not taken")
    stored = await files.save(content, name=part.filename or "", place=place)
    form.files.setdefault(part.name, []).append(stored)


class _Texts:
    """Collects the fields of text, as many and as much of them as memory may have."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields
        self._count = 0
        self._size = 0

    async def add(self, part: Part, content: AsyncGenerator[bytes]) -> None:
        place: Place = ("body", part.name)
        self._count += 1
        if self._count > MOST_FIELDS:
            message = f"More than {MOST_FIELDS} fields are not taken"
            raise FileError(413, "too_many_fields", place, message)
        text = bytearray()
        async for chunk in content:
            text += chunk
            self._size += len(chunk)
            if self._size > FORM_OVERHEAD:
                raise FileTooLarge(place, FORM_OVERHEAD)
        try:
            self._fields.setdefault(part.name, []).append(text.decode())
        except UnicodeDecodeError as error:
            raise BrokenBody("The text is not in UTF-8", place) from error


__all__ = ["FORM_OVERHEAD", "MOST_FIELDS", "UploadedForm", "receive_file", "receive_form"]
