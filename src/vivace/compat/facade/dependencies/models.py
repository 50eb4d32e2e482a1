"""What was read from a signature."""

from __future__ import annotations

from ..dependant import Dependant

__all__ = ["Dependant"]
