"""The app of ``vivace dev``, imported by each process that is started when a file has changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivace.cli.discovery import Module, import_module, target_in
from vivace.cli.errors import CommandError, report

if TYPE_CHECKING:
    from vivace.cli.discovery import Target

#: The environment variable that tells those processes which app they serve.
VARIABLE = "VIVACE_DEV_APP"


def follow(target: Target) -> str:
    """Where the function is that makes the app of ``target`` in each process."""
    os.environ[VARIABLE] = target.import_string
    return f"{__name__}:{load_app.__name__}"


def load_app() -> Any:
    """The app as it is now.

    A program is often saved before it is right. What is wrong is reported as it is when the command
    starts, and this process ends; the one that watches the files does not.
    """
    name, _, attribute = os.environ[VARIABLE].partition(":")
    try:
        # The directory that it is imported from has come along from the process that watches.
        module = import_module(Module(name, Path(sys.path[0])))
        return target_in(module, attribute).app
    except CommandError as error:
        again = "It is tried again when a file changes."
        error.hint = f"{error.hint}\n{again}" if error.hint else again
        report(error)
        sys.exit(error.exit_code)


__all__ = ["follow", "load_app"]
