"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vivace.middleware

PUBLIC = [
    *("AccessLogMiddleware", "CallNext", "CallNextSocket", "CompressionMiddleware"),
    *("FunctionMiddleware", "JSONLinesFormatter", "Middleware", "RequestId", "RequestIdFilter"),
    *("RequestIdMiddleware", "RequestTiming", "SecurityHeadersMiddleware"),
    *("ServerTimingMiddleware", "add_timing", "get_request_id", "timing"),
]
#: What each module may import of the others.
USES = {
    "contexts": set(),
    "replay": set(),
    "exchange": {"contexts", "replay"},
    "function": {"exchange"},
    "routes": set(),
    "request_id": set(),
    "server_timing": {"routes"},
    "json_lines": set(),
    "access_log": {"request_id", "routes"},
    "policies": set(),
    "security_headers": {"policies"},
    "accept_encoding": set(),
    "codecs": set(),
    "encoding": {"codecs"},
    "compression": {"accept_encoding", "codecs", "encoding"},
}
SOURCE = Path(vivace.middleware.__file__).parent


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.middleware.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(vivace.middleware))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_leads_somewhere(name: str) -> None:
    assert getattr(vivace.middleware, name) is getattr(vivace.middleware, name)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {
        alias.name: f"{node.module}".rpartition(".")[2]
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == vivace.middleware._HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.middleware' has no attribute 'Nothing'"):
        _ = vivace.middleware.Nothing  # type: ignore[attr-defined]  # as it says


@pytest.mark.parametrize("module", USES)
def test_a_module_imports_from_those_that_it_may(module: str) -> None:
    tree = ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8"))
    imported = {
        f"{node.module}".rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f"{node.module}".startswith("vivace.middleware.")
    }
    assert imported == USES[module]


def test_an_app_waits_for_none_that_it_does_not_have() -> None:
    program = (
        "import sys; from vivace import Vivace; Vivace(); import vivace.middleware;"
        "print(*[name for name in sys.modules if name.startswith('vivace.middleware.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.split(), done.returncode) == ([], 0), done.stderr
