"""Bodies of requests as the OpenAPI document has them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from vivace import Vivace


class Profile(BaseModel):
    name: str
    age: int = 0


def body_of(app: Vivace) -> dict[str, Any]:
    body: dict[str, Any] = app.openapi()["paths"]["/"]["post"]["requestBody"]
    return body


def schema_of(app: Vivace, media_type: str = "application/x-www-form-urlencoded") -> dict[str, Any]:
    """The definition that the one media type of the body refers to."""
    (content,) = body_of(app)["content"].items()
    assert content[0] == media_type
    name = content[1]["schema"]["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = app.openapi()["components"]["schemas"][name]
    return schema


def reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
