"""The dependencies by which endpoints get files.

They are of scope ``function``: what the endpoint raises takes its files back, and when it has
returned they stay. What goes wrong after that, as in a background task, goes wrong when the client
has been told that they are there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from vivace import Depends, HTTPException, Request
from vivace.files.receiving import UploadedForm, receive_file, receive_form
from vivace.files.records import StoredFile
from vivace.files.store import Store

if TYPE_CHECKING:
    from vivace.files.kit import Files


def upload_dependency(files: Files) -> Any:
    """A dependency that gives the one file that a request has brought."""

    async def uploaded_file(
        request: Request, store: Store = files.opened
    ) -> AsyncIterator[StoredFile]:
        form = UploadedForm()
        try:
            yield await receive_file(request, files, form)
        except BaseException:
            await _take_back(files, form)
            raise

    return Depends(uploaded_file, scope="function")


def form_dependency(files: Files, most: int) -> Any:
    """A dependency that gives a form with at most so many files."""

    async def uploaded_form(
        request: Request, store: Store = files.opened
    ) -> AsyncIterator[UploadedForm]:
        form = UploadedForm()
        try:
            await receive_form(request, files, form, most=most)
            yield form
        except BaseException:
            await _take_back(files, form)
            raise

    return Depends(uploaded_form, scope="function")


async def _take_back(files: Files, form: UploadedForm) -> None:
    """Delete what a request has brought that comes to nothing: the client knows no key of it."""
    with anyio.CancelScope(shield=True):
        for stored in form.all_files():
            with suppress(HTTPException):
                await files.delete(stored.key)


__all__ = ["form_dependency", "upload_dependency"]
