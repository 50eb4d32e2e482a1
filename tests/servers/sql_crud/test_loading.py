"""What is loaded for a schema, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_loading

from .sharing import shared

globals().update(shared(test_loading, "shapes"))
