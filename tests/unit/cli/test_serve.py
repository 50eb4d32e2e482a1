from __future__ import annotations

import os
import re
from typing import Any

import pytest

from .conftest import APP, Run, Write


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, write: Write) -> dict[str, Any]:
    """What uvicorn is called with, in place of serving."""
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("VIVACE_DEV_APP", "")
    write("main.py", APP)
    called: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **settings: called.update(settings, app=app))
    return called


def test_the_settings_of_dev(run: Run, settings: dict[str, Any]) -> None:
    assert run("dev").exit_code == 0
    assert os.environ["VIVACE_DEV_APP"] == "main:app"
    assert settings == {
        "app": "vivace.cli.reloading:load_app",
        "factory": True,
        "host": "127.0.0.1",
        "port": 8000,
        "reload": True,
        "reload_dirs": None,
        "timeout_graceful_shutdown": 1,
        "root_path": "",
        "proxy_headers": True,
        "forwarded_allow_ips": None,
    }


def test_the_settings_of_run(run: Run, settings: dict[str, Any]) -> None:
    assert run("run").exit_code == 0
    assert settings == {
        "app": "main:app",
        "host": "0.0.0.0",
        "port": 8000,
        "workers": None,
        "root_path": "",
        "proxy_headers": True,
        "forwarded_allow_ips": None,
        "access_log": True,
        "timeout_graceful_shutdown": 25,
    }


@pytest.mark.parametrize(
    ("options", "setting", "value"),
    [
        ("dev --no-reload", "reload", False),
        ("dev --reload-dir . --reload-dir /", "reload_dirs", [".", "/"]),
        ("dev --host ::1", "host", "::1"),
        ("run --port 9000", "port", 9000),
        ("run --workers 4", "workers", 4),
        ("run --root-path /api", "root_path", "/api"),
        ("run --no-proxy-headers", "proxy_headers", False),
        (
            "run --forwarded-allow-ips ::1,::2",
            "forwarded_allow_ips",
            "::1,::2",
        ),
        ("run --no-access-log", "access_log", False),
        ("run --graceful-timeout 5", "timeout_graceful_shutdown", 5),
        ("run main.py --app second", "app", "main:second"),
        ("run main:second", "app", "main:second"),
        ("run --entrypoint main:second", "app", "main:second"),
    ],
)
def test_each_option_is_a_setting(
    run: Run, write: Write, settings: dict[str, Any], options: str, setting: str, value: object
) -> None:
    write("main.py", APP + "\nsecond = app")
    result = run(*options.split())
    assert result.exit_code == 0, result.stderr
    assert settings[setting] == value


def test_a_function_makes_the_app_in_each_process(
    run: Run, write: Write, settings: dict[str, Any]
) -> None:
    write("main.py", APP + "\ndef make_app() -> Vivace:\n    return app\n")
    result = run("run", "--app", "make_app")
    assert result.exit_code == 0, result.stderr
    assert settings["app"] == "main:make_app"
    assert settings["factory"] is True


def test_the_port_may_come_from_the_environment(
    run: Run, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "9000")
    run("run")
    assert settings["port"] == 9000


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Vivace()", "/docs"),
        ("Vivace(docs_url='/api/docs')", "/api/docs"),
        ("Vivace(docs_url=None)", "/redoc"),
        ("Vivace(docs_url=None, redoc_url=None)", None),
        ("Vivace(openapi_url=None)", None),
    ],
)
@pytest.mark.usefixtures("settings")
def test_the_page_that_is_named(run: Run, write: Write, text: str, page: str | None) -> None:
    write("main.py", f"from vivace import Vivace\napp = {text}")
    output = run("run").stdout
    assert "Server  http://0.0.0.0:8000" in output
    assert re.findall(r"Docs +(\S+)", output) == ([f"http://0.0.0.0:8000{page}"] if page else [])


@pytest.mark.usefixtures("settings")
def test_an_address_of_ipv6_stands_in_brackets(run: Run) -> None:
    assert "http://[::1]:8000" in run("run", "--host", "::1").stdout
