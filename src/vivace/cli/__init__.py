"""The ``vivace`` command.

What it needs beyond Vivace itself (typer, rich, uvicorn) is imported when a command runs, and
comes with ``pip install "vivace[standard]"``.
"""

from __future__ import annotations

import sys
from typing import TextIO

#: What a missing one of is told about in a sentence rather than a traceback.
REQUIREMENTS = frozenset({"rich", "typer", "uvicorn"})


def main(program: str | None = None, *, errors: TextIO | None = None) -> None:
    """Run the command that ``sys.argv`` asks for, and exit with its status.

    Args:
        program: the name that help texts call the command by; what it was started as by default.
        errors: where errors are reported; standard error by default.
    """
    try:
        from vivace.cli.commands import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in REQUIREMENTS:
            raise
        sys.exit(
            'To use the vivace command, please install "vivace[standard]":\n\n'
            '    pip install "vivace[standard]"'
        )
    run(program, errors=errors)
