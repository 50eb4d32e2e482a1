"""Whether the modules of a package import from those before them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType


def check_imports(package: ModuleType, parts: Sequence[set[str]]) -> None:
    """No module imports from a later part; each is in one of them."""
    assert package.__file__
    source = Path(package.__file__).parent
    part_of = {
        path: path.relative_to(source).parts[0].removesuffix(".py") for path in source.rglob("*.py")
    }
    assert {*part_of.values()} - {"__init__"} == set().union(*parts)
    for number, names in enumerate(parts):
        later: set[str] = set().union(*parts[number + 1 :])
        for path, part in part_of.items():
            if part in names:
                assert not imported_by(path, package.__name__) & later, path


def imported_by(path: Path, package: str) -> set[str]:
    """Also where it happens within a function, but not where it is for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        (node.module or "").split(".")[2]
        for top in tree.body
        if not isinstance(top, ast.If)
        for node in ast.walk(top)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}.")
    }
