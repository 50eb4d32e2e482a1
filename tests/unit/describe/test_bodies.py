from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vivace import Body, Depends, File, Form, UploadFile, Vivace


class Profile(BaseModel):
    name: str
    age: int = 0


class Address(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    town: str = Field(alias="city")
    street: str


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")
    note: str = ""


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


def test_an_embedding_object_has_the_endpoint_s_own_keys_first() -> None:
    app = Vivace()

    def dependency(b: Annotated[int, Body()], a: Annotated[int, Body()]) -> None: ...

    @app.post("/")
    def write(a: Annotated[str, Body()], dependency: None = Depends(dependency)) -> None: ...

    schema = schema_of(app, "application/json")
    assert list(schema["properties"]) == ["a", "b"]
    # Two declarations of one key: the dependency's is what remains.
    assert schema["properties"]["a"]["type"] == "integer"


def test_a_body_that_may_be_left_out_is_not_required() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Profile | None = None) -> None: ...

    assert "required" not in body_of(app)


def test_options_requests_have_no_documented_body() -> None:
    app = Vivace()

    @app.options("/")
    def write(profile: Profile) -> None: ...

    assert "requestBody" not in app.openapi()["paths"]["/"]["options"]


def test_a_form_that_is_one_model_is_the_model() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile, Form()]) -> None: ...

    content = body_of(app)["content"]["application/x-www-form-urlencoded"]
    assert content == {"schema": reference(Profile)}


def test_models_and_fields_that_share_a_form_are_put_together() -> None:
    app = Vivace()

    @app.post("/")
    def write(
        profile: Annotated[Profile, Form()],
        anything: Annotated[Anything, Form()],
        token: Annotated[str, Form()],
        note: Annotated[str, Form(alias="the_note")] = "",
    ) -> None: ...

    schema = schema_of(app)
    assert schema["allOf"] == [reference(Profile), reference(Anything)]
    assert list(schema["properties"]) == ["token", "the_note"]
    assert schema["required"] == ["token"]


def test_a_file_makes_the_whole_form_multipart() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile, Form()], avatar: UploadFile) -> None: ...

    schema = schema_of(app, "multipart/form-data")
    assert schema["properties"]["avatar"]["contentMediaType"] == "application/octet-stream"


def test_one_field_that_asks_for_multipart_makes_the_whole_form_multipart() -> None:
    app = Vivace()

    @app.post("/")
    def write(
        a: Annotated[str, Form()], b: Annotated[str, Form(media_type="multipart/form-data")]
    ) -> None: ...

    assert list(body_of(app)["content"]) == ["multipart/form-data"]


def test_a_model_that_may_be_left_out_is_absent_when_none_of_its_fields_is_sent() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile | None, Form()] = None) -> None: ...

    absent = {"not": {"anyOf": [{"required": ["age"]}, {"required": ["name"]}]}}
    present = {"anyOf": [reference(Profile)], "title": "Profile"}
    assert schema_of(app)["allOf"] == [{"anyOf": [absent, present]}]
    assert "required" not in body_of(app)


def test_a_model_that_takes_any_field_is_absent_only_from_an_empty_form() -> None:
    app = Vivace()

    @app.post("/")
    def write(anything: Annotated[Anything | None, Form()] = None) -> None: ...

    assert schema_of(app)["allOf"][0]["anyOf"][0] == {"maxProperties": 0}


def test_every_name_of_a_required_field_will_do() -> None:
    app = Vivace()

    @app.post("/")
    def write(address: Annotated[Address, Form()], token: Annotated[str, Form()] = "") -> None: ...

    (part,) = schema_of(app)["allOf"]
    assert part["required"] == ["street"]
    assert part["allOf"] == [{"anyOf": [{"required": ["city"]}, {"required": ["town"]}]}]
    # The definition is shared with JSON bodies, and stays as it is.
    definition = app.openapi()["components"]["schemas"]["Address"]
    assert definition["required"] == ["city", "street"]


def test_a_field_of_a_form_that_is_declared_twice_has_to_fit_both() -> None:
    app = Vivace()

    def size(content: Annotated[bytes, File(alias="avatar", max_length=10)]) -> None: ...

    @app.post("/")
    def write(
        profile: Annotated[Profile, Form()], avatar: UploadFile, size: None = Depends(size)
    ) -> None: ...

    schema = schema_of(app, "multipart/form-data")
    assert list(schema["properties"]) == ["avatar"]
    assert schema["allOf"][1]["properties"]["avatar"]["maxLength"] == 10


def test_examples_of_a_lone_body_stand_beside_its_schema() -> None:
    app = Vivace()
    examples = {"one": {"value": {"name": "Zoë"}}}

    @app.post("/")
    def write(profile: Profile = Body(openapi_examples=examples)) -> None: ...

    assert body_of(app)["content"]["application/json"]["examples"] == examples
