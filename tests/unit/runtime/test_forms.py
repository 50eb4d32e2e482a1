from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast

import pytest
from starlette.datastructures import UploadFile

from vivace import Depends, File, UploadFile as Upload, Vivace
from vivace.runtime.forms import (
    every_field,
    is_unselected,
    last_field,
    read_bytes,
    unread,
    with_contents,
)
from vivace.testclient import TestClient

pytestmark = pytest.mark.anyio


def upload(content: bytes = b"", name: str | None = "a.txt") -> UploadFile:
    return UploadFile(BytesIO(content), filename=name, size=len(content))


UNSELECTED = upload(name="")
EMPTY = upload()


@pytest.mark.parametrize(
    ("values", "last", "every"),
    [
        ([], None, None),
        (["a"], "a", ["a"]),
        (["a", "b"], "b", ["a", "b"]),
        ([""], None, [""]),
        (["a", ""], None, ["a", ""]),
        ([UNSELECTED], None, None),
        ([UNSELECTED, EMPTY], EMPTY, [EMPTY]),
        ([EMPTY, UNSELECTED], None, [EMPTY]),
    ],
)
async def test_fields(values: list[Any], last: Any, every: Any) -> None:
    form = {"field": values} if values else {}
    assert last_field(form, "field") == last
    assert every_field(form, "field") == every


async def test_a_file_without_a_name_is_chosen_if_it_has_content() -> None:
    assert is_unselected(UNSELECTED)
    assert not is_unselected(upload(b"content", name=""))
    assert not is_unselected(upload(b"", name=None))
    assert not is_unselected("")


@pytest.fixture(params=["memory", "disk"])
def stored(request: pytest.FixtureRequest) -> Iterator[UploadFile]:
    with SpooledTemporaryFile(max_size=3 if request.param == "disk" else 0) as file:
        file.write(b"hello")
        file.seek(2)
        # It is all of one but its class.
        yield UploadFile(cast("BinaryIO", file), filename="a.txt", size=5)


async def test_reading_a_file_leaves_it_where_it_was(stored: UploadFile) -> None:
    assert await read_bytes(stored) == b"llo"
    assert stored.file.tell() == 2


async def test_a_failure_leaves_it_there_too(
    stored: UploadFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(size: int = -1) -> bytes:
        stored.file.read(1)
        raise OSError("read failed")

    monkeypatch.setattr(stored, "read", failing)
    with pytest.raises(OSError, match="read failed"):
        await read_bytes(stored)
    assert stored.file.tell() == 2


async def test_only_files_are_read() -> None:
    values = ["", "text", upload(b"one"), UNSELECTED]
    assert await read_bytes(values) == ["", "text", b"one", UNSELECTED]


async def test_contents_take_the_place_of_files() -> None:
    kept = upload(b"kept")
    form: dict[str, list[Any]] = {"read": [upload(b"one"), "text"], "kept": [kept]}
    assert await with_contents(form, ["read", "other"]) == {
        "read": [b"one", "text"],
        "kept": [kept],
    }
    assert isinstance(form["read"][0], UploadFile)


async def test_contents_are_passed_without_what_has_been_read_since(stored: UploadFile) -> None:
    contents = await read_bytes(stored)
    stored.file.seek(3)
    stored_contents = await read_bytes(stored)
    assert unread({"file": [stored]}, ["file"], b"hello") == stored_contents == b"lo"
    assert contents == b"llo"
    several = {"file": [UNSELECTED, stored]}
    assert unread(several, ["other", "file"], [b"hello"]) == [b"lo"]
    assert unread({"file": [stored]}, ["file"], "made of it") == "made of it"
    assert unread({}, ["file"], None) is None


async def read_magic(file: Upload) -> bytes:
    return await file.read(2)


def test_a_dependency_may_read_the_start_of_a_file() -> None:
    app = Vivace()

    @app.post("/")
    async def create(
        magic: Annotated[bytes, Depends(read_magic)],
        file: Annotated[bytes, File()],
        files: Annotated[list[bytes], File()],
    ) -> list[str]:
        return [magic.decode(), file.decode(), *(each.decode() for each in files)]

    sent = [("file", b"hello"), ("files", b"one"), ("files", b"two")]
    answer = TestClient(app).post("/", files=sent)
    assert answer.json() == ["he", "llo", "one", "two"]
