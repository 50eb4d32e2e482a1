from __future__ import annotations

import sys

import pytest

from vivace.exceptions import VivaceError
from vivace.forms import (
    ensure_multipart_is_installed,
    multipart_incorrect_install_error,
    multipart_not_installed_error,
)

pytest.importorskip("python_multipart")


class _Module:
    """A stand-in for a module; only what is set on it is there."""


def test_a_parser_that_is_installed_is_accepted() -> None:
    ensure_multipart_is_installed()


@pytest.mark.parametrize("version", ["0.0.13", "0.0.20", "0.1", "1.0.dev1"])
def test_versions_are_compared_as_numbers(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("python_multipart.__version__", version)
    monkeypatch.setitem(sys.modules, "multipart", None)
    ensure_multipart_is_installed()


def test_none_at_all_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    monkeypatch.setitem(sys.modules, "multipart", None)
    with pytest.raises(VivaceError) as caught:
        ensure_multipart_is_installed()
    assert str(caught.value) == multipart_not_installed_error


def test_the_other_package_of_that_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    other = _Module()
    other.__version__ = "1.0"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    monkeypatch.setitem(sys.modules, "multipart", other)
    monkeypatch.setitem(sys.modules, "multipart.multipart", None)
    with pytest.raises(VivaceError) as caught:
        ensure_multipart_is_installed()
    assert str(caught.value) == multipart_incorrect_install_error
