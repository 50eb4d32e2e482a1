"""Values of every type, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_column_types

from .sharing import shared

globals().update(shared(test_column_types, "client"))
