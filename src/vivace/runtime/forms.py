"""Form fields and files, taken out of a parsed form.

A browser sends every text field of a form, the empty ones too, and a file field without a file as
one without a name and content (HTML, section 4.10.21.4). Both count as not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from vivace.declare.form_limits import FormLimits
from vivace.runtime.body import UNREADABLE
from vivace.runtime.form_limits import merge_inherited

#: Every value of each field.
Form = Mapping[str, list[Any]]


async def read_form(request: Request, limits: FormLimits) -> FormData:
    """The form in the body, URL-encoded or multipart (RFC 7578).

    Raises:
        HTTPException: 400, where the body is no such form or exceeds ``limits``.
    """
    try:
        form = await request.form(**merge_inherited(request.scope, limits))
        if "charset" in request.headers.get("content-type", "").lower():
            _check_text(form)
    except (HTTPException, ClientDisconnect):
        raise
    except Exception as error:
        raise HTTPException(status_code=400, detail=UNREADABLE) from error
    return form


def _check_text(form: FormData) -> None:
    """Refuse text that no response could repeat: some encodings can express half a surrogate pair.

    Raises:
        UnicodeEncodeError: There is one.
    """
    for name, value in form.multi_items():
        text = value.filename if isinstance(value, UploadFile) else value
        f"{name}{text}".encode()


def last_field(form: Form, name: str) -> Any:
    """The last value of a field; ``None`` where it is empty or missing."""
    values = form.get(name)
    if values is None or is_empty(values[-1]):
        return None
    return values[-1]


def every_field(form: Form, name: str) -> list[Any] | None:
    """The values of a field; ``None`` where there are none.

    Of text fields that are empty the client did send so many: they are kept.
    """
    return [value for value in form.get(name, ()) if not is_unselected(value)] or None


def is_empty(value: Any) -> bool:
    """True for the value of a field that was left empty."""
    return value == "" or is_unselected(value)


def is_unselected(value: Any) -> bool:
    """True for a file field for which no file was chosen."""
    return isinstance(value, UploadFile) and value.filename == "" and value.size == 0


def unread(form: Form, names: Collection[str], contents: Any) -> Any:
    """``contents`` of an upload without what dependencies have read of it since.

    They are read before any dependency is called, and passed after some have been.
    """
    uploads = next((form[name] for name in names if name in form), [])
    if isinstance(contents, list):
        chosen = [upload for upload in uploads if not is_unselected(upload)]
        return [_after(upload, item) for upload, item in zip(chosen, contents)]
    return _after(uploads[-1], contents) if uploads else contents


def _after(upload: Any, contents: Any) -> Any:
    """``contents`` from the position where ``upload`` is."""
    if isinstance(upload, UploadFile) and isinstance(contents, bytes) and not upload.file.closed:
        return contents[upload.file.tell() :]
    return contents


async def with_contents(form: Form, names: Collection[str]) -> Form:
    """``form`` with the contents of the files in the fields ``names`` in the place of the files."""
    read = {name: await read_bytes(form[name]) for name in names if name in form}
    return {**form, **read}


async def read_bytes(value: Any) -> Any:
    """The contents of an upload, or of each of several; what is no upload stays as it is.

    A file is left as it was found, for whoever else takes it.
    """
    if isinstance(value, list):
        return [await read_bytes(item) for item in value]
    if not isinstance(value, UploadFile) or is_unselected(value):
        return value
    position = value.file.tell()
    try:
        return await value.read()
    finally:
        value.file.seek(position)
