from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from .conftest import APP, Run, Write

PRINTING_APP = "print('starting')\n" + APP


def test_the_document_is_written_to_standard_output(run: Run, write: Write) -> None:
    write("main.py", PRINTING_APP)
    result = run("openapi")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["info"]["title"] == "Shop"
    assert "/items/{item_id}" in document["paths"]
    # What the program prints is kept apart.
    assert result.stderr == "starting\n"


def test_yaml(run: Run, write: Write) -> None:
    write("main.py", APP)
    as_json = json.loads(run("openapi").stdout)
    result = run("openapi", "--format", "yaml")
    assert yaml.safe_load(result.stdout) == as_json
    # In the order of the specification, not of the alphabet.
    assert result.stdout.startswith("openapi: 3.1.0\ninfo:\n")


@pytest.mark.parametrize(
    ("name", "options", "is_json"),
    [
        ("api.json", [], True),
        ("api.yaml", [], False),
        ("api.YML", [], False),
        ("api", [], True),
        ("api.txt", ["--format", "yaml"], False),
        ("api.json", ["--format", "yaml"], False),
    ],
)
def test_the_format_follows_the_suffix(
    run: Run, write: Write, project: Path, name: str, options: list[str], is_json: bool
) -> None:
    write("main.py", APP)
    result = run("openapi", "--output", name, *options)
    assert (result.exit_code, result.stdout) == (0, "")
    text = (project / name).read_text()
    assert text.startswith("{") is is_json
    assert yaml.safe_load(text)["info"]["title"] == "Shop"


def test_text_of_any_language_is_written_as_it_is(run: Run, write: Write, project: Path) -> None:
    write("main.py", APP.replace("Shop", "Café ☕"))
    run("openapi", "-o", "api.json")
    assert "Café ☕" in (project / "api.json").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written(run: Run, write: Write) -> None:
    write("main.py", APP)
    result = run("openapi", "--output", "missing/api.json")
    assert result.exit_code == 1
    assert "missing/api.json cannot be written: No such file or directory" in result.stderr


def test_an_app_that_is_not_of_vivace(run: Run, write: Write) -> None:
    write("main.py", "async def app(scope, receive, send): ...")
    result = run("openapi")
    assert result.exit_code == 1
    assert "main:app is function, which has no OpenAPI" in result.stderr
