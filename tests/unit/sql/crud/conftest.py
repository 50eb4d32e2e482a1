"""A file of SQLite with the tables of :mod:`library`, empty for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ..databases import new_database, plain_engine
from .library import Base


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with new_database("sqlite", tmp_path_factory.mktemp("library")) as url:
        Base.metadata.create_all(plain_engine(url))
        return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def url(tables: Path, tmp_path: Path) -> str:
    shutil.copy(tables, tmp_path / "library.db")
    return f"sqlite:///{tmp_path}/library.db"
