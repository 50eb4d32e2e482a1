"""Rows behind a router, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_collection

from .sharing import shared

globals().update(shared(test_collection))
