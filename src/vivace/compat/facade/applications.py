"""The app class under the peer's name."""

from __future__ import annotations

from typing import Any

from vivace.applications import Vivace
from vivace.exceptions import warn_deprecated

from .routing import APIRouter


class FastAPI(Vivace):
    """`Vivace` with the title that the peer gives an API by default.

    Args:
        title: the API's title in its OpenAPI document.
        root_path: the prefix that a proxy takes off the path.
        options: what `Vivace` takes.
    """

    complete_methods = False
    keeps_background = False
    router_class = APIRouter

    def __init__(self, *, title: str = "FastAPI", root_path: str = "", **options: Any) -> None:
        if root_path:
            warn_deprecated(
                "root_path is a matter of the deployment, not of the app: say it to the server, "
                "as in `fastapi run --root-path /api/v1`."
            )
        super().__init__(title=title, root_path=root_path, **options)


__all__ = ["FastAPI"]
