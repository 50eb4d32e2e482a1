"""Where credentials are sent."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.answers.credentials import USUAL, credential_fields, has_scheme
from vivace.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBearer


def route_of(*schemes: Any) -> Any:
    app = Vivace()

    def inner(credentials: Any = schemes[0] if schemes else None) -> None: ...

    async def read(guard: None = Depends(inner)) -> None: ...

    app.get("/", dependencies=[*schemes[1:]])(read)
    return app.routes[-1]


@pytest.mark.parametrize(
    ("scheme", "fields"),
    [
        (APIKeyHeader(name="X-Own"), ("x-own",)),
        (APIKeyHeader(name="X-API-Key"), ()),
        (APIKeyQuery(name="key"), ()),
        (APIKeyCookie(name="key"), ()),
        (HTTPBearer(), ()),
    ],
)
def test_a_scheme_is_found_wherever_it_is(scheme: Any, fields: tuple[str, ...]) -> None:
    for route in (route_of(Depends(scheme)), route_of(None, Depends(scheme))):
        assert has_scheme(route)
        assert credential_fields(route) == (*USUAL, *fields)


def test_without_one_the_usual_fields_count() -> None:
    for route in (route_of(), None, object()):
        assert not has_scheme(route)
        assert credential_fields(route) == USUAL
