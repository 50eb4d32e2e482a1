"""Form fields and files, taken out of a parsed form."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from vivace.declare.form_limits import FormLimits
from vivace.runtime.body import UNREADABLE
from vivace.runtime.form_limits import merge_inherited


async def read_form(request: Request, limits: FormLimits) -> FormData:
    """The form in the body, URL-encoded or multipart (RFC 7578).

    Raises:
        HTTPException: 400, where the body is no such form or exceeds ``limits``.
    """
    try:
        return await request.form(**merge_inherited(request.scope, limits))
    except (HTTPException, ClientDisconnect):
        raise
    except Exception as error:
        raise HTTPException(status_code=400, detail=UNREADABLE) from error


async def read_bytes(value: Any) -> Any:
    """The contents of an upload, or of each of several."""
    if isinstance(value, UploadFile):
        return await value.read()
    if isinstance(value, (list, tuple)):
        return [await read_bytes(item) for item in value]
    return value
