"""The OpenAPI document of an API."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from vivace.describe.endpoint import documented_endpoints
from vivace.describe.models import OpenAPI
from vivace.describe.operations import Operations
from vivace.describe.responses import VALIDATION_ERROR_DEFINITIONS
from vivace.describe.schemas import Schemas
from vivace.encoders import jsonable_encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vivace.describe.endpoint import DocumentedEndpoint


def get_openapi(
    *,
    title: str,
    version: str,
    openapi_version: str = "3.1.0",
    summary: str | None = None,
    description: str | None = None,
    routes: Sequence[Any],
    webhooks: Sequence[Any] | None = None,
    tags: list[dict[str, Any]] | None = None,
    servers: list[dict[str, Any]] | None = None,
    terms_of_service: str | None = None,
    contact: dict[str, Any] | None = None,
    license_info: dict[str, Any] | None = None,
    separate_input_output_schemas: bool = True,
    external_docs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The OpenAPI document of ``routes``, as what JSON can hold (OpenAPI 3.1.0).

    It is made from the same plans as the handlers, so that it says what they do.

    Args:
        title: The name of the API.
        version: The version of the API, not of OpenAPI.
        openapi_version: The version of OpenAPI that the document claims to follow.
        summary: One line about the API.
        description: Markdown about the API.
        routes: Routes; those that are no endpoints, or are kept out of the document, are left out.
        webhooks: Routes that describe requests which the API sends.
        tags: Tag objects (§4.8.22), in the order in which they are to be shown.
        servers: Server objects (§4.8.5).
        terms_of_service: A URL.
        contact: A contact object (§4.8.3).
        license_info: A license object (§4.8.4).
        separate_input_output_schemas: Whether a model that is sent differently from how it is
            received has two schemas.
        external_docs: An external documentation object (§4.8.11).

    Raises:
        ValueError: A response is declared for what is no status, or what a declaration adds to
            the document does not fit it.
    """
    paths = documented_endpoints(routes)
    hooks = documented_endpoints(webhooks)
    fields = chain.from_iterable(endpoint.fields() for endpoint in chain(paths, hooks))
    schemas = Schemas(fields, separate_input_and_output=separate_input_output_schemas)
    operations = Operations(schemas)
    info = {
        "title": title,
        "version": version,
        "summary": summary,
        "description": description,
        "termsOfService": terms_of_service,
        "contact": contact,
        "license": license_info,
    }
    document = {
        "openapi": openapi_version,
        "info": {key: value for key, value in info.items() if value},
        "servers": servers or None,
        "paths": _path_items(paths, operations),
        "webhooks": _path_items(hooks, operations) or None,
        "components": _components(operations) or None,
        "tags": tags or None,
        "externalDocs": external_docs or None,
    }
    dumped = OpenAPI.model_validate(document).model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    # Once more, for nulls in what no model describes.
    encoded: dict[str, Any] = jsonable_encoder(dumped, exclude_none=True)
    return encoded


def _path_items(endpoints: Iterable[DocumentedEndpoint], operations: Operations) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for endpoint in endpoints:
        item = items.setdefault(endpoint.route.path_format, {})
        item.update(operations.path_item(endpoint))
    return items


def _components(operations: Operations) -> dict[str, Any]:
    """What the operations refer to, once they have all been made."""
    schemas = dict(operations.schemas.definitions)
    if operations.has_validation_errors:
        schemas = {**VALIDATION_ERROR_DEFINITIONS, **schemas}
    components: dict[str, Any] = {}
    if schemas:
        components["schemas"] = {name: schemas[name] for name in sorted(schemas)}
    if operations.security_schemes:
        components["securitySchemes"] = operations.security_schemes
    return components


__all__ = ["get_openapi"]
