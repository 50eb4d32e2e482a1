"""Where the servers run: one environment with Vivace and, never aliased, FastAPI.

Both from one environment, so that what is under them is the same in every release.
"""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path
from typing import Final

from vivace.compat import PEER_VERSION

PROJECT: Final = Path(__file__).resolve().parent.parent
ENVIRONMENT: Final = PROJECT / ".cache" / "bench" / "venv"
PYTHON: Final = str(ENVIRONMENT / "bin" / "python")


def make_environment() -> None:
    """Install what is measured, if what it asks for has changed."""
    needs = [f"fastapi=={PEER_VERSION}", "uvicorn[standard]"]
    installed = ENVIRONMENT / "installed"
    wanted = "\n".join([*needs, (PROJECT / "pyproject.toml").read_text()])
    if installed.exists() and installed.read_text() == wanted:
        return
    venv.create(ENVIRONMENT, with_pip=True)
    install = [PYTHON, "-m", "pip", "install", "--quiet", "--upgrade"]
    subprocess.run([*install, *needs, "--editable", f"{PROJECT}[auth,sql,standard]"], check=True)
    installed.write_text(wanted)


def describe_environment() -> str:
    """The versions of what is measured, and of what is under it, in one line."""
    code = (
        "import platform; from importlib.metadata import version\n"
        "names = 'vivace fastapi starlette pydantic uvicorn uvloop httptools'.split()\n"
        "print('Python', platform.python_version(), *(f'{n} {version(n)}' for n in names), "
        "sep=', ')"
    )
    printed = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True)
    return printed.stdout.strip().replace(",", "", 1)
