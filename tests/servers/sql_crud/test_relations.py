"""Relations, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_relations

from .sharing import shared

globals().update(shared(test_relations, "workshop"))
