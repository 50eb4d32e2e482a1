"""What type checkers know of the names that are imported from the package."""

from __future__ import annotations

from typing import Annotated, Any, assert_type

import vivace
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
    Security,
    UploadFile,
    Vivace,
    WebSocketException,
    status,
)
from vivace.encoders import jsonable_encoder
from vivace.routing import APIRoute, BaseRoute
from vivace.security import HTTPBearer, OAuth2PasswordBearer, SecurityScopes
from vivace.testclient import AsyncTestClient, TestClient

app = Vivace(title="Typed", dependencies=[Depends(lambda: None)])
assert_type(app, Vivace)
assert_type(app.router, APIRouter)
assert_type(app.routes, list[BaseRoute])
assert_type(app.openapi(), dict[str, Any])
assert_type(app.title, str)
assert_type(vivace.Vivace(), Vivace)
assert_type(vivace.__version__, str)
assert_type(status.HTTP_404_NOT_FOUND, int)
assert_type(HTTPException(404, {"any": 1}, headers={"a": "b"}).status_code, int)
assert_type(WebSocketException(1008).code, int)
assert_type(jsonable_encoder(1), Any)


def provide() -> int:
    return 1


# A default may stand for any type, so that it fits the annotation beside it.
def endpoint(
    background: BackgroundTasks,
    scopes: SecurityScopes,
    item: Annotated[int, Path(gt=0)],
    q: str = Query("", max_length=3),
    token: str = Header(alias="x-token"),
    session: str | None = Cookie(None),
    body: dict[str, int] = Body(embed=True),
    field: int = Form(),
    upload: UploadFile = File(),
    value: int = Depends(provide, use_cache=False, scope="function"),
    secret: str = Security(HTTPBearer(), scopes=["a"]),
    other: Annotated[str, Depends(OAuth2PasswordBearer("token"))] = "",
) -> None:
    assert_type(q, str)
    assert_type(value, int)
    background.add_task(provide)
    assert_type(upload.filename, str | None)
    assert_type(scopes.scopes, list[str])


route = APIRoute("/", endpoint)
assert_type(route.source(), str)
assert_type(route.unique_id, str)
assert_type(route.status_code, int | None)

with TestClient(app) as client:
    assert_type(client.get("/").status_code, int)


async def ask() -> None:
    async with AsyncTestClient(app) as asynchronous:
        assert_type(asynchronous, AsyncTestClient)


Depends(provide, scope="session")  # type: ignore[arg-type]
Query(maximum=3)  # type: ignore[call-arg]
HTTPException()  # type: ignore[call-arg]
Vivace(title=1)  # type: ignore[arg-type]


def takes_no_name_that_is_not_there() -> None:
    from vivace import Nothing  # type: ignore[attr-defined]  # noqa: F401 - as it says
