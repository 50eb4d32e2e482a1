from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class RunPython(Protocol):
    def __call__(self, *arguments: str, **environment: str) -> str: ...


@pytest.fixture
def run_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPython:
    """Run an interpreter in an empty folder; what it prints is returned, less the last newline."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)

    def run(*arguments: str, **environment: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            completed = subprocess.run(
                [sys.executable, *arguments],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=50,
            )
        assert completed.returncode == 0, completed.stderr
        assert not completed.stderr
        return completed.stdout.removesuffix("\n")

    return run
