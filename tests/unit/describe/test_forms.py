from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from vivace import Depends, File, Form, UploadFile, Vivace
from vivace.analyse.plan import Parameter
from vivace.describe.endpoint import documented_endpoints
from vivace.describe.forms import ComposedForm, is_composed
from vivace.describe.schemas import Schemas

from .documented import Profile, body_of, reference, schema_of


class Address(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    town: str = Field(alias="city")
    street: str


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")
    note: str = ""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: str = ""


class Empty(BaseModel):
    pass


def parameters_of(app: Vivace) -> list[Parameter]:
    (endpoint,) = documented_endpoints(app.routes)
    body = endpoint.route.plan.body
    assert body is not None
    return list(body.parameters)


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


def test_a_model_that_may_be_left_out_is_absent_when_none_of_its_fields_is_sent() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile | None, Form()] = None) -> None: ...

    absent = {"not": {"anyOf": [{"required": ["age"]}, {"required": ["name"]}]}}
    present = {"anyOf": [reference(Profile)], "title": "Profile"}
    assert schema_of(app)["allOf"] == [{"anyOf": [absent, present]}]
    assert "required" not in body_of(app)


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


def test_a_form_is_composed_of_models_that_share_it_or_may_be_left_out() -> None:
    app = Vivace()

    @app.post("/")
    def write(
        profile: Annotated[Profile, Form()],
        anything: Annotated[Anything | None, Form()],
        token: Annotated[str, Form()],
    ) -> None: ...

    profile, anything, token = parameters_of(app)
    assert not is_composed([])
    assert not is_composed([token])
    assert not is_composed([token, token])
    assert not is_composed([profile])
    assert is_composed([anything])
    assert is_composed([profile, token])
    assert is_composed([token, profile])


def test_a_composed_form_adds_its_definition_and_is_a_reference_to_it() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile, Form()], token: Annotated[str, Form()]) -> None: ...

    form = ComposedForm("Body_write", parameters_of(app))
    assert [field.name for field in form.fields] == ["profile", "token"]
    schemas = Schemas(form.fields)
    assert "Body_write" not in schemas.definitions
    assert form.schema(schemas) == {"$ref": "#/components/schemas/Body_write"}
    assert schemas.definitions["Body_write"] == {
        "allOf": [reference(Profile)],
        "properties": {"token": {"type": "string", "title": "Token"}},
        "type": "object",
        "required": ["token"],
        "title": "Body_write",
    }


def test_a_form_of_models_alone_has_no_properties_of_its_own() -> None:
    app = Vivace()

    @app.post("/")
    def write(
        profile: Annotated[Profile, Form()], anything: Annotated[Anything, Form()]
    ) -> None: ...

    schema = schema_of(app)
    assert sorted(schema) == ["allOf", "title", "type"]
    assert schema["allOf"] == [reference(Profile), reference(Anything)]


def test_a_default_of_a_model_is_not_said_of_the_form() -> None:
    app = Vivace()

    @app.post("/")
    def write(
        anything: Annotated[Anything, Form()] = Anything(note="kept"),
        token: Annotated[str, Form()] = "",
    ) -> None: ...

    (part,) = schema_of(app)["allOf"]
    assert "default" not in part
    assert schema_of(app)["properties"]["token"]["default"] == ""


def test_a_model_that_may_be_none_but_not_left_out_has_to_be_there() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile | None, Form()]) -> None: ...

    absent = {"not": {"anyOf": [{"required": ["age"]}, {"required": ["name"]}]}}
    present = {"anyOf": [reference(Profile)], "title": "Profile"}
    assert schema_of(app)["allOf"] == [{"not": absent}, present]


@pytest.mark.parametrize(
    ("model", "absent"),
    [(Anything, {"maxProperties": 0}), (Strict, {"maxProperties": 0}), (Empty, {})],
)
def test_what_a_model_takes_notice_of_says_when_it_is_absent(
    model: Any, absent: dict[str, Any]
) -> None:
    app = Vivace()

    def write(form: Any = None) -> None: ...

    write.__annotations__["form"] = Annotated[model | None, Form()]
    app.post("/")(write)
    assert schema_of(app)["allOf"][0]["anyOf"][0] == absent


def test_a_model_whose_required_fields_have_one_name_is_its_shared_definition() -> None:
    app = Vivace()

    @app.post("/")
    def write(profile: Annotated[Profile, Form()], token: Annotated[str, Form()] = "") -> None: ...

    assert schema_of(app)["allOf"] == [reference(Profile)]
    assert "required" not in schema_of(app)


def test_a_model_that_may_be_left_out_has_every_name_in_its_branch() -> None:
    app = Vivace()

    @app.post("/")
    def write(address: Annotated[Address | None, Form()] = None) -> None: ...

    absent, present = schema_of(app)["allOf"][0]["anyOf"]
    names = [one["required"] for one in absent["not"]["anyOf"]]
    assert names == [["city"], ["street"], ["town"]]
    (branch,) = present["anyOf"]
    assert branch["required"] == ["street"]
    assert branch["allOf"] == [{"anyOf": [{"required": ["city"]}, {"required": ["town"]}]}]
