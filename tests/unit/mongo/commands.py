"""What is sent to the server."""

from __future__ import annotations

from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)


class Commands(CommandListener):
    """Remembers the commands that a client has sent."""

    def __init__(self) -> None:
        self.sent: list[CommandStartedEvent] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    @property
    def names(self) -> list[str]:
        return [event.command_name for event in self.sent]

    def clear(self) -> None:
        self.sent.clear()

    def of(self, name: str) -> list[dict[str, Any]]:
        """The commands of this name."""
        return [dict(event.command) for event in self.sent if event.command_name == name]
