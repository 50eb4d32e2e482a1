"""Bodies with secrets: a refusal says what is wrong, and repeats nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError

from vivace import Vivace
from vivace.auth.routes.secret_body import SecretBody
from vivace.testclient import TestClient


class Proof(SecretBody):
    password: str = Field(max_length=20)
    code: str


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"password": "hunter2"}, [("missing", "code")]),
        (
            {"password": ["hunter2"], "code": {}},
            [("string_type", "password"), ("string_type", "code")],
        ),
        ({"password": "hunter2" * 9, "code": "1"}, [("string_too_long", "password")]),
        (["hunter2"], [("model_attributes_type",)]),
        ("hunter2", [("model_attributes_type",)]),
    ],
)
def test_a_refusal_repeats_nothing_of_the_body(body: Any, errors: list[tuple[str, ...]]) -> None:
    app = Vivace()

    @app.post("/")
    async def take(proof: Proof) -> None: ...

    response = TestClient(app).post("/", json=body)
    assert response.status_code == 422
    assert "hunter2" not in response.text
    found = [(one["type"], *one["loc"][1:]) for one in response.json()["detail"]]
    assert found == errors


def test_what_is_right_is_taken() -> None:
    assert Proof(password="hunter2", code="1").code == "1"


def test_outside_a_request_too_nothing_is_repeated() -> None:
    with pytest.raises(ValidationError) as raised:
        Proof.model_validate({"password": "hunter2"})
    assert "hunter2" not in str(raised.value)
