from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """SQLAlchemy works on asyncio."""
    return "asyncio"
