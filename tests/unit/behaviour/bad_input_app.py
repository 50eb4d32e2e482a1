"""An app with parameters of every source, for requests that no client library would send."""

import enum
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, field_validator

from vivace import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    File,
    Form,
    Header,
    Path,
    Query,
    Request,
    UploadFile,
    Vivace,
    WebSocket,
)

app = Vivace()

#: A default that no request may change.
NOTHING: list[Any] = []


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []


class Filters(BaseModel):
    limit: int = 10
    names: list[str] = []


class Anything(BaseModel):
    value: Any

    @field_validator("value")
    @classmethod
    def refuse(cls, value: Any) -> Any:
        raise ValueError("refused")


@app.get("/alive")
async def alive() -> str:
    return "yes"


@app.get("/text/{text}")
async def read_text(text: str) -> str:
    return text


@app.get("/number/{number}")
async def read_number(number: int) -> int:
    return number


@app.get("/convertor/{number:int}")
async def read_converted(number: int) -> int:
    return number


@app.get("/fraction/{number:float}")
async def read_fraction(number: float) -> float:
    return number


@app.get("/file/{path:path}")
async def read_path(path: str) -> str:
    return path


@app.get("/uuid/{id}")
async def read_uuid(id: uuid.UUID, when: datetime | None = None) -> uuid.UUID:
    return id


@app.get("/decimal/{number}")
async def read_decimal(number: Annotated[Decimal, Path(gt=0)]) -> str:
    return str(number)


@app.get("/query")
async def read_query(
    text: str = "",
    number: int = 0,
    fraction: float = 0,
    flag: bool = False,
    colour: Colour = Colour.RED,
    names: Annotated[list[str], Query()] = NOTHING,
    numbers: Annotated[list[int], Query()] = NOTHING,
) -> dict[str, Any]:
    return {"text": text, "number": number, "names": len(names), "numbers": len(numbers)}


@app.get("/query-model")
async def read_query_model(filters: Annotated[Filters, Query()]) -> dict[str, Any]:
    return {"limit": filters.limit, "names": len(filters.names)}


@app.get("/header")
async def read_header(
    x_number: Annotated[int, Header()],
    x_text: Annotated[str, Header()] = "",
    x_many: Annotated[list[str], Header()] = NOTHING,
) -> dict[str, Any]:
    return {"number": x_number, "text": x_text, "many": x_many}


@app.get("/cookie")
async def read_cookie(
    number: Annotated[int, Cookie()], text: Annotated[str, Cookie()] = ""
) -> dict[str, Any]:
    return {"number": number, "text": text}


@app.post("/item")
async def create_item(item: Item) -> Item:
    return item


@app.post("/keys")
async def create_keys(item: Item, number: Annotated[int, Body()]) -> int:
    return number


@app.post("/any")
async def take_anything(value: Annotated[Any, Body()]) -> str:
    return type(value).__name__


@app.post("/echo")
async def echo(value: Annotated[Any, Body()]) -> Any:
    return value


@app.post("/numbers")
async def take_numbers(numbers: list[int]) -> int:
    return len(numbers)


@app.post("/refused")
async def refuse(body: Anything) -> None:
    return None


@app.post("/bytes")
async def take_bytes(body: Annotated[bytes, Body()]) -> int:
    return len(body)


@app.post("/form")
async def take_form(
    name: Annotated[str, Form()],
    number: Annotated[int, Form()],
    names: Annotated[list[str], Form()] = NOTHING,
) -> dict[str, Any]:
    return {"name": name, "number": number, "names": len(names)}


@app.post("/form-model")
async def take_form_model(item: Annotated[Filters, Form()]) -> dict[str, Any]:
    return {"limit": item.limit, "names": len(item.names)}


@app.post("/upload")
async def take_upload(
    file: UploadFile, note: Annotated[str, Form()] = "", number: Annotated[int, Form()] = 0
) -> dict[str, Any]:
    return {"name": file.filename, "size": len(await file.read()), "note": note}


@app.post("/contents")
async def take_contents(file: Annotated[bytes, File()]) -> int:
    return len(file)


@app.post("/raw")
async def take_raw(request: Request) -> int:
    return len(await request.body())


async def body_of(request: Request) -> bytes:
    return await request.body()


@app.post("/raw-dependency")
async def take_raw_dependency(body: Annotated[bytes, Depends(body_of)]) -> int:
    return len(body)


@app.post("/limited", max_body_size=1000)
async def take_limited(item: Item) -> Item:
    return item


@app.post("/stream")
async def stream(body: Annotated[bytes, Depends(body_of)]) -> AsyncIterator[int]:
    yield len(body)


async def session() -> AsyncIterator[int]:
    yield 1


@app.post("/dependent")
def use_session(item: Item, session: Annotated[int, Depends(session)]) -> Item:
    return item


@app.websocket("/socket")
async def talk(websocket: WebSocket, number: int) -> None:
    await websocket.accept()


included = APIRouter()


@included.get("/{number:int}")
async def read_included(number: int) -> int:
    return number


app.include_router(included, prefix="/included")

mounted = Vivace()


@mounted.get("/")
async def read_mounted(request: Request) -> int:
    number: int = request.path_params["number"]
    return number


app.mount("/mounted/{number:int}", mounted)
