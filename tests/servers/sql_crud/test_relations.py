"""Relations, on servers."""

from __future__ import annotations

from tests.servers.sql.sharing import shared_tests
from tests.unit.sql.crud import test_relations
from tests.unit.sql.crud.test_relations import workshop

globals().update(shared_tests(test_relations))

__all__ = ["workshop"]
