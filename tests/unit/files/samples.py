"""Contents of known types, and an app that takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from hypothesis import HealthCheck, settings

from vivace import BackgroundTasks, Request, Response, Vivace
from vivace.files import DiskStore, Files, StoredFile, UploadedForm

#: For tests of any input: on a machine that is busy one can take long, and fixtures are shared.
fuzz = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
GIF = b"GIF89a\x01\x00\x01\x00" + bytes(40)
PDF = b"%PDF-1.7\n1 0 obj\n"
TEXT = "Grüße, alle miteinander.\n".encode() * 40
#: No name for any of them.
JUNK = bytes(range(1, 256))


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """``content`` as it comes from a client."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


def make_app(files: Files) -> Vivace:
    """The ready routes, and endpoints that use the dependencies by themselves."""
    app = Vivace()
    app.include_router(files.router(delete=True))

    async def upload(
        file: StoredFile, tasks: BackgroundTasks, fail: bool = False, fail_later: bool = False
    ) -> StoredFile:
        if fail:
            raise ValueError("The endpoint has failed")
        if fail_later:
            tasks.add_task(int, "The task fails")
        return file

    async def fill_in(form: UploadedForm) -> dict[str, dict[str, list[str]]]:
        names = {field: [one.name for one in some] for field, some in form.files.items()}
        return {"fields": form.fields, "files": names}

    async def show(key: str, request: Request) -> Response:
        return await files.response(request, key, inline=True)

    upload.__annotations__["file"] = Annotated[StoredFile, files.upload]
    fill_in.__annotations__["form"] = Annotated[UploadedForm, files.form]
    app.post("/upload", openapi_extra=files.openapi)(upload)
    app.post("/form")(fill_in)
    app.get("/inline/{key}")(show)
    return app


def stored_names(store: Path) -> list[str]:
    """The names of all files in the folder of a :class:`DiskStore`, unfinished ones too."""
    return sorted(path.name for path in store.rglob("*") if path.is_file())


def disk_files(path: Path, **options: object) -> Files:
    """Files in a folder, which need not survive a loss of power."""
    return Files(DiskStore(path, fsync=False), **options)  # type: ignore[arg-type]
