from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vivace.cli.commands import app

Write = Callable[[str, str], Path]
Run = Callable[..., Result]

APP = """
from vivace import Vivace

app = Vivace(title="Shop")


@app.get("/items/{item_id}")
def read_item(item_id: int) -> int:
    return item_id
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory to work in; what is imported from there is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    # The same names stand for other files in each test.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def write(project: Path) -> Write:
    """Write a file of the project, and the directories that it stands in."""

    def write(path: str, text: str) -> Path:
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write


@pytest.fixture
def run(project: Path) -> Run:
    """Run a command in the project."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return run
