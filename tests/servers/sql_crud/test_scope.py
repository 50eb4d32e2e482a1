"""Routers of which each request sees a part, on servers."""

from __future__ import annotations

from tests.unit.sql.crud import test_scope

from .sharing import shared

globals().update(shared(test_scope, "notes"))
