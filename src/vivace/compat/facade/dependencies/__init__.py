"""What a program may know of how dependencies are analysed."""

from __future__ import annotations

from vivace.submodules import importing

__getattr__ = importing(__name__)
