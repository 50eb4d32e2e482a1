"""The app class under the peer's name."""

from __future__ import annotations

from typing import Any

from vivace.applications import Vivace

from .routing import APIRouter


class FastAPI(Vivace):
    """`Vivace` with the title that the peer gives an API by default.

    Args:
        title: the API's title in its OpenAPI document.
        options: what `Vivace` takes.
    """

    complete_methods = False
    router_class = APIRouter

    def __init__(self, *, title: str = "FastAPI", **options: Any) -> None:
        super().__init__(title=title, **options)


__all__ = ["FastAPI"]
