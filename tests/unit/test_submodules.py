from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = "package_of_submodules"
INIT = f"""
from vivace.submodules import importing

__getattr__ = importing({PACKAGE!r})
"""

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module of a package that imports its submodules when they are asked for."""
    monkeypatch.syspath_prepend(tmp_path)
    directory = tmp_path / PACKAGE
    directory.mkdir()
    (directory / "__init__.py").write_text(INIT)

    def write(name: str, text: str) -> None:
        (directory / f"{name}.py").write_text(text)

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_submodule_is_an_attribute(write: Write) -> None:
    write("leaf", "colour = 'green'")
    package = __import__(PACKAGE)
    assert package.leaf.colour == "green"
    assert package.leaf is sys.modules[f"{PACKAGE}.leaf"]


def test_a_submodule_is_imported_only_when_it_is_asked_for(write: Write) -> None:
    write("leaf", "")
    package = __import__(PACKAGE)
    assert f"{PACKAGE}.leaf" not in sys.modules
    assert hasattr(package, "leaf")
    assert f"{PACKAGE}.leaf" in sys.modules


def test_a_missing_submodule_is_a_missing_attribute(write: Write) -> None:
    package = __import__(PACKAGE)
    with pytest.raises(AttributeError) as caught:
        _ = package.missing
    assert str(caught.value) == f"module {PACKAGE!r} has no attribute 'missing'"
    assert caught.value.__suppress_context__
    assert getattr(package, "missing", None) is None


def test_a_missing_name_cannot_be_imported_from_the_package(write: Write) -> None:
    with pytest.raises(ImportError, match="cannot import name 'missing'"):
        exec(f"from {PACKAGE} import missing")


def test_a_module_that_a_submodule_needs_is_named(write: Write) -> None:
    write("leaf", "import not_installed_anywhere")
    with pytest.raises(ModuleNotFoundError) as caught:
        _ = __import__(PACKAGE).leaf
    assert caught.value.name == "not_installed_anywhere"


def test_a_missing_extra_is_named(write: Write) -> None:
    write("leaf", "from vivace.extras import MissingPackage\nraise MissingPackage('sap', 'tree')")
    with pytest.raises(ImportError, match=r'pip install "vivace\[tree\]"'):
        _ = __import__(PACKAGE).leaf


def test_an_error_of_a_submodule_is_passed_on(write: Write) -> None:
    write("leaf", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        _ = __import__(PACKAGE).leaf
