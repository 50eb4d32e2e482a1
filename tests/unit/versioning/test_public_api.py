"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import vivace.versioning

SOURCE = Path(vivace.versioning.__file__).parent
PUBLIC = [
    *("ByAccept", "ByConsumer", "ByHeader", "ByPath", "ByQuery", "ConsumerStore", "Deprecation"),
    *("MemoryConsumers", "Version", "VersionError", "Versions", "Way", "deprecated", "since"),
    *("until", "version_of"),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.versioning.__all__ == PUBLIC == sorted(PUBLIC)
    namespace: dict[str, object] = {}
    exec("from vivace.versioning import *", namespace)
    assert set(PUBLIC) == set(namespace) - {"__builtins__"}


def test_an_app_without_versions_does_not_load_them() -> None:
    program = (
        "import sys; from vivace import Vivace; app = Vivace(); app.openapi();"
        "print('vivace.versioning' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_module_imports_from_those_before_it() -> None:
    text = (vivace.versioning.__doc__ or "").partition("::")[2]
    parts = [set(re.findall(r"\w+", part)) for part in text.split("->")]
    found = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    assert found == set().union(*parts)
    for number, part in enumerate(parts):
        earlier: set[str] = set().union(*parts[:number])
        for module in part:
            assert imported_by(SOURCE / f"{module}.py") <= earlier, module


def imported_by(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {
        (node.module or "").split(".")[2]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vivace.versioning.")
    }
