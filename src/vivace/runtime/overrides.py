"""What an app replaces dependencies by while it is tested."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from starlette.types import Message, Receive, Scope

from vivace.analyse.overrides import Overrides
from vivace.runtime.validation import ABSENT

NO_OVERRIDES: Overrides = {}


def overrides_in(scope: Scope) -> Overrides:
    """What the app that serves a request replaces dependencies by."""
    return getattr(scope.get("app"), "dependency_overrides", None) or NO_OVERRIDES


def returning(made: Iterable[tuple[Any, Any]]) -> Overrides:
    """Replacements for dependencies that have been called, by what they have returned.

    Whatever has returned more than one value is not replaced, and so is called again.
    """
    values: dict[Any, Any] = {}
    several: set[Any] = set()
    for call, value in made:
        if isinstance(call, Hashable) and value is not ABSENT:
            if call in values:
                several.add(call)
            values[call] = value
    return {call: _function_of(value) for call, value in values.items() if call not in several}


def _function_of(value: Any) -> Callable[[], Any]:
    def made() -> Any:
        return value

    return made


def received_again(body: bytes, receive: Receive) -> Receive:
    """``receive`` with a body before it that has been received already."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


__all__ = ["NO_OVERRIDES", "Overrides", "overrides_in", "received_again", "returning"]
