"""An app that answers with the credentials that a scheme took from the request."""

from __future__ import annotations

from typing import Any

from vivace import Security, Vivace
from vivace.security import SecurityScheme
from vivace.testclient import TestClient


def client_of(scheme: SecurityScheme) -> TestClient:
    app = Vivace()

    @app.get("/")
    def read(credentials: Any = Security(scheme)) -> Any:
        return credentials

    return TestClient(app)


def documented(scheme: SecurityScheme) -> dict[str, Any]:
    """The security schemes of a document, by their names."""
    document = client_of(scheme).get("/openapi.json").json()
    schemes: dict[str, Any] = document["components"]["securitySchemes"]
    return schemes
