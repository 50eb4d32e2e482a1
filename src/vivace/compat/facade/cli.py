"""The peer's command, which is the `vivace` command."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vivace import cli

if TYPE_CHECKING:
    from collections.abc import Callable

cli_main: Callable[..., None] | None = (
    cli.main if all(find_spec(name) for name in cli.REQUIREMENTS) else None
)


def main() -> None:
    """Run the command that `sys.argv` asks for, and exit with its status.

    Raises:
        RuntimeError: if packages that the command needs are not installed.
    """
    if cli_main is None:
        raise RuntimeError(
            'To use the fastapi command, please install "vivace[standard]":\n\n'
            '    pip install "vivace[standard]"'
        )
    # The peer's command reports errors on standard output.
    cli_main("fastapi", errors=sys.stdout)


__all__ = ["cli_main", "main"]
