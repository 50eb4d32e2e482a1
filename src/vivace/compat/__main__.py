"""`python -m vivace.compat`: run a program under the alias, as the plain interpreter would."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType

from vivace.compat import install, install_in_children

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
    script = Path(path)
    if not script.exists():
        print(f"python -m vivace.compat: there is no {path}", file=sys.stderr)
        sys.exit(2)
    if script.is_dir():
        # runpy puts it on sys.path as it is named here, where a relative path would not outlive
        # a change of the working directory.
        path = str(script.absolute())
    else:
        replace_first_path(str(script.resolve().parent))
    sys.argv = [path, *arguments]
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
    install_in_children()
    main(sys.argv[1:])
