from __future__ import annotations

from tests.unit.cli.conftest import project, run

__all__ = ["project", "run"]
