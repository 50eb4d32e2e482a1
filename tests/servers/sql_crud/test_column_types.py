"""Values of every type, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_column_types
from tests.unit.sql.crud.test_column_types import client

globals().update(
    {
        name: test
        for name, test in vars(test_column_types).items()
        if name.startswith("test_") and "client" in test.__annotations__
    }
)

__all__ = ["client"]
