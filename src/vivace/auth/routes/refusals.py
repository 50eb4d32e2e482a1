"""What routes refuse with, as the document says it."""

from __future__ import annotations

from typing import Any

#: As routes take it: by status.
Responses = dict[int | str, dict[str, Any]]

NOT_SIGNED_IN: Responses = {401: {"description": "Not signed in"}}
#: Of routes that are about the account itself.
NOT_IN_PERSON: Responses = {
    **NOT_SIGNED_IN,
    403: {"description": "An API key; no CSRF token, or a request from another site"},
}
#: Of those that take the password besides.
WRONG_PASSWORD: Responses = {
    **NOT_SIGNED_IN,
    403: {"description": "The password is wrong; an API key; no CSRF token"},
}
TOO_MANY: Responses = {
    429: {
        "description": "Too many attempts have failed",
        "headers": {
            "Retry-After": {
                "description": "How many seconds to wait.",
                "schema": {"type": "integer"},
            }
        },
    }
}

__all__ = ["NOT_IN_PERSON", "NOT_SIGNED_IN", "TOO_MANY", "WRONG_PASSWORD", "Responses"]
