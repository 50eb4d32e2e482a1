"""The alias in the Python processes that this one starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

STARTUP = str(Path(__file__).with_name("startup"))


def install_in_children() -> None:
    """Let child processes of this interpreter start under the alias.

    The folder `startup`, whose `sitecustomize` installs the alias, is put before all others in the
    environment's PYTHONPATH; an own `sitecustomize` of the environment still runs. Children that
    start with another environment, or with `-E`, `-I` or `-S`, are not reached.
    """
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if STARTUP not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([STARTUP, *filter(None, paths)])
    # Some programs (pytest-xdist is one) give their children this process's sys.path instead.
    if STARTUP not in sys.path:
        sys.path.insert(1, STARTUP)
