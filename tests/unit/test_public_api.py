"""What is imported from the package, and from its modules, is what they say is public."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import vivace

SOURCE = Path(vivace.__file__).parent
PUBLIC = [
    *("APIRouter", "BackgroundTasks", "Body", "Cookie", "Depends", "File", "Form"),
    *("HTTPException", "Header", "Path", "Query", "Request", "Response", "Security"),
    *("UploadFile", "Vivace", "WebSocket", "WebSocketDisconnect", "WebSocketException", "status"),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert sorted(vivace.__all__) == sorted(PUBLIC)
    assert vivace.__all__ == sorted(vivace.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_leads_somewhere(name: str) -> None:
    assert getattr(vivace, name) is getattr(vivace, name)
    assert name in dir(vivace)


def test_a_star_brings_all_of_them() -> None:
    namespace: dict[str, object] = {}
    exec("from vivace import *", namespace)
    assert set(PUBLIC) == set(namespace) - {"__builtins__"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'vivace' has no attribute 'Nothing'"):
        _ = vivace.Nothing  # type: ignore[attr-defined]  # as it says


def test_type_checkers_see_the_same_names() -> None:
    """What is imported for type checkers only, from where it is found at run time."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    checked, _ = [node for node in tree.body if isinstance(node, ast.If)]
    homes = {
        alias.asname: f"{node.module}"
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes.pop("status") == "vivace"
    assert homes == vivace._HOMES


def run(program: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def test_the_package_itself_imports_nothing_heavy() -> None:
    heavy = {"starlette", "pydantic", "anyio", "typing_extensions", "opentelemetry", "asyncio"}
    assert run(f"import sys, vivace; print(*sorted({heavy!r} & set(sys.modules)))") == ""


def test_an_app_without_extras_imports_none_of_them() -> None:
    extras = ["typer", "rich", "uvicorn", "jinja2", "yaml", "httpx", "httpx2", "itsdangerous"]
    extras += ["opentelemetry.sdk", "email_validator", "swagger_ui", "vivace.cli", "vivace.compat"]
    program = (
        "import sys\n"
        "from vivace import *\n"
        "app = Vivace()\n"
        "app.get('/')(lambda: None)\n"
        "app.openapi()\n"
        f"print(*sorted(set({extras!r}) & set(sys.modules)))"
    )
    assert run(program) == ""


def test_status_is_one_module_whoever_imports_it_first() -> None:
    first = "import vivace; first = vivace.status; import vivace.status as second"
    assert run(f"{first}; print(first is second)") == "True"


MODULES = [
    ".".join(("vivace", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if not {"facade", "startup", "__main__.py"} & set(path.relative_to(SOURCE).parts)
    and path.name != "__main__.py"
    and path != SOURCE / "middleware" / "wsgi.py"
]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_s_list_of_names_is_sorted_and_true(name: str) -> None:
    module = import_module(name)
    exported = getattr(module, "__all__", None)
    if exported is None or name == "vivace.status":
        return
    assert len(set(exported)) == len(exported)
    assert all(hasattr(module, item) for item in exported)


def test_the_package_is_typed() -> None:
    assert (SOURCE / "py.typed").exists()


def test_modules_are_there_without_being_imported() -> None:
    code = "import vivace; print(vivace.responses.__name__, hasattr(vivace, 'nothing'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert printed.stdout.split() == ["vivace.responses", "False"], printed.stderr
