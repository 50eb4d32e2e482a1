"""What a command reports when it cannot do what was asked."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from types import FrameType, TracebackType


class CommandError(Exception):
    """A command cannot go on for a reason that its user can mend.

    ``message`` says what is wrong, ``hint`` how to mend it. No traceback is shown, unless the
    error was raised ``from`` one of the user's own program, which is what has to be mended then.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def report(error: CommandError, file: TextIO | None = None) -> None:
    """Print ``error`` to ``file``, standard error by default."""
    console = Console(file=file or sys.stderr, highlight=False)
    if error.__cause__ is not None:
        console.print(Text(format_cause(error.__cause__)), soft_wrap=True)
    console.print(Text.assemble(("Error: ", "bold red"), error.message), soft_wrap=True)
    if error.hint:
        console.print(Text(error.hint), soft_wrap=True)


#: What reads declarations: a mistake in one is where it was written, not where it was noticed.
FRAMEWORK = frozenset({"fastapi", "pydantic", "vivace"})


def format_cause(cause: BaseException) -> str:
    """The traceback of ``cause``, from the first to the last line of the user's own program."""
    trace = cause.__traceback__
    while trace is not None and is_import_machinery(trace):
        trace = trace.tb_next
    packages = [package_of(frame) for frame, _ in traceback.walk_tb(trace)]
    while packages and packages[-1] in FRAMEWORK:
        packages.pop()
    # A syntax error has no frame of the user's: it shows the line by itself.
    lines = traceback.format_exception(type(cause), cause, trace, limit=len(packages) or None)
    return "".join(lines).rstrip()


def package_of(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]


def is_import_machinery(trace: TracebackType) -> bool:
    module = trace.tb_frame.f_globals.get("__name__", "")
    return (
        module.partition(".")[0] in {"importlib", "_frozen_importlib"}
        or module.startswith(("vivace.cli.", "importlib."))
        or trace.tb_frame.f_code.co_filename.startswith("<frozen importlib")
    )
