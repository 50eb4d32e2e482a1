"""The app class under the peer's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware

from vivace.applications import Vivace
from vivace.describe.pages import (
    get_redoc_html,
    get_scalar_html,
    get_swagger_ui_html,
    get_swagger_ui_oauth2_redirect_html,
)
from vivace.exceptions import warn_deprecated
from vivace.serve.registration import Endpoint

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
    # Programs put functions of their own in place of those here, to load scripts from elsewhere.
    pages_module = __name__
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

    def middleware(self, middleware_type: str) -> Callable[[Endpoint], Endpoint]:
        """Register ``async def (request, call_next)`` as middleware of type ``"http"``.

        It is Starlette's, whose functions may do what those of Vivace's own may not: call
        `call_next` without a request, for one.
        """
        assert middleware_type == "http", 'Currently only middleware("http") is supported.'

        def register(function: Endpoint) -> Endpoint:
            self.add_middleware(BaseHTTPMiddleware, dispatch=function)
            return function

        return register


__all__ = [
    "FastAPI",
    "get_redoc_html",
    "get_scalar_html",
    "get_swagger_ui_html",
    "get_swagger_ui_oauth2_redirect_html",
]
