from __future__ import annotations

from importlib import import_module

import pytest
import starlette.status
from starlette.exceptions import StarletteDeprecationWarning

from vivace import status

MODULES = [
    "background",
    "concurrency",
    "datastructures",
    "middleware",
    "middleware.cors",
    "middleware.gzip",
    "middleware.httpsredirect",
    "middleware.sessions",
    "middleware.trustedhost",
    "requests",
    "responses",
    "staticfiles",
    "templating",
    "types",
]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_what_it_says(name: str) -> None:
    module = import_module(f"vivace.{name}")
    assert sorted(module.__all__, key=str.lower) == sorted(set(module.__all__), key=str.lower)
    assert all(hasattr(module, exported) for exported in module.__all__)


def test_wsgi_is_handed_on_with_its_warning() -> None:
    with pytest.warns(StarletteDeprecationWarning, match="a2wsgi"):
        assert import_module("vivace.middleware.wsgi").WSGIMiddleware


def test_every_status_code_has_its_name() -> None:
    assert status.HTTP_201_CREATED == 201
    assert status.WS_1008_POLICY_VIOLATION == 1008
    assert set(starlette.status.__all__) <= set(dir(status))


def test_a_name_that_an_rfc_replaced_warns() -> None:
    with pytest.warns(StarletteDeprecationWarning):
        assert status.HTTP_422_UNPROCESSABLE_ENTITY == 422


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = status.HTTP_999_UNKNOWN
