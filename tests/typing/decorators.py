"""What type checkers know of programs: decorators leave a function's type as it is."""

from __future__ import annotations

from typing import Any, assert_type

from vivace import APIRouter, Request, Response, Vivace, WebSocket

app = Vivace()
router = APIRouter()


@app.get("/items/{item_id}", tags=["items"], response_model=None)
async def read_item(item_id: int, q: str | None = None) -> dict[str, int]:
    return {"id": item_id}


@router.post("/items", status_code=201)
def create_item(name: str) -> str:
    return name


@app.api_route("/any", methods=["GET", "POST"])
def read_any() -> bytes:
    return b""


@app.websocket("/ws")
async def greet(websocket: WebSocket) -> None:
    await websocket.accept()


@app.exception_handler(LookupError)
async def show_lookup_error(request: Request, error: LookupError) -> Response:
    return Response(str(error))


@app.middleware("http")
async def pass_on(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    return response


class Reader:
    @router.put("/reader")
    async def read(self) -> int:
        return 1


async def check() -> None:
    assert_type(await read_item(1), dict[str, int])
    assert_type(create_item("x"), str)
    assert_type(read_any(), bytes)
    assert_type(await Reader().read(), int)
    # Unused ones are reported: each of these is wrong.
    await read_item("1")  # type: ignore[arg-type]
    create_item(1)  # type: ignore[arg-type]
    await greet(1)  # type: ignore[arg-type]
    await show_lookup_error(1, LookupError())  # type: ignore[arg-type]
    await pass_on(1, None)  # type: ignore[arg-type]


app.get("/", status="x")  # type: ignore[call-arg]
app.get("/", tags="x")  # type: ignore[arg-type]
router.delete(1)  # type: ignore[arg-type]
app.include_router(app)  # type: ignore[arg-type]
