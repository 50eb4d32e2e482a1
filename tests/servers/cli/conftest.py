from __future__ import annotations

from tests.unit.cli.conftest import project, run, write

__all__ = ["project", "run", "write"]
