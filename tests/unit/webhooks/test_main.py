"""The command: see ``tests/servers/webhooks`` for deliveries by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vivace.webhooks.__main__ import app

PROGRAM = """
from vivace.sql import Database
from vivace.webhooks import Events, Webhooks, metadata

db = Database("sqlite:///{path}/app.db", metadata=[metadata], create_tables=True)
webhooks = Webhooks(db, Events(), secret="s" * 32)
nothing = 1
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"program_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(PROGRAM.format(path=tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_what_is_old_is_removed(program: str) -> None:
    import asyncio
    from importlib import import_module

    asyncio.run(import_module(program).db.open())
    result = CliRunner().invoke(app, ["purge", f"{program}:webhooks"])
    assert (result.exit_code, result.output) == (0, "removed 0 records\n")


@pytest.mark.parametrize(
    "where",
    [
        *("nowhere:webhooks", "nowhere.at.all:webhooks", ":webhooks", ".main:webhooks"),
        *("{}:nothing", "{}:none", "{}", "{}:db.x"),
    ],
)
def test_what_is_named_wrongly_is_said_in_a_line(program: str, where: str) -> None:
    result = CliRunner().invoke(app, ["deliver", where.format(program)])
    assert result.exit_code == 1
    assert "is no Webhooks. Name it as main:webhooks." in result.output
