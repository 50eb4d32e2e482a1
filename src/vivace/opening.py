"""What is open for as long as an app runs, such as the stores of batteries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol, TypeVar

from vivace import Depends


class Openable(Protocol):
    """What is opened before its first use, and closed after the last."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...


T = TypeVar("T", bound=Openable)


def opening(store: T) -> Any:
    """A dependency of the app's own that opens ``store`` at start-up, and closes it at the end."""

    async def opened_store() -> AsyncIterator[T]:
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    return Depends(opened_store, scope="app")


__all__ = ["Openable", "opening"]
