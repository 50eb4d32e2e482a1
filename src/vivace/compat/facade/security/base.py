"""The base class of security schemes under the peer's name."""

from __future__ import annotations

from vivace.security.base import SecurityScheme as SecurityBase

__all__ = ["SecurityBase"]
