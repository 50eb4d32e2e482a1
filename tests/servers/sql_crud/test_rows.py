"""Rows that are made, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_rows

from .sharing import shared

globals().update(shared(test_rows, "things"))
