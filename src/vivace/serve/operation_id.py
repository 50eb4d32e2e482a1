"""Operation ids: unique names for the operations of an API, for the code that clients generate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivace.serve.route import APIRoute


def generate_unique_id(route: APIRoute) -> str:
    """The default operation id: function, path and method."""
    name = re.sub(r"\W", "_", f"{route.name}{route.path_format}")
    method = sorted(route.methods or {"GET"})[0].lower()
    return f"{name}_{method}"
