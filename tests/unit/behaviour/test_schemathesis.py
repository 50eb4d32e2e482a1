"""Requests made from the app's own document, valid and not: it answers as the document says.

The app has every kind of parameter that there is.
"""

import enum
import uuid
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import schemathesis
from hypothesis import HealthCheck, settings
from pydantic import BaseModel, EmailStr, Field, HttpUrl, IPvAnyAddress
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from vivace import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    File,
    Form,
    Header,
    HTTPException,
    Path,
    Query,
    Response,
    Security,
    UploadFile,
    Vivace,
)
from vivace.security import APIKeyHeader, HTTPBasic, HTTPBasicCredentials, HTTPBearer


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Place(BaseModel):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=0, le=9)] = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(min_length=1, max_length=20)]


class Node(BaseModel):
    value: int
    kids: "list[Node]" = []


class Item(BaseModel):
    id: uuid.UUID
    name: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[\w ]+$")]
    price: Annotated[Decimal, Field(ge=0, max_digits=8, decimal_places=2)]
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    colour: Colour = Colour.RED
    size: Size = Size.SMALL
    tags: Annotated[set[str], Field(max_length=5)] = set()
    sold: datetime | None = None
    day: date | None = None
    hour: time | None = None
    place: Place | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    size_or_name: int | str = 0
    numbers: dict[str, int] = {}
    pair: tuple[int, str] | None = None
    raw: bytes = b""


class Filters(BaseModel):
    model_config = {"extra": "forbid"}
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    order: Literal["name", "price"] = "name"
    names: list[str] = []


class Signs(BaseModel):
    x_trace: uuid.UUID | None = None
    x_level: Annotated[int, Field(ge=0)] = 0


class Profile(BaseModel):
    model_config = {"extra": "forbid"}
    nickname: Annotated[str, Field(max_length=10)]
    age: Annotated[int, Field(ge=0, lt=150)]
    languages: list[str] = []


class Problem(BaseModel):
    detail: Any


#: What may come besides: a body that cannot even be decoded, a path that no convertor takes.
UNREADABLE: Any = {400: {"model": Problem}}
UNMATCHED: Any = {404: {"model": Problem}}
UNKNOWN: Any = {401: {"model": Problem}}

app = Vivace(title="Everything")
router = APIRouter(prefix="/nested/{shop}", tags=["nested"])


