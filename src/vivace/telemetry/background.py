"""What background tasks ask of telemetry, at no cost where there is none."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from vivace.telemetry.data import CONTEXT_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_NOTHING: AbstractContextManager[None] = nullcontext()


def background_task(call: Callable[..., Any]) -> AbstractContextManager[None]:
    """The operation span of a background task, to be entered around it.

    Nothing happens where the task does not belong to a request that is being recorded.

    Args:
        call: The function that the task calls.
    """
    if "opentelemetry.context" not in sys.modules:
        return _NOTHING
    from opentelemetry.context import get_value

    telemetry: Any = get_value(CONTEXT_KEY)
    if telemetry is None:
        return _NOTHING
    operation: AbstractContextManager[None] = telemetry.background_task(call)
    return operation
