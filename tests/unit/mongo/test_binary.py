from __future__ import annotations

import bson
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, Field, ValidationError

from vivace import Vivace
from vivace.mongo import Binary
from vivace.testclient import TestClient


class Cover(BaseModel):
    image: Binary = Field(max_length=100)
    thumbnail: Binary | None = None


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_it_is_base64_in_json_and_bytes_elsewhere(data: bytes) -> None:
    cover = Cover(image=data)
    assert Cover.model_validate_json(cover.model_dump_json()) == cover
    assert cover.model_dump() == {"image": data, "thumbnail": None}
    assert Cover.model_validate(bson.decode(bson.encode(cover.model_dump()))) == cover


@pytest.mark.parametrize("wrong", ["!", "abc", "ab\ncd", "äöüß", 1])
def test_what_is_no_base64_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Cover.model_validate({"image": wrong})
    assert [error["loc"] for error in caught.value.errors()] == [("image",)]


def test_its_length_counts_in_bytes() -> None:
    assert Cover.model_validate({"image": "A" * 132}).image == bytes(99)
    with pytest.raises(ValidationError, match="at most 100 bytes"):
        Cover.model_validate({"image": "A" * 136})


def test_it_goes_through_an_endpoint() -> None:
    app = Vivace()

    @app.post("/covers")
    async def create(cover: Cover) -> Cover:
        assert cover.image == b"\xff\xd8"
        return cover

    client = TestClient(app)
    body = {"image": "/9g=", "thumbnail": None}
    assert client.post("/covers", json=body).json() == body
    described = client.get("/openapi.json").json()["components"]["schemas"]["Cover"]["properties"]
    assert described["image"]["contentEncoding"] == "base64"