async def page(
    offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> dict[str, int]:
    return {"offset": offset, "limit": limit}


def session(x_session: Annotated[str | None, Header(max_length=8)] = None) -> Any:
    yield x_session


Page = Annotated[dict[str, int], Depends(page)]


@app.get("/path/int/{number:int}", responses=UNMATCHED)
async def read_int(number: Annotated[int, Path(ge=0, le=1000)]) -> int:
    return number


@app.get("/path/float/{number:float}", responses=UNMATCHED)
async def read_float(number: float) -> float:
    return number


@app.get("/path/uuid/{id:uuid}", responses=UNMATCHED)
async def read_uuid(id: uuid.UUID) -> uuid.UUID:
    return id


@app.get("/path/file/{path:path}", responses=UNMATCHED)
async def read_path(path: str) -> str:
    return path


@app.get("/path/{day}/{colour}/{size}", responses=UNMATCHED)
def read_plain(
    day: date, colour: Colour, size: Annotated[Size, Path(description="1 or 2")]
) -> dict[str, Any]:
    return {"day": day, "colour": colour, "size": size}


@app.get("/query")
async def read_query(
    response: Response,
    page: Page,
    text: Annotated[str, Query(min_length=2, max_length=10)] = "text",
    pattern: Annotated[str | None, Query(pattern="^[a-z]+$")] = None,
    number: Annotated[int | None, Query(multiple_of=3)] = None,
    fraction: Annotated[float, Query(gt=-1, lt=1)] = 0,
    amount: Decimal | None = None,
    flag: bool = False,
    colour: Colour | None = None,
    level: Literal["low", "high"] = "low",
    either: int | bool | None = None,
    names: Annotated[list[str] | None, Query(max_length=3)] = None,
    numbers: Annotated[list[int], Query(alias="number-list")] = [],  # noqa: B006
    day: date | None = None,
    moment: datetime | None = None,
    lasts: timedelta | None = None,
    id: uuid.UUID | None = None,
    address: IPvAnyAddress | None = None,
    url: HttpUrl | None = None,
) -> dict[str, str]:
    response.headers["X-Offset"] = str(page["offset"])
    return {"text": text, "number": str(number)}


@app.get("/query-model")
async def read_query_model(filters: Annotated[Filters, Query()]) -> Filters:
    return filters


@app.get("/header")
async def read_header(
    x_number: Annotated[int, Header()],
    x_names: Annotated[list[str] | None, Header()] = None,
    x_day: Annotated[date | None, Header()] = None,
    odd: Annotated[str, Header(alias="X-Odd_Name", max_length=5)] = "odd",
    session: Annotated[str | None, Depends(session)] = None,
) -> dict[str, Any]:
    return {"number": x_number, "names": x_names, "odd": odd}


@app.get("/header-model")
async def read_header_model(signs: Annotated[Signs, Header()]) -> Signs:
    return signs


@app.get("/cookie")
async def read_cookie(
    number: Annotated[int, Cookie(ge=0)], colour: Annotated[Colour, Cookie()] = Colour.RED
) -> dict[str, Any]:
    return {"number": number, "colour": colour}


@app.post("/items", status_code=201, responses=UNREADABLE)
async def create_item(item: Item) -> Item:
    return item


@app.put("/items/{id}", responses={**UNREADABLE, **UNMATCHED})
def replace_item(id: uuid.UUID, item: Annotated[Item, Body()], tasks: BackgroundTasks) -> Item:
    tasks.add_task(str, item)
    return item.model_copy(update={"id": id})


@app.post("/keys", responses=UNREADABLE)
async def take_keys(
    place: Place, colour: Annotated[Colour, Body()], number: Annotated[int, Body(gt=1)] = 2
) -> Place:
    return place


@app.post("/embedded", responses=UNREADABLE)
async def take_embedded(node: Annotated[Node, Body(embed=True)]) -> Node:
    return node


@app.post("/list", responses=UNREADABLE)
async def take_list(pets: Annotated[list[Cat | Dog], Body(max_length=3)]) -> list[Cat | Dog]:
    return pets


@app.post("/scalar", responses=UNREADABLE)
async def take_scalar(number: Annotated[int | None, Body()] = None) -> int | None:
    return number


@app.post("/anything", responses=UNREADABLE)
async def take_anything(value: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    return value


@app.post("/form", responses=UNREADABLE)
async def take_form(
    name: Annotated[str, Form(max_length=10)],
    number: Annotated[int, Form()],
    colours: Annotated[list[Colour] | None, Form()] = None,
    email: Annotated[EmailStr | None, Form()] = None,
) -> dict[str, Any]:
    return {"name": name, "number": number}


@app.post("/form-model", responses=UNREADABLE)
def take_form_model(profile: Annotated[Profile, Form()]) -> Profile:
    return profile


@app.post("/upload", responses=UNREADABLE)
async def take_upload(
    file: UploadFile,
    contents: Annotated[bytes, File()],
    more: list[UploadFile] | None = None,
    note: Annotated[str, Form()] = "",
) -> dict[str, int]:
    return {"size": len(await file.read()), "contents": len(contents), "more": len(more or [])}


@router.get("/items/{id}", responses=UNMATCHED)
async def read_nested(shop: Annotated[int, Path(ge=1)], id: int, page: Page) -> list[int]:
    return [shop, id, page["offset"]]


@router.delete("/items/{id}", status_code=204, responses=UNMATCHED)
async def delete_nested(shop: int, id: int) -> None: ...


app.include_router(router, responses=UNMATCHED)


@app.get("/bearer", responses=UNKNOWN)
async def read_bearer(token: Annotated[Any, Depends(HTTPBearer())]) -> str:
    return str(token.credentials)


@app.get("/basic", responses=UNKNOWN)
def read_basic(user: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> str:
    return user.username


@app.get("/key", responses=UNKNOWN)
async def read_key(key: Annotated[str, Security(APIKeyHeader(name="X-Key"))]) -> str:
    if not key:
        raise HTTPException(401)
    return "known"


@app.get("/stream")
async def stream(count: Annotated[int, Query(ge=0, le=5)] = 2) -> AsyncIterator[Place]:
    for number in range(count):
        yield Place(latitude=number, longitude=number)


load_all_checks()
schema = schemathesis.openapi.from_asgi("/openapi.json", app)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
    allow_header_conformance,
    missing_required_header,
]


@schema.parametrize()
@settings(
    max_examples=10,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_its_document_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=CHECKS)
