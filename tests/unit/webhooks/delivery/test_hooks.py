from __future__ import annotations

import logging
from typing import Any

import pytest

from vivace.webhooks.delivery.hooks import Hooks

pytestmark = pytest.mark.anyio


async def test_functions_of_both_kinds_are_called() -> None:
    called: list[Any] = []

    async def on_loop(happened: Any) -> None:
        called.append(happened)

    class Object:
        async def __call__(self, happened: Any) -> None:
            called.append(happened)

    await Hooks().call([called.append, on_loop, Object()], "it")
    assert called == ["it"] * 3


async def test_one_that_fails_is_logged_and_the_next_is_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called: list[Any] = []

    async def fail(happened: Any) -> None:
        raise OSError("broken")

    with caplog.at_level(logging.ERROR, "vivace.webhooks"):
        await Hooks().call([fail, called.append], "it")
    assert called == ["it"]
    assert "is told of webhooks has failed" in caplog.text


async def test_one_that_hangs_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import anyio

    async def hang(happened: Any) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr("vivace.webhooks.delivery.hooks.TIMEOUT", 0.01)
    await Hooks().call([hang], "it")
    assert "TimeoutError" in caplog.text
