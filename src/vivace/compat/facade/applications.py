"""The app class under the peer's name."""

from __future__ import annotations

from typing import Any

from vivace.applications import Vivace
from vivace.exceptions import warn_deprecated

from .routing import APIRouter


class FastAPI(Vivace):
    """`Vivace` with the peer's defaults.

    Args:
        title: the API's title in its OpenAPI document.
        root_path: the prefix that a proxy takes off the path.
        docs_from_cdn: whether the pages load their scripts from a CDN where they are installed.
        options: what `Vivace` takes.
    """

    complete_methods = False
    keeps_background = False
    router_class = APIRouter

    def __init__(
        self,
        *,
        title: str = "FastAPI",
        root_path: str = "",
        docs_from_cdn: bool = True,
        **options: Any,
    ) -> None:
        if root_path:
            warn_deprecated(
                "root_path is a matter of the deployment, not of the app: say it to the server, "
                "as in `fastapi run --root-path /api/v1`."
            )
        super().__init__(title=title, root_path=root_path, docs_from_cdn=docs_from_cdn, **options)


__all__ = ["FastAPI"]
