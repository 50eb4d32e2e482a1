"""The OpenAPI document of each version, to be chosen in the pages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from vivace import Vivace
from vivace.exceptions import VivaceError
from vivace.versioning.catalog import Catalog
from vivace.versioning.group import VersionedRoutes
from vivace.versioning.history import Version
from vivace.versioning.ways import ByAccept, ByConsumer, ByHeader, ByPath, ByQuery, Way

JSON = "application/json"


def add_documents(app: Vivace, catalog: Catalog, title: str) -> None:
    """Give ``app`` a document for each version, the newest first."""
    settings = _group_in(app, catalog).settings
    if app.openapi_url is None or not settings.include_in_schema:
        return
    prefix = settings.prefix
    place = app.openapi_url if "{" in prefix else prefix + app.openapi_url
    for version in reversed(catalog.history.versions):
        name = f"{title} {version}" + (" (deprecated)" if version.deprecated else "")
        url = f"{place.removesuffix('.json')}/{version}.json"
        app.add_openapi(name, url, partial(_describe, app, catalog, version))


def _describe(app: Vivace, catalog: Catalog, version: Version) -> dict[str, Any]:
    return describe_version(app, _group_in(app, catalog), version)


def _group_in(app: Vivace, catalog: Catalog) -> VersionedRoutes:
    for route in app.routes:
        if isinstance(route, VersionedRoutes) and route.catalog is catalog:
            return route
    raise VivaceError("The versions are not in the app: include their router in it.")


def describe_version(app: Vivace, group: VersionedRoutes, version: Version) -> dict[str, Any]:
    """The document of a version.

    Operation ids have no version in them, so that code which is generated for one version goes
    on working with the next.
    """
    said = [app.description, version.deprecated.describe() if version.deprecated else ""]
    document = app.describe(
        [group.plain[version].table],
        version=version.name,
        description="\n\n".join(text for text in said if text),
    )
    way = next((way for way in group.catalog.ways if not isinstance(way, ByConsumer)), None)
    if way is not None:
        _say_how(way, document, group, version)
    return document


def _say_how(way: Way, document: dict[str, Any], group: VersionedRoutes, version: Version) -> None:
    """Say of each operation how its version is asked for, in the first way that there is."""
    if isinstance(way, ByPath):
        before = len(group.settings.prefix)
        prefix = group.edition_of(version).table.settings.prefix
        document["paths"] = {
            prefix + path[before:]: item for path, item in document["paths"].items()
        }
    elif isinstance(way, ByAccept):
        for operation in _operations(document):
            _send_as(operation, way.of(version.name))
    elif isinstance(way, (ByQuery, ByHeader)):
        is_default = version is group.catalog.history.default
        parameter = _parameter(way, version, required=not is_default)
        for operation in _operations(document):
            _add_parameter(operation, parameter)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()


def _parameter(way: ByQuery | ByHeader, version: Version, *, required: bool) -> dict[str, Any]:
    place, name = ("query", way.parameter) if isinstance(way, ByQuery) else ("header", way.name)
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": "The version of the API.",
        "schema": {"type": "string", "enum": [version.name], "default": version.name},
    }


def _add_parameter(operation: dict[str, Any], parameter: dict[str, Any]) -> None:
    """Add a parameter, in the place of what an endpoint may say of it."""
    others = [
        each
        for each in operation.get("parameters", [])
        if (each["in"], each["name"].lower()) != (parameter["in"], parameter["name"].lower())
    ]
    operation["parameters"] = [*others, parameter]


def _send_as(operation: dict[str, Any], media_type: str) -> None:
    for response in operation.get("responses", {}).values():
        content = response.get("content", {})
        if JSON in content:
            response["content"] = {
                media_type if kind == JSON else kind: what for kind, what in content.items()
            }


__all__ = ["add_documents", "describe_version"]
