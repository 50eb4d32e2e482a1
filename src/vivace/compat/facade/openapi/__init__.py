"""The OpenAPI document and the pages that show it."""

from __future__ import annotations

from vivace.submodules import importing

__getattr__ = importing(__name__)
