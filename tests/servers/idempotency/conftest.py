"""Where the runs of endpoints are written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest

APP = Path(__file__).parent / "paying_app.py"


@dataclass(frozen=True)
class Runs:
    """The runs of all processes, and what holds them up."""

    file: Path
    gate: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PAYING_RUNS": str(self.file), "PAYING_GATE": str(self.gate)}

    @property
    def number(self) -> int:
        return len(self.file.read_text().splitlines())

    def begin(self) -> Runs:
        """With none, and nothing that holds them up."""
        self.file.write_text("")
        self.let_go()
        return self

    def hold(self) -> None:
        self.gate.touch()

    def let_go(self) -> None:
        self.gate.unlink(missing_ok=True)

    def wait_for(self, number: int) -> None:
        wait_until(lambda: self.number >= number)


def wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def runs_of_module(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    directory = tmp_path_factory.mktemp("runs")
    return Runs(directory / "runs", directory / "gate").begin()


@pytest.fixture
def runs(runs_of_module: Runs) -> Runs:
    return runs_of_module.begin()


@pytest.fixture
def key() -> str:
    """One that nobody else has."""
    return token_hex(8)
