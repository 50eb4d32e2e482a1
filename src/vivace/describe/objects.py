"""What every object of an OpenAPI document has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class OpenAPIObject(BaseModel):
    """An object that keeps keys which the specification does not list (OpenAPI 3.1.0 §4.9)."""

    # Most programs only ever build the two or three models of their security schemes before
    # the first request for the document, so each waits until it is used.
    model_config = ConfigDict(extra="allow", defer_build=True)


__all__ = ["OpenAPIObject"]
