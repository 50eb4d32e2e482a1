"""The routes of tus 1.0 (tus.io)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from werkzeug.http import http_date

from vivace import APIRouter, Depends, HTTPException, Request, Response
from vivace.files.blocks import in_thread
from vivace.files.routes import ANY_SIZE, UPLOAD_REFUSALS, Responses
from vivace.files.tus_headers import (
    ALGORITHMS,
    CONTENT_TYPE,
    EXTENSIONS,
    RESUMABLE,
    VERSION,
    check_version,
)
from vivace.files.tus_upload import StagedUpload

if TYPE_CHECKING:
    from vivace.files.tus import Tus

_REFUSALS: Responses = {
    404: {"description": "There is no such upload"},
    410: {"description": "The upload has expired"},
    412: {"description": "Another version of tus is needed"},
    423: {"description": "Another request is at the upload"},
}
_PATCH_REFUSALS: Responses = {
    **UPLOAD_REFUSALS,
    **_REFUSALS,
    409: {"description": "The bytes do not go on where those before them end"},
    460: {"description": "The bytes are not what their checksum says"},
}
_CREATION_REFUSALS: Responses = {**UPLOAD_REFUSALS, 412: _REFUSALS[412]}
_PIECE: dict[str, Any] = {
    "requestBody": {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


def tus_router(tus: Tus, *, prefix: str) -> APIRouter:
    """The routes of ``tus`` under ``prefix``."""
    router = APIRouter(
        prefix=prefix,
        tags=["uploads"],
        dependencies=[tus.opened, Depends(_speak)],
        max_body_size=ANY_SIZE,
    )

    @router.options("", status_code=204)
    async def describe_uploads() -> Response:
        """Say what this server can do."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(tus.files.max_size),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return Response(status_code=204, headers=RESUMABLE | headers)

    @router.post("", status_code=201, responses=_CREATION_REFUSALS, openapi_extra=_PIECE)
    async def create_upload(request: Request) -> Response:
        """Begin an upload, of which the first bytes may be in the body."""
        upload = await tus.create(request)
        address = f"{request.url.path}/{upload.state.id}"
        return await _describe(upload, 201, {"Location": address})

    @router.head("/{id}", responses=_REFUSALS)
    async def describe_upload(id: str) -> Response:
        """Say how many bytes of an upload there are."""
        return await _describe(await tus.look_at(id), 200, {"Cache-Control": "no-store"})

    @router.patch("/{id}", status_code=204, responses=_PATCH_REFUSALS, openapi_extra=_PIECE)
    async def resume_upload(id: str, request: Request) -> Response:
        """Go on with an upload; the last answer has the key of the file in `File-Key`."""
        return await _describe(await tus.resume(request, id), 204)

    @router.delete("/{id}", status_code=204, responses=_REFUSALS)
    async def end_upload(id: str) -> Response:
        """Give an upload up. A file that it has become stays."""
        await tus.end(id)
        return Response(status_code=204, headers=RESUMABLE)

    @router.post("/{id}", status_code=204, include_in_schema=False)
    async def override_method(id: str, request: Request) -> Response:
        """For clients that cannot send other methods, which name them in a header."""
        match request.headers.get("x-http-method-override", "").upper():
            case "PATCH":
                return await resume_upload(id, request)
            case "DELETE":
                return await end_upload(id)
            case "HEAD":
                return await describe_upload(id)
        raise HTTPException(405, headers={"Allow": "HEAD, PATCH, DELETE"})

    return router


async def _speak(request: Request) -> AsyncIterator[None]:
    """Check that the client speaks tus, and have every refusal say that it is spoken."""
    try:
        if request.method != "OPTIONS":
            check_version(request)
        yield
    except HTTPException as error:
        error.headers = RESUMABLE | dict(error.headers or {})
        raise


async def _describe(
    upload: StagedUpload, status: int, headers: dict[str, str] | None = None
) -> Response:
    """An answer that says how far ``upload`` is."""
    state = upload.state
    offset, expires_at = await in_thread(lambda: (upload.offset(), upload.expires_at()))
    told = {"Upload-Offset": str(offset), "Upload-Expires": http_date(expires_at)}
    if status == 200:
        told["Upload-Length"] = str(state.length)
        if state.metadata:
            told["Upload-Metadata"] = state.metadata
    if state.is_complete:
        told["File-Key"] = state.key
    return Response(status_code=status, headers={**RESUMABLE, **told, **(headers or {})})


__all__ = ["tus_router"]
