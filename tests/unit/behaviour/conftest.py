from __future__ import annotations

from collections.abc import Iterator

import pytest

from .process import Server, serving


@pytest.fixture(scope="module")
def bad_input_server() -> Iterator[Server]:
    """``bad_input_app`` in a process; whatever it was sent, it must have raised nothing."""
    with serving("bad_input_app:app") as server:
        yield server
        assert server.client.get("/alive").json() == "yes"
    assert "Traceback" not in server.log, server.log
