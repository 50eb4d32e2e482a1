"""What importing Vivace does not import, so that it starts quickly and asks for little."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: The server, the command line, clients, templates, exporters, and what they stand on.
HEAVY = {
    *("uvicorn", "uvloop", "httptools", "h11", "websockets", "watchfiles", "gunicorn", "hypercorn"),
    *("typer", "click", "rich", "pygments", "markdown_it", "shellingham", "dotenv"),
    *("httpx", "httpx2", "httpcore", "requests", "urllib3", "certifi"),
    *("jinja2", "markupsafe", "itsdangerous", "yaml", "swagger_ui", "email_validator", "dns"),
    *("opentelemetry", "google", "grpc", "wrapt", "orjson", "ujson", "trio"),
    *("pydantic_settings", "pydantic_extra_types", "sqlalchemy", "redis", "pytest", "setuptools"),
}
#: Parts of Vivace that most programs, or most of their runs, do without.
LATER = {
    *("vivace.cli", "vivace.compat", "vivace.testclient", "vivace.pytest_plugin"),
    *("vivace.describe.models", "vivace.describe.document", "vivace.describe.pages"),
    *("vivace.telemetry.providers", "vivace.telemetry.export", "vivace.templating"),
}


def modules_after(program: str) -> set[str]:
    """The names of the modules that are imported once ``program`` has run in a new interpreter."""
    report = "; import sys; print(*sys.modules)"
    completed = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    return set(completed.stdout.split())


def test_the_package_alone_imports_nothing_but_itself() -> None:
    found = modules_after("import vivace")
    assert not {"pydantic", "starlette", "anyio", "asyncio"} & found
    assert {name for name in found if name.startswith("vivace")} == {"vivace"}


@pytest.mark.parametrize(
    "program",
    [
        "from vivace import Vivace; app = Vivace()",
        "from vivace import *",
        "from vivace import APIRouter, Depends, Query, UploadFile, WebSocket, HTTPException",
        "import vivace.routing, vivace.responses, vivace.security, vivace.encoders",
    ],
)
def test_the_framework_imports_nothing_heavy(program: str) -> None:
    found = modules_after(program)
    assert "vivace.declare.functions" in found or "vivace.routing" in found
    assert {name.split(".")[0] for name in found} & HEAVY == set()
    assert found & LATER == set()


def test_an_app_with_routes_imports_no_more() -> None:
    program = (
        "from vivace import Vivace, Depends, Query; "
        "app = Vivace(title='Shop'); "
        "app.get('/items/{id}')(lambda id, q=Query(''), user=Depends(lambda: 1): id); "
        "app.add_middleware(__import__('starlette.middleware.cors').middleware.cors.CORSMiddleware)"
    )
    found = modules_after(program)
    assert {name.split(".")[0] for name in found} & HEAVY == set()
    assert found & LATER == set()
