"""`python -m vivace.compat` runs a program as the plain interpreter would, under the alias."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vivace.compat.children import STARTUP

if TYPE_CHECKING:
    from .conftest import RunPython

# What a program sees of how it was started; the alias's own folder on the path apart.
REPORT = """\
import sys, __main__
startup = {startup!r}
path = [entry for entry in sys.path if entry != startup]
print(sys.argv, path[0], __name__, __main__.__dict__ is globals())
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    report = REPORT.format(startup=STARTUP)
    for name in ("__init__.py", "__main__.py", "report.py"):
        (folder / name).write_text(report if name != "__init__.py" else "")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["shop/report.py", "a", "-c", "b"], id="script"),
        pytest.param(["-m", "shop.report", "a", "-m"], id="module"),
        pytest.param(["-m", "shop"], id="package"),
    ],
)
def test_program_is_started_as_the_plain_interpreter_starts_it(
    run_python: RunPython, program: Path, command: list[str]
) -> None:
    assert run_python("-m", "vivace.compat", *command) == run_python(*command)


def test_folder_is_run_from_its_main_module(run_python: RunPython, program: Path) -> None:
    printed = run_python("-m", "vivace.compat", "shop", "a")
    assert printed == f"['{program}', 'a'] {program} __main__ True"


def test_code_is_run_as_the_plain_interpreter_runs_it(run_python: RunPython) -> None:
    code = REPORT.format(startup=STARTUP)
    assert run_python("-m", "vivace.compat", "-c", code, "a") == run_python("-c", code, "a")


def test_exit_status_is_the_programs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vivace.compat", "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, cwd=tmp_path).returncode == 7


@pytest.mark.parametrize("command", [[], ["-m"], ["-c"], ["-x"]])
def test_wrong_usage_is_told(command: list[str]) -> None:
    completed = subprocess.run(
        [sys.executable, "-m", "vivace.compat", *command], capture_output=True, text=True
    )
    assert completed.returncode == 2
    assert completed.stderr.startswith("usage: python -m vivace.compat")


def test_a_script_that_does_not_exist_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vivace.compat", "shop.py"]
    completed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert completed.returncode == 2
    assert completed.stderr == "python -m vivace.compat: there is no shop.py\n"


def test_help_is_printed(run_python: RunPython) -> None:
    assert run_python("-m", "vivace.compat", "--help").startswith("usage:")


def test_program_imports_the_facade(run_python: RunPython) -> None:
    code = "import fastapi; print(fastapi.FastAPI.__mro__[1].__module__)"
    assert run_python("-m", "vivace.compat", "-c", code) == "vivace.applications"


def test_peer_command_is_the_vivace_command(run_python: RunPython) -> None:
    assert "run" in run_python("-m", "vivace.compat", "-m", "fastapi", "--help")
