from __future__ import annotations

from typing import Annotated

from vivace import Body, Depends, Form, UploadFile, Vivace

from .documented import Profile, body_of, reference, schema_of


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


def test_examples_of_a_lone_body_stand_beside_its_schema() -> None:
    app = Vivace()
    examples = {"one": {"value": {"name": "Zoë"}}}

    @app.post("/")
    def write(profile: Profile = Body(openapi_examples=examples)) -> None: ...

    assert body_of(app)["content"]["application/json"]["examples"] == examples
