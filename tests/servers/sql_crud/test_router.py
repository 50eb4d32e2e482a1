"""Routers of models, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_router

from .sharing import shared

globals().update(shared(test_router, "rectangles"))
