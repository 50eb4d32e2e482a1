"""An app with files, whose store and limits are in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from vivace import Response, Vivace
from vivace.files import DiskStore, Files, Store, StoredFile, UploadedForm
from vivace.files.s3 import S3Store
from vivace.files.tus import Tus

FOLDER = Path(os.environ["FILES_FOLDER"])


def make_store() -> Store:
    if endpoint := os.environ.get("FILES_S3"):
        return S3Store(
            os.environ["FILES_BUCKET"],
            endpoint=endpoint,
            region="us-east-1",
            timeout=float(os.environ.get("FILES_TIMEOUT", "60")),
        )
    return DiskStore(os.environ.get("FILES_STORE", FOLDER / "store"))


async def note(stored: StoredFile, metadata: Mapping[str, str]) -> None:
    """Have tests see what has been received."""
    with (FOLDER / "received").open("a") as file:
        file.write(f"{stored.key} {metadata.get('filename', '')}\n")


files = Files(
    make_store(),
    max_size=os.environ.get("FILES_MAX_SIZE", "2 GB"),
    redirect_for=timedelta(minutes=1) if "FILES_REDIRECT" in os.environ else None,
)
tus = Tus(files, FOLDER / "staging", received=note)
app = Vivace()
app.include_router(files.router(delete=True))
app.include_router(tus.router())


@app.post("/forms")
async def add_form(form: Annotated[UploadedForm, files.form]) -> dict[str, list[StoredFile]]:
    return form.files


@app.get("/health")
async def health(response: Response) -> None:
    response.headers["X-Process"] = str(os.getpid())
