from __future__ import annotations

import subprocess
import sys


def test_starting_vivace_does_not_import_it() -> None:
    program = (
        "import sys, vivace, vivace.cli.commands; print('taskiq' in sys.modules, "
        "'vivace.tasks' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
