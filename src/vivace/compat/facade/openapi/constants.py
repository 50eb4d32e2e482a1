"""Constants of the OpenAPI document."""

from __future__ import annotations

from typing import Final

# RFC 9110, section 9.3: the methods for whose content a meaning is defined.
METHODS_WITH_BODY: Final = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"}
REF_PREFIX: Final = "#/components/schemas/"
REF_TEMPLATE: Final = "#/components/schemas/{model}"
