"""The logger that programs configure by the peer's name."""

from __future__ import annotations

import logging

logger = logging.getLogger("fastapi")

__all__ = ["logger"]
