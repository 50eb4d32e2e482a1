"""Where credentials are sent."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.answers.credentials import credentials_in, has_scheme
from vivace.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBearer


def route_of(*schemes: Any) -> Any:
    app = Vivace()

    def inner(credentials: Any = schemes[0] if schemes else None) -> None: ...

    async def read(guard: None = Depends(inner)) -> None: ...

    app.get("/", dependencies=[*schemes[1:]])(read)
    return app.routes[-1]


def request_to(route: Any) -> dict[str, Any]:
    headers = [(b"authorization", b"1"), (b"cookie", b"2"), (b"x-own", b"3")]
    query = b"key=4&key=5&other=6"
    return {"type": "http", "route": route, "headers": headers, "query_string": query}


@pytest.mark.parametrize(
    ("scheme", "more"),
    [
        (APIKeyHeader(name="X-Own"), ["header x-own", "3"]),
        (APIKeyHeader(name="X-API-Key"), []),
        (APIKeyQuery(name="key"), ["query key", "4", "5"]),
        (APIKeyCookie(name="key"), []),
        (HTTPBearer(), []),
    ],
)
def test_a_scheme_is_found_wherever_it_is(scheme: Any, more: list[str]) -> None:
    for route in (route_of(Depends(scheme)), route_of(None, Depends(scheme))):
        assert has_scheme(route)
        usual = ["header authorization", "1", "header cookie", "2", "header x-api-key"]
        assert credentials_in(request_to(route)) == [*usual, *more]


def test_without_one_the_usual_fields_count() -> None:
    for route in (route_of(), None, object()):
        assert not has_scheme(route)
        usual = ["header authorization", "1", "header cookie", "2", "header x-api-key"]
        assert credentials_in(request_to(route)) == usual
