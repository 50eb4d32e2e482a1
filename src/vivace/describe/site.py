"""The routes at which an app serves its document and the pages that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

if TYPE_CHECKING:
    from vivace.applications import Vivace


class DocumentationSite:
    """Adds the documentation of ``app`` to its routes."""

    def __init__(self, app: Vivace) -> None:
        self._app = app

    def add_routes(self) -> None:
        app = self._app
        if not app.openapi_url:
            return
        app.add_route(app.openapi_url, self.document, include_in_schema=False)
        if app.docs_url:
            app.add_route(app.docs_url, self.swagger_ui, include_in_schema=False)
            if app.swagger_ui_oauth2_redirect_url:
                app.add_route(
                    app.swagger_ui_oauth2_redirect_url, self.oauth2_redirect, include_in_schema=False
                )
        if app.redoc_url:
            app.add_route(app.redoc_url, self.redoc, include_in_schema=False)

    async def document(self, request: Request) -> JSONResponse:
        app = self._app
        schema: dict[str, Any] = app.openapi()
        root_path = request.scope.get("root_path", "").rstrip("/")
        urls = {server.get("url") for server in schema.get("servers", [])}
        if root_path and app.root_path_in_servers and root_path not in urls:
            schema = {**schema, "servers": [{"url": root_path}, *schema.get("servers", [])]}
        return JSONResponse(schema)

    async def swagger_ui(self, request: Request) -> HTMLResponse:
        from vivace.describe.pages import get_swagger_ui_html

        app = self._app
        root_path = request.scope.get("root_path", "").rstrip("/")
        redirect = app.swagger_ui_oauth2_redirect_url
        return get_swagger_ui_html(
            openapi_url=f"{root_path}{app.openapi_url}",
            title=f"{app.title} - Swagger UI",
            oauth2_redirect_url=f"{root_path}{redirect}" if redirect else None,
            init_oauth=app.swagger_ui_init_oauth,
            swagger_ui_parameters=app.swagger_ui_parameters,
        )

    async def oauth2_redirect(self, request: Request) -> HTMLResponse:
        from vivace.describe.pages import get_swagger_ui_oauth2_redirect_html

        return get_swagger_ui_oauth2_redirect_html()

    async def redoc(self, request: Request) -> HTMLResponse:
        from vivace.describe.pages import get_redoc_html

        root_path = request.scope.get("root_path", "").rstrip("/")
        return get_redoc_html(
            openapi_url=f"{root_path}{self._app.openapi_url}",
            title=f"{self._app.title} - ReDoc",
        )
