from __future__ import annotations

import subprocess
import sys

import pytest
from starlette.exceptions import HTTPException as StarletteHTTPException

from vivace import exceptions

ERRORS = [{"type": "missing", "loc": ("body", "name"), "msg": "Field required"}]


def test_an_http_exception_takes_any_detail() -> None:
    error = exceptions.HTTPException(409, detail={"code": 7}, headers={"X-Reason": "taken"})
    assert isinstance(error, StarletteHTTPException)
    assert error.detail == {"code": 7}
    assert error.headers == {"X-Reason": "taken"}
    assert exceptions.HTTPException(404).detail == "Not Found"


def test_a_validation_error_counts_and_lists_its_errors() -> None:
    text = str(exceptions.RequestValidationError(ERRORS))
    assert text == f"1 validation error:\n  {ERRORS[0]}"
    assert str(exceptions.ResponseValidationError([])) == "0 validation errors:"


def test_a_validation_error_names_the_endpoint_and_its_place() -> None:
    error = exceptions.RequestValidationError(
        ERRORS,
        body={"id": 1},
        endpoint_ctx={"function": "get", "path": "GET /a", "file": "app.py", "line": 3},
    )
    assert 'File "app.py", line 3, in get\n    GET /a' in str(error)
    assert error.body == {"id": 1}
    assert error.errors() is ERRORS


def test_a_path_alone_is_named_without_a_file() -> None:
    text = str(exceptions.WebSocketRequestValidationError(ERRORS, endpoint_ctx={"path": "/ws"}))
    assert "Endpoint: /ws" in text
    assert "File" not in text


@pytest.mark.parametrize(
    "kind", [exceptions.DependencyScopeError, exceptions.PydanticV1NotSupportedError]
)
def test_mistakes_of_a_program_have_one_base(kind: type[Exception]) -> None:
    assert issubclass(kind, exceptions.VivaceError)
    assert issubclass(exceptions.VivaceError, RuntimeError)


def test_a_deprecation_is_shown_by_default_at_the_line_that_causes_it() -> None:
    assert issubclass(exceptions.VivaceDeprecationWarning, UserWarning)
    with pytest.warns(exceptions.VivaceDeprecationWarning, match="old") as caught:
        exceptions.warn_deprecated("old")
    assert caught[0].filename == __file__


def test_a_warning_points_outside_of_the_package_under_the_alias_too() -> None:
    program = "from fastapi import FastAPI\nFastAPI(openapi_prefix='/api')\n"
    command = [sys.executable, "-W", "always", "-m", "vivace.compat", "-c", program]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert completed.stderr.startswith("<string>:2: VivaceDeprecationWarning: "), completed.stderr
