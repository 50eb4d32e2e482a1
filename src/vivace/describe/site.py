"""The routes at which an app serves its document and the pages that show it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from vivace.describe.assets import find_assets
from vivace.describe.description import Remembered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from vivace.applications import Vivace
    from vivace.describe.assets import Page

    PageEndpoint = Callable[[Request], Awaitable[HTMLResponse]]


class DocumentationSite:
    """Adds the documentation of ``app`` to its routes."""

    def __init__(self, app: Vivace) -> None:
        self._app = app
        self._assets = find_assets(from_cdn=app.docs_from_cdn)

        #: The URLs of the documents besides the app's own, by the name that the pages show.
        self._further: dict[str, str] = {}

    def add_routes(self) -> None:
        """Add the document and the pages that are not switched off.

        The files of a page that are installed are served below the page itself.
        """
        app = self._app
        if not app.openapi_url:
            return
        app.add_route(app.openapi_url, self.document, include_in_schema=False)
        if app.docs_url:
            self._add_page("swagger_ui", app.docs_url, self.swagger_ui)
            redirect = app.swagger_ui_oauth2_redirect_url
            if redirect:
                app.add_route(redirect, self.oauth2_redirect, include_in_schema=False)
        if app.redoc_url:
            self._add_page("redoc", app.redoc_url, self.redoc)
        if app.scalar_url:
            self._add_page("scalar", app.scalar_url, self.scalar)

    def _add_page(self, page: Page, url: str, endpoint: PageEndpoint) -> None:
        self._app.add_route(url, endpoint, include_in_schema=False)
        directory = self._assets[page].directory
        if directory is not None:
            self._app.mount(_assets_url(url), StaticFiles(directory=directory), f"{page}_assets")

    def add_document(self, name: str, url: str, make: Callable[[], dict[str, Any]]) -> None:
        """Serve a further document, and let people choose it in the pages.

        Raises:
            ValueError: There is a document of this name already.
        """
        if name in (self._app.title, *self._further):
            raise ValueError(f"There is a document {name!r} already. Give this one another name.")
        if not self._app.openapi_url:
            return
        self._further[name] = url
        remembered = Remembered(make)

        async def further_document(request: Request) -> JSONResponse:
            return self._response(request, remembered.document())

        self._app.add_route(url, further_document, include_in_schema=False)

    async def document(self, request: Request) -> JSONResponse:
        """The OpenAPI document, with the prefix that a proxy took off as its first server."""
        return self._response(request, self._app.openapi())

    def _response(self, request: Request, schema: dict[str, Any]) -> JSONResponse:
        app = self._app
        root_path = _root_path(request)
        urls = {server.get("url") for server in schema.get("servers", [])}
        if root_path and app.root_path_in_servers and root_path not in urls:
            schema = {**schema, "servers": [{"url": root_path}, *schema.get("servers", [])]}
        return JSONResponse(schema)

    async def swagger_ui(self, request: Request) -> HTMLResponse:
        """The page with Swagger UI."""
        app = self._app
        redirect = app.swagger_ui_oauth2_redirect_url
        page: HTMLResponse = self._pages.get_swagger_ui_html(
            **self._common(request, "Swagger UI"),
            **self._files("swagger_ui", request, app.docs_url),
            oauth2_redirect_url=_root_path(request) + redirect if redirect else None,
            init_oauth=app.swagger_ui_init_oauth,
            swagger_ui_parameters=app.swagger_ui_parameters,
        )
        return page

    async def oauth2_redirect(self, request: Request) -> HTMLResponse:
        """The page that ends a sign-in which left Swagger UI."""
        page: HTMLResponse = self._pages.get_swagger_ui_oauth2_redirect_html()
        return page

    async def redoc(self, request: Request) -> HTMLResponse:
        """The page with ReDoc."""
        files = self._files("redoc", request, self._app.redoc_url)
        page: HTMLResponse = self._pages.get_redoc_html(**self._common(request, "ReDoc"), **files)
        return page

    async def scalar(self, request: Request) -> HTMLResponse:
        """The page with Scalar."""
        files = self._files("scalar", request, self._app.scalar_url)
        page: HTMLResponse = self._pages.get_scalar_html(**self._common(request, "Scalar"), **files)
        return page

    @property
    def _pages(self) -> Any:
        """The module that makes the pages, which takes longer to load than it is mostly worth."""
        return import_module(self._app.pages_module)

    def _common(self, request: Request, page_name: str) -> dict[str, Any]:
        app = self._app
        documents = {app.title: app.openapi_url, **self._further}
        asked = request.query_params.get("document", "")
        shown = asked if asked in documents else app.title
        common: dict[str, Any] = {
            "openapi_url": f"{_root_path(request)}{documents[shown]}",
            "title": f"{app.title} - {page_name}",
        }
        if self._further:
            common |= {"documents": [*documents], "document": shown}
        return common

    def _files(self, page: Page, request: Request, url: str | None) -> dict[str, Any]:
        return self._assets[page].arguments(_root_path(request) + _assets_url(url or ""))


def _assets_url(page_url: str) -> str:
    return f"{page_url.rstrip('/')}/assets"


def _root_path(request: Request) -> str:
    root_path: str = request.scope.get("root_path", "")
    return root_path.rstrip("/")


__all__ = ["DocumentationSite"]
