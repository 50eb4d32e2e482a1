"""One cheap question per request: is there anything to record to?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Variables that have the OpenTelemetry API load a provider by its entry point.
_PROVIDER_VARIABLES = (
    "OTEL_PYTHON_TRACER_PROVIDER",
    "OTEL_PYTHON_METER_PROVIDER",
    "OTEL_PYTHON_LOGGER_PROVIDER",
)

_are_set: Callable[[], bool] | None = None


def are_providers_set() -> bool:
    """True where some global provider of OpenTelemetry has been set in this process."""
    global _are_set
    if _are_set is None:
        # Nobody has set a provider through an API that nobody has imported.
        if "opentelemetry" not in sys.modules:
            return False
        from vivace.telemetry.providers import are_global_providers_set

        _are_set = are_global_providers_set
    return _are_set()


def does_environment_name_provider() -> bool:
    """True where the API will load a provider as soon as it is asked for one."""
    return any(variable in os.environ for variable in _PROVIDER_VARIABLES)
