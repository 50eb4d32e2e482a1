"""What a client is told when a server refuses."""

from __future__ import annotations

from tests.unit.sql.crud import test_conflicts

from .sharing import shared

globals().update(shared(test_conflicts))
