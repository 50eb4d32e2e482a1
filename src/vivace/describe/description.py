"""The document of an app, remembered until the app's routes change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vivace.serve.inclusion import Version

if TYPE_CHECKING:
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
            app.openapi_schema = self._make()
            self._version = version
        return app.openapi_schema

    def _make(self) -> dict[str, Any]:
        # The models of OpenAPI take longer to load than the rest together.
        from vivace.describe.document import get_openapi
        from vivace.describe.problems import with_problem_details

        app = self._app
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            summary=app.summary,
            description=app.description,
            terms_of_service=app.terms_of_service,
            contact=app.contact,
            license_info=app.license_info,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            tags=app.openapi_tags,
            servers=app.servers,
            separate_input_output_schemas=app.separate_input_output_schemas,
            external_docs=app.openapi_external_docs,
        )
        return with_problem_details(document) if app.problem_details else document
