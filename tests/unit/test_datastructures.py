from __future__ import annotations

import io

import pytest
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile as StarletteUploadFile

from vivace.datastructures import UploadFile


@pytest.mark.parametrize("kind", [UploadFile, StarletteUploadFile])
def test_an_uploaded_file_is_valid(kind: type[StarletteUploadFile]) -> None:
    file = kind(io.BytesIO(b"data"), filename="a.txt")
    assert TypeAdapter(UploadFile).validate_python(file) is file


def test_anything_else_is_not() -> None:
    with pytest.raises(ValidationError, match="Expected UploadFile, received"):
        TypeAdapter(UploadFile).validate_python("text")


def test_its_schema_is_that_of_binary_data() -> None:
    assert TypeAdapter(list[UploadFile]).json_schema()["items"] == {
        "type": "string",
        "contentMediaType": "application/octet-stream",
    }
