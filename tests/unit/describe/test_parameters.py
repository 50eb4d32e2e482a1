from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from vivace import Cookie, Depends, Header, Path, Query, Vivace


class Filters(BaseModel):
    page_size: int


class Headers(BaseModel):
    if_none_match: str


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True)
    user_id: int = Field(alias="uid")


class ByAnyName(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    user_id: int = Field(validation_alias=AliasChoices("uid", "user"))


def parameters_of(app: Vivace, path: str = "/") -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = app.openapi()["paths"][path]["get"].get("parameters", [])
    return parameters


def test_parameters_are_listed_by_place_and_the_endpoint_s_own_come_first() -> None:
    app = Vivace()

    def inner(token: Annotated[str, Cookie()], depth: int) -> None: ...

    def outer(inner: None = Depends(inner), x_trace: str = Header(), limit: int = 1) -> None: ...

    @app.get("/{item_id}")
    def read(outer: None = Depends(outer), *, q: str, item_id: int) -> None: ...

    places = [(p["in"], p["name"]) for p in parameters_of(app, "/{item_id}")]
    assert places == [
        ("path", "item_id"),
        ("query", "q"),
        ("query", "limit"),
        ("query", "depth"),
        ("header", "x-trace"),
        ("cookie", "token"),
    ]


def test_of_two_declarations_one_that_requires_the_parameter_is_shown() -> None:
    app = Vivace()

    def needs(q: Annotated[int, Query(description="Needed here")]) -> None: ...

    def takes(q: Annotated[str, Query(description="Not needed here")] = "") -> None: ...

    @app.get("/")
    def read(
        needs: None = Depends(needs),
        takes: None = Depends(takes),
        q: Annotated[str | None, Query()] = None,
    ) -> None: ...

    (parameter,) = parameters_of(app)
    assert parameter["required"] is True
    assert parameter["description"] == "Needed here"


def test_the_fields_of_a_model_are_parameters() -> None:
    app = Vivace()

    @app.get("/")
    def read(filters: Annotated[Filters, Query()]) -> None: ...

    (parameter,) = parameters_of(app)
    assert parameter["name"] == "page_size"
    assert parameter["required"] is True


def test_nothing_is_required_of_a_model_that_may_be_left_out() -> None:
    app = Vivace()

    @app.get("/")
    def read(filters: Annotated[Filters | None, Query()] = None) -> None: ...

    assert [p["required"] for p in parameters_of(app)] == [False]


def test_a_model_that_is_hidden_hides_its_fields_but_not_that_they_are_checked() -> None:
    app = Vivace()

    @app.get("/")
    def read(filters: Annotated[Filters, Query(include_in_schema=False)]) -> None: ...

    assert parameters_of(app) == []
    assert "422" in app.openapi()["paths"]["/"]["get"]["responses"]


def test_fields_of_a_model_have_the_first_name_that_clients_may_use() -> None:
    app = Vivace()

    @app.get("/name")
    def by_name(model: Annotated[ByName, Query()]) -> None: ...

    @app.get("/any")
    def by_any(model: Annotated[ByAnyName, Query()]) -> None: ...

    assert [p["name"] for p in parameters_of(app, "/name")] == ["user_id"]
    assert [p["name"] for p in parameters_of(app, "/any")] == ["uid"]


def test_headers_of_a_model_have_hyphens_in_their_names_and_words_in_their_titles() -> None:
    app = Vivace()

    @app.get("/")
    def read(headers: Annotated[Headers, Header()]) -> None: ...

    (parameter,) = parameters_of(app)
    assert parameter["name"] == "if-none-match"
    assert parameter["schema"]["title"] == "If None Match"


def test_a_path_parameter_goes_by_the_name_that_its_path_has() -> None:
    number = Path(validation_alias=AliasChoices("order_id", "id"))
    app = Vivace()

    @app.get("/orders/{order_id}")
    @app.get("/legacy/{id}")
    def read(number: int = number) -> None: ...

    assert [p["name"] for p in parameters_of(app, "/orders/{order_id}")] == ["order_id"]
    assert [p["name"] for p in parameters_of(app, "/legacy/{id}")] == ["id"]


def test_named_examples_stand_beside_the_schema() -> None:
    app = Vivace()
    examples = {"one": {"summary": "First", "value": 1}}

    @app.get("/")
    def read(page: int = Query(1, openapi_examples=examples, examples=[2])) -> None: ...

    (parameter,) = parameters_of(app)
    assert parameter["examples"] == examples
    assert parameter["schema"]["examples"] == [2]
