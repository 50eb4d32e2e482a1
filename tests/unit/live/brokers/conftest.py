"""Brokers are driven on asyncio."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """redis-py and nats-py work on asyncio."""
    return "asyncio"
