"""`python -m vivace.compat`: run a program under the alias, as the plain interpreter would."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType

from vivace.compat import inherit, install

USAGE = """\
usage: python -m vivace.compat SCRIPT [ARGUMENT ...]
       python -m vivace.compat -m MODULE [ARGUMENT ...]
       python -m vivace.compat -c CODE [ARGUMENT ...]

Runs a program written for FastAPI on Vivace: in it, and in the Python processes that it starts,
`import fastapi` resolves to Vivace.
"""


def run_module(name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]
    # The interpreter has put the working directory first in sys.path already.
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_code(code: str, arguments: list[str]) -> None:
    sys.argv = ["-c", *arguments]
    replace_first_path("")
    module = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), module.__dict__)


def run_script(path: str, arguments: list[str]) -> None:
    sys.argv = [path, *arguments]
    script = Path(path).resolve()
    # A folder or an archive with a `__main__.py` is put on the path by runpy.
    if script.is_file():
        replace_first_path(str(script.parent))
    runpy.run_path(path, run_name="__main__")


def replace_first_path(path: str) -> None:
    """Put `path` where the interpreter has put the working directory for `-m`."""
    if not sys.flags.safe_path:
        sys.path[0] = path


def main(arguments: list[str]) -> None:
    match arguments:
        case ["-h" | "--help", *_]:
            print(USAGE, end="")
        case ["-m", name, *rest]:
            run_module(name, rest)
        case ["-c", code, *rest]:
            run_code(code, rest)
        case [path, *rest] if not path.startswith("-"):
            run_script(path, rest)
        case _:
            print(USAGE, end="", file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    install()
    inherit()
    main(sys.argv[1:])
