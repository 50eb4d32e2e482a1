"""The documents of an app, remembered until routes change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vivace.serve.inclusion import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vivace.applications import Vivace


class Description:
    """Makes and keeps an app's OpenAPI document."""

    def __init__(self, app: Vivace) -> None:
        self._app = app
        self._version = -1

    @classmethod
    def of(cls, app: Vivace) -> Description:
        description = app.__dict__.get("_description")
        if description is None:
            description = app.__dict__["_description"] = cls(app)
        return description

    def document(self) -> dict[str, Any]:
        app = self._app
        changed = self._version not in (-1, Version.number)
        if app.openapi_schema is None or changed:
            version = Version.number
            app.openapi_schema = app.describe(app.routes, webhooks=app.webhooks.routes)
            self._version = version
        return app.openapi_schema


class Remembered:
    """A document that is made by ``make`` when first asked for, and when routes have changed."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._document: dict[str, Any] = {}
        self._version = -1

    def document(self) -> dict[str, Any]:
        if self._version != Version.number:
            version = Version.number
            self._document = self._make()
            self._version = version
        return self._document


def describe_routes(
    app: Vivace,
    routes: Sequence[Any],
    *,
    version: str | None = None,
    description: str | None = None,
    webhooks: Sequence[Any] = (),
) -> dict[str, Any]:
    """The document of ``routes``, with what is said of ``app``."""
    # The models of OpenAPI take longer to load than the rest together.
    from vivace.describe.document import get_openapi
    from vivace.describe.problems import with_problem_details

    document = get_openapi(
        title=app.title,
        version=app.version if version is None else version,
        openapi_version=app.openapi_version,
        summary=app.summary,
        description=app.description if description is None else description,
        terms_of_service=app.terms_of_service,
        contact=app.contact,
        license_info=app.license_info,
        routes=routes,
        webhooks=webhooks,
        tags=app.openapi_tags,
        servers=app.servers,
        separate_input_output_schemas=app.separate_input_output_schemas,
        external_docs=app.openapi_external_docs,
    )
    return with_problem_details(document) if app.problem_details else document


__all__ = ["Description", "Remembered", "describe_routes"]
