"""The ready routes for uploads and downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from vivace import APIRouter, Depends, Request, Response
from vivace.files.records import StoredFile

if TYPE_CHECKING:
    from vivace.files.kit import Files

Responses = dict[int | str, dict[str, Any]]

#: More than any body is: the kit has limits of its own, which count files rather than forms.
ANY_SIZE: Final = 2**63

_BINARY = {"type": "string", "format": "binary"}
#: The body of a request with a file, for OpenAPI (3.1, section 4.8.14.2).
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": _BINARY},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]}
            },
        },
    }
}
UPLOAD_REFUSALS: Responses = {
    400: {"description": "The body is broken, or is not what its digest says"},
    408: {"description": "Nothing came for too long"},
    413: {"description": "The file is too large"},
    415: {"description": "The content is of a type that is not taken"},
    503: {"description": "The store cannot be reached"},
    507: {"description": "There is no room for the file"},
}
_NOT_FOUND: Responses = {404: {"description": "There is no such file"}}
_DOWNLOADS: Responses = {
    **_NOT_FOUND,
    200: {"description": "The file", "content": {"*/*": {"schema": _BINARY}}},
    206: {"description": "Parts of the file", "content": {"*/*": {"schema": _BINARY}}},
    304: {"description": "The client has the file already"},
    412: {"description": "A condition does not hold"},
    416: {"description": "The file has nothing in these ranges"},
}


def file_router(files: Files, *, prefix: str, delete: bool) -> APIRouter:
    """The routes of ``files`` under ``prefix``."""
    router = APIRouter(prefix=prefix, tags=["files"], dependencies=[files.opened])

    @router.post(
        "",
        status_code=201,
        responses=UPLOAD_REFUSALS,
        openapi_extra=files.openapi,
        max_body_size=ANY_SIZE,
    )
    async def upload_file(
        request: Request, response: Response, stored: StoredFile = files.upload
    ) -> StoredFile:
        """Upload a file: as the body, with its name in Content-Disposition, or in a form.

        The type is found in the content. `Content-Digest` (RFC 9530) is checked.
        """
        response.headers["Location"] = f"{request.url.path}/{stored.key}"
        return stored

    @router.get("/{key}", response_class=Response, responses=_DOWNLOADS)
    async def download_file(key: str, request: Request) -> Response:
        """Download a file, or the parts of it that `Range` names."""
        return await files.response(request, key)

    @router.head("/{key}", include_in_schema=False)
    async def describe_file(key: str, request: Request) -> Response:
        return await files.response(request, key)

    if delete:

        @router.delete("/{key}", status_code=204, responses=_NOT_FOUND)
        async def delete_file(file: StoredFile = Depends(files.find)) -> None:
            """Delete a file."""
            await files.delete(file.key)

    return router


__all__ = ["ANY_SIZE", "UPLOAD_BODY", "UPLOAD_REFUSALS", "file_router"]
