"""The text of a handler, written without an app around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from vivace.routing import APIRoute


def text_of(endpoint: Callable[..., Any], path: str = "/", **options: Any) -> str:
    """The source of the handler of ``endpoint``."""
    return APIRoute(path, endpoint, **options).source()


def code_of(endpoint: Callable[..., Any], path: str = "/", **options: Any) -> list[str]:
    """Its lines without indentation, each name that the generator binds without its prefix."""
    text = re.sub(r"\b_v_", "", text_of(endpoint, path, **options))
    return [line.strip() for line in text.splitlines()]
