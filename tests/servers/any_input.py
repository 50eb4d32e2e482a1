"""Whatever the document of an app allows, sent to it."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from vivace import Vivace
from vivace.testclient import TestClient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def operations_of(app: Vivace) -> dict[str, Any]:
    """The operations of an app's document, by method and path."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    found = [one for one in schema.get_all_operations() if isinstance(one, Ok)]
    return {one.ok().label: one.ok() for one in found}


def examples(most: int) -> settings:
    """So many examples, the same ones in each run."""
    return settings(
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def check(client: TestClient, case: schemathesis.Case[Any]) -> None:
    """Send a case, and hold the answer against the document."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    response = client.request(
        sent["method"],
        sent["url"],
        params=sent.get("params"),
        headers=sent["headers"],
        json=sent.get("json"),
        content=sent.get("data"),
    )
    case.validate_response(response, checks=CHECKS)
