"""Python processes started by a program under the alias run under it too."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vivace.compat.children import STARTUP, install_in_children

if TYPE_CHECKING:
    from .conftest import RunPython

# Starts the code in its second argument as a child, and so on until there is no next argument.
START_CHILD = """\
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], check=True)
"""

SHOW_FINDER = "import sys; print(type(sys.meta_path[0]).__name__)"

SHOW_FROM_SPAWNED_PROCESS = """\
import multiprocessing, sys

def show():
    print(type(sys.meta_path[0]).__name__)

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=show)
    process.start()
    process.join()
"""


@pytest.mark.parametrize("generations", [1, 2])
def test_children_run_under_the_alias(run_python: RunPython, generations: int) -> None:
    code = [*[START_CHILD] * generations, SHOW_FINDER]
    assert run_python("-m", "vivace.compat", "-c", *code) == "PeerFinder"


def test_spawned_processes_run_under_the_alias(run_python: RunPython, tmp_path: Path) -> None:
    (tmp_path / "spawn.py").write_text(SHOW_FROM_SPAWNED_PROCESS)
    assert run_python("-m", "vivace.compat", "spawn.py") == "PeerFinder"


def test_xdist_workers_and_their_children_run_under_the_alias(
    run_python: RunPython, tmp_path: Path
) -> None:
    (tmp_path / "test_finder.py").write_text(
        "import subprocess, sys\n"
        f"SHOW_FINDER = {SHOW_FINDER!r}\n"
        "def test_worker():\n"
        "    assert 'PeerFinder' in {type(finder).__name__ for finder in sys.meta_path}\n"
        "def test_child_of_worker():\n"
        "    command = [sys.executable, '-c', SHOW_FINDER]\n"
        "    assert subprocess.check_output(command, text=True) == 'PeerFinder\\n'\n"
    )
    command = ["-m", "pytest", "-p", "xdist", "-n", "1", "-q"]
    printed = run_python("-m", "vivace.compat", *command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "2 passed" in printed


def test_the_environments_own_sitecustomize_still_runs(
    run_python: RunPython, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.own_one_ran = __file__\n")
    code = f"{SHOW_FINDER}; print(sys.own_one_ran)"
    python_path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    printed = run_python("-m", "vivace.compat", "-c", START_CHILD, code, PYTHONPATH=python_path)
    assert printed.split("\n") == ["PeerFinder", str(folder / "sitecustomize.py")]


def test_inheriting_twice_adds_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.setattr(sys, "path", list(sys.path))
    install_in_children()
    once = list(sys.path)
    install_in_children()
    assert sys.path == once
    assert sys.path.count(STARTUP) == 1
    assert os.environ["PYTHONPATH"] == os.pathsep.join([STARTUP, "somewhere"])
