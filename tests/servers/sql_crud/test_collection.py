"""Rows behind a router, on servers."""

from __future__ import annotations

from tests.servers.sql.sharing import shared_tests
from tests.unit.sql.crud import test_collection

globals().update(shared_tests(test_collection))
