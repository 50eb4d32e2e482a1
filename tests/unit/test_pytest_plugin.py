"""The fixtures that pytest has of Vivace, asked for as any project would."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import pytest

from vivace import Depends, Vivace
from vivace.pytest_plugin import OverrideDependencies, restore
from vivace.testclient import AsyncTestClient, TestClient


def get_name() -> str:
    return "real"


def get_fake() -> str:
    return "fake"


def get_other() -> str:
    return "other"


app = Vivace()


@app.get("/")
async def show(name: Annotated[str, Depends(get_name)]) -> str:
    return name


def test_the_client_is_the_class_to_call_with_an_app(
    async_client: type[AsyncTestClient],
) -> None:
    assert async_client is AsyncTestClient


@pytest.mark.anyio
async def test_the_client_asks_the_app(async_client: type[AsyncTestClient]) -> None:
    async with async_client(app) as client:
        assert (await client.get("/")).json() == "real"


def test_an_override_takes_effect_with_the_next_request(
    dependency_overrides: OverrideDependencies,
) -> None:
    client = TestClient(app)
    assert client.get("/").json() == "real"
    dependency_overrides(app)[get_name] = get_fake
    assert client.get("/").json() == "fake"


def test_several_can_be_overridden_at_once(dependency_overrides: OverrideDependencies) -> None:
    overrides = dependency_overrides(app, {get_name: get_fake, get_other: get_fake})
    assert overrides is app.dependency_overrides
    assert overrides == {get_name: get_fake, get_other: get_fake}
    assert TestClient(app).get("/").json() == "fake"


def test_the_last_override_counts(dependency_overrides: OverrideDependencies) -> None:
    dependency_overrides(app, {get_name: get_fake})
    dependency_overrides(app, {get_name: get_other})
    assert TestClient(app).get("/").json() == "other"


def test_each_app_has_overrides_of_its_own(dependency_overrides: OverrideDependencies) -> None:
    other = Vivace()
    dependency_overrides(other, {get_name: get_fake})
    assert dependency_overrides(app) == {}
    assert TestClient(app).get("/").json() == "real"


def test_what_was_overridden_before_comes_back() -> None:
    overrides = {get_name: get_fake, get_fake: get_other}
    kept = overrides
    restore(overrides, {get_name: get_other})
    assert kept == {get_name: get_other}


def test_the_plugin_imports_nothing_of_the_framework() -> None:
    """pytest loads it in every project, whether that uses Vivace or not."""
    program = (
        "import sys, vivace.pytest_plugin\n"
        "print(*sorted({'starlette', 'pydantic', 'httpx', 'httpx2'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == []


PLUGIN_TEST = """
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: JSONResponse("here"))])
app.dependency_overrides = {"kept": "before"}


@pytest.mark.anyio
async def test_async_client(async_client):
    async with async_client(app) as client:
        assert (await client.get("/")).json() == "here"


def test_overriding(dependency_overrides):
    dependency_overrides(app)["kept"] = "changed"
    assert dependency_overrides(app, {"added": "too"}) is app.dependency_overrides
    assert app.dependency_overrides == {"kept": "changed", "added": "too"}


def test_restored():
    assert app.dependency_overrides == {"kept": "before"}
"""


def test_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_fixtures.py").write_text(PLUGIN_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    # It is slow to import.
    command += ["-p", "no:schemathesis"]
    # Where Vivace is installed pytest finds the plugin by itself, and refuses it twice.
    if not entry_points(group="pytest11", name="vivace"):
        command += ["-p", "vivace.pytest_plugin"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
