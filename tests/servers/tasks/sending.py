"""Tasks as the test's own process sends them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from anyio.from_thread import BlockingPortal, start_blocking_portal

from vivace.tasks import Handle, Tasks

from .processes import HERE, Place

Send = Callable[..., Handle[Any]]


def load(place: Place) -> Any:
    """The app's module, for one place."""
    spec = importlib.util.spec_from_file_location("task_app", HERE / "task_app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(os.environ, place.environment), mock.patch.dict(sys.modules):
        sys.modules["task_app"] = module
        spec.loader.exec_module(module)
    return module


class Sender:
    """Sends tasks, and does what else there is to do with them.

    Its event loop runs in a thread: one that stood still would be taken for dead by RabbitMQ.
    """

    def __init__(self, place: Place, loop: BlockingPortal) -> None:
        self.tasks: Tasks = load(place).tasks
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.call(lambda: work)

    def __call__(
        self,
        task: str,
        *,
        delay: float | None = None,
        key: str | None = None,
        queue: str | None = None,
        **arguments: Any,
    ) -> Handle[Any]:
        found = self.tasks.registered[f"task_app.{task}"]
        sending = found.sending(delay=delay, key=key, queue=queue)
        handle: Handle[Any] = self.run(sending.send(**arguments))
        return handle


@contextmanager
def sender(place: Place) -> Iterator[Sender]:
    with start_blocking_portal() as loop:
        sends = Sender(place, loop)
        try:
            yield sends
        finally:
            sends.run(sends.tasks.close())
