"""Where the runs of endpoints are written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    runs = Runs(tmp_path / "runs", tmp_path / "gate")
    runs.file.touch()
    return runs
