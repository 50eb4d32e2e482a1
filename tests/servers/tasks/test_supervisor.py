"""What starts the workers of a command, and ends them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from vivace.tasks.processes import Supervisor
from vivace.tasks.worker import CANNOT_START, WorkerSettings

SETTINGS = WorkerSettings("main", "app", 1, None, grace=1.0, schedules=True)


def cannot_start(settings: WorkerSettings) -> None:
    os._exit(CANNOT_START)


def end_all(settings: WorkerSettings) -> None:
    """The first says what it is told; the second ends the whole."""
    path = Path(os.environ["SUPERVISED"])
    with path.open("a") as file:
        file.write(f"{settings.schedules}\n")
    if not settings.schedules:
        os.kill(os.getppid(), signal.SIGTERM)
    signal.pause()


def test_workers_that_cannot_start_are_not_started_again() -> None:
    assert Supervisor(SETTINGS, 1, cannot_start).run() == CANNOT_START


def test_only_the_first_sends_by_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISED", str(tmp_path / "said"))
    assert Supervisor(SETTINGS, 2, end_all).run() == 0
    assert sorted((tmp_path / "said").read_text().split())[0] == "False"


def test_signals_are_as_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    Supervisor(SETTINGS, 1, cannot_start).run()
    assert signal.getsignal(signal.SIGTERM) is before
