"""How the body of a request is received, taken apart and validated."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from tests.unit.compile.text import code_of, text_of

from vivace import Depends, Request, UploadFile, Vivace
from vivace.analyse.body import body_plan
from vivace.analyse.endpoint import analyse_call
from vivace.analyse.flatten import flatten, parameters_of
from vivace.analyse.plan import Source as Origin
from vivace.compile.body import emit_fields, holds_contents, needs_form
from vivace.compile.source import Source
from vivace.declare.functions import Body, File, Form
from vivace.testclient import TestClient

JSON = {"content-type": "application/json"}


class Item(BaseModel):
    name: str
    size: int = 1


class Upload(BaseModel):
    title: str
    data: bytes = b""


app = Vivace(openapi_url=None)
client = TestClient(app)


@app.post("/whole")
async def whole(item: Item) -> Any:
    return item


@app.post("/optional")
async def optional(item: Annotated[Item | None, Body()] = None) -> Any:
    return {"item": item}


@app.post("/default")
async def with_default(count: Annotated[int | None, Body()] = 7) -> Any:
    return {"count": count}


@app.post("/keys")
async def keys(a: Annotated[int, Body()], b: Annotated[int, Body(alias="bee")] = 5) -> Any:
    return [a, b]


@app.post("/optional-keys")
async def optional_keys(a: Annotated[int, Body()] = 1, b: Annotated[int, Body()] = 5) -> Any:
    return [a, b]


@app.post("/bytes")
async def raw(data: Annotated[bytes, Body()]) -> Any:
    return data.decode()


def read_item(item: Item) -> str:
    return item.name


@app.post("/shared")
async def shared(item: Item, name: Annotated[str, Depends(read_item)], request: Request) -> Any:
    return [item.name, name, (await request.body()).decode()]


@app.post("/form")
async def form(name: Annotated[str, Form()], tags: Annotated[list[str], Form()] = []) -> Any:  # noqa: B006
    return [name, tags]


@app.post("/form-model")
async def form_model(item: Annotated[Item, Form()]) -> Any:
    return item


@app.post("/file")
async def file(
    data: Annotated[bytes, File()], upload: UploadFile, title: Annotated[str, Form()] = "-"
) -> Any:
    return [data.decode(), upload.filename, (await upload.read()).decode(), title]


@app.post("/upload-model")
async def upload_model(upload: Annotated[Upload, Form()]) -> Any:
    return [upload.title, upload.data.decode()]


def post(path: str, body: Any = None, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, content=content, headers={**JSON, **headers})


def problems(response: Any) -> list[tuple[str, list[Any]]]:
    assert response.status_code == 422
    return [(error["type"], error["loc"]) for error in response.json()["detail"]]


def test_a_whole_body_is_one_value() -> None:
    assert post("/whole", {"name": "a"}).json() == {"name": "a", "size": 1}
    assert problems(post("/whole", {"name": 1})) == [("string_type", ["body", "name"])]
    assert problems(post("/whole", [])) == [("model_attributes_type", ["body"])]


def test_null_is_a_value_and_an_empty_body_is_none() -> None:
    assert problems(post("/whole", None)) == [("model_attributes_type", ["body"])]
    assert problems(post("/whole", b"")) == [("missing", ["body"])]
    assert post("/default", None).json() == {"count": None}
    assert post("/default", b"").json() == {"count": 7}
    assert post("/optional", b"").json() == {"item": None}


@pytest.mark.parametrize(
    ("content", "position"), [(b"{", 1), (b'{"name": }', 9), (b'"\\ud800"', 1)]
)
def test_what_is_no_json_is_refused_with_the_place(content: bytes, position: int) -> None:
    assert problems(post("/whole", content)) == [("json_invalid", ["body", position])]


def test_a_body_that_is_no_text_is_refused() -> None:
    response = post("/whole", b"\xff")
    assert response.status_code == 400
    assert "error parsing the body" in response.json()["detail"]


def test_a_body_of_another_type_is_taken_as_its_bytes() -> None:
    response = client.post("/bytes", content=b"\x61bc", headers={"content-type": "text/plain"})
    assert response.json() == "abc"
    response = client.post(
        "/whole", content=b'{"name": "a"}', headers={"content-type": "text/plain"}
    )
    assert problems(response) == [("model_attributes_type", ["body"])]


@pytest.mark.parametrize(("strict", "status"), [(True, 422), (False, 200)])
def test_whether_a_body_without_a_type_is_json_is_a_setting(strict: bool, status: int) -> None:
    own = Vivace(openapi_url=None, strict_content_type=strict)
    own.post("/")(whole)
    assert TestClient(own).post("/", content=b'{"name": "a"}').status_code == status


def test_keys_of_an_object_are_parameters() -> None:
    assert post("/keys", {"a": 1, "bee": 2}).json() == [1, 2]
    assert post("/keys", {"a": 1}).json() == [1, 5]
    assert problems(post("/keys", {"bee": "x"})) == [
        ("missing", ["body", "a"]),
        ("int_parsing", ["body", "bee"]),
    ]
    assert problems(post("/keys", {"a": None})) == [("int_type", ["body", "a"])]


@pytest.mark.parametrize("value", [[], 1, "a", [{"a": 1}]])
def test_defaults_of_keys_are_for_objects_only(value: Any) -> None:
    expected = [("missing", ["body", "a"]), ("missing", ["body", "b"])]
    assert problems(post("/optional-keys", value)) == expected


def test_an_empty_body_leaves_every_key_out() -> None:
    assert post("/optional-keys", b"").json() == [1, 5]
    assert problems(post("/keys", b"")) == [("missing", ["body", "a"])]


def test_a_body_that_dependencies_share_is_received_once() -> None:
    assert post("/shared", b'{"name":"a"}').json() == ["a", "a", '{"name":"a"}']
    assert sum("body = await request.body()" in line for line in code_of(shared)) == 1


def test_of_a_form_field_the_last_value_counts_and_of_a_list_every_one() -> None:
    response = client.post("/form", data={"name": ["a", "b"], "tags": ["x", "y"]})
    assert response.json() == ["b", ["x", "y"]]
    assert client.post("/form", data={"name": "a"}).json() == ["a", []]
    # An empty field counts as not sent.
    assert problems(client.post("/form", data={"name": ""})) == [("missing", ["body", "name"])]


def test_the_fields_of_a_form_make_a_model() -> None:
    assert client.post("/form-model", data={"name": "a", "size": "3"}).json() == {
        "name": "a",
        "size": 3,
    }
    response = client.post("/form-model", data={"size": "x"})
    assert problems(response) == [("missing", ["body", "name"]), ("int_parsing", ["body", "size"])]


def test_a_file_is_passed_as_its_bytes_or_as_an_upload() -> None:
    files: Any = {"data": b"abc", "upload": ("b.txt", b"def")}
    assert client.post("/file", files=files).json() == ["abc", "b.txt", "def", "-"]
    response = client.post("/file", files={"upload": ("b.txt", b"def")})
    assert problems(response) == [("missing", ["body", "data"])]


def test_a_model_of_a_form_may_hold_the_bytes_of_a_file() -> None:
    response = client.post("/upload-model", data={"title": "t"}, files={"data": b"abc"})
    assert response.json() == ["t", "abc"]
    assert any("with_contents(form, ['data'])" in line for line in code_of(upload_model))
    assert not any("with_contents" in line for line in code_of(form_model))


def test_a_form_is_closed_when_the_request_ends() -> None:
    code = code_of(form)
    assert code.index("payload = await read_form(request, form_limits)") + 1 == code.index(
        "request_stack.push_async_callback(payload.close)"
    )


def test_a_json_body_is_received_without_a_request_object() -> None:
    async def endpoint(item: Item) -> None: ...

    text = text_of(endpoint)
    assert "Request(" not in text
    assert "fields" not in text
    assert text.count("_v_validate_item(payload, from_attributes=True)") == 1


def test_keys_of_a_body_are_looked_up_once() -> None:
    async def endpoint(a: Annotated[int, Body()], b: Annotated[int, Body()] = 1) -> None: ...

    text = text_of(endpoint)
    assert text.count("fields.get('a', _v_ABSENT)") == 1
    # Only a key with a default has to know whether the body is an object.
    assert text.count("isinstance(payload, (dict, bytes))") == 1


def test_files_are_read_only_where_their_contents_are_asked_for() -> None:
    async def contents(file: Annotated[bytes, File()], name: Annotated[str, Form()]) -> None: ...

    async def fields(name: Annotated[str, Form()]) -> None: ...

    assert text_of(contents).count("await _v_read_bytes(raw)") == 1
    assert "read_bytes" not in text_of(fields)


@pytest.mark.parametrize(
    ("call", "lines", "is_form"),
    [
        (whole, [], False),
        (keys, ["fields = _v_as_object(payload)"], False),
        (form, ["form = _v_grouped(payload.multi_items())"], True),
        (form_model, ["form = _v_grouped(payload.multi_items())"], True),
    ],
)
def test_a_body_is_taken_apart_as_its_parameters_need_it(
    call: Any, lines: list[str], is_form: bool
) -> None:
    body = body_plan(
        p
        for p in parameters_of(flatten(analyse_call(call, frozenset())))
        if p.source is Origin.BODY
    )
    assert body is not None
    assert needs_form(body) is is_form
    source = Source()
    emit_fields(source, body)
    assert source.lines == lines


def test_without_a_body_there_is_no_form() -> None:
    assert not needs_form(None)


def test_only_files_are_passed_as_contents() -> None:
    parameters = parameters_of(flatten(analyse_call(file, frozenset())))
    assert {p.name: holds_contents(p.field) for p in parameters} == {
        "data": True,
        "upload": False,
        "title": False,
    }
    (parameter,) = parameters_of(flatten(analyse_call(raw, frozenset())))
    assert not holds_contents(parameter.field)
