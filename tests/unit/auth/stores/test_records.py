from __future__ import annotations

from typing import Any

import pytest

from vivace import Vivace
from vivace.auth import ApiKey, Principal, Record, RecoveryCode, TotpDevice, User
from vivace.testclient import TestClient

HIDDEN = "what is kept of a secret"
USER = User(id="1", name="ada", password_hash=HIDDEN)


@pytest.mark.parametrize(
    "record",
    [
        USER,
        Principal(USER, frozenset(), "session", "2"),
        ApiKey(user_id="1", name="export", prefix="p", secret_hash=HIDDEN),
        TotpDevice(user_id="1", secret=HIDDEN),
        RecoveryCode(user_id="1", code_hash=HIDDEN),
    ],
    ids=lambda record: type(record).__name__,
)
def test_an_endpoint_that_declares_a_record_does_not_show_secrets(
    record: Record | Principal,
) -> None:
    app = Vivace()

    @app.get("/")
    async def read() -> Any:
        return record

    @app.get("/declared", response_model=type(record))
    async def read_declared() -> Any:
        return record

    client = TestClient(app)
    # The page on sign-in says that it has to be declared.
    assert HIDDEN in client.get("/").text
    answer = client.get("/declared")
    assert answer.status_code == 200
    assert HIDDEN not in answer.text
    assert '"1"' in answer.text
    assert "hash" not in client.get("/openapi.json").text
