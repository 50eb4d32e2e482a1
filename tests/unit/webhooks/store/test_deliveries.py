from __future__ import annotations

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session
from tests.unit.webhooks.shop import URL, Shop

from vivace.webhooks import WebhookSettings
from vivace.webhooks.store import deliveries as delivering
from vivace.webhooks.store.records import State
from vivace.webhooks.store.transactions import transact

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("state", [None, "dead"])
async def test_nobody_waits_for_what_is_others(state: State | None) -> None:
    """Deliveries of an owner are found by an index, however many others have."""
    shop = await Shop().open()
    await shop.webhooks.endpoints.create(URL, owner="acme")
    await shop.send(owner="acme")

    def plan(session: Session) -> str:
        asked: list[tuple[str, object]] = []
        engine = session.connection().engine

        @event.listens_for(engine, "before_cursor_execute")
        def keep(_: object, __: object, statement: str, parameters: object, *rest: object) -> None:
            asked.append((statement, parameters))

        delivering.list_of(session, "acme", state=state, limit=50)
        event.remove(engine, "before_cursor_execute", keep)
        [(statement, parameters)] = asked
        explained = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}",
            parameters,  # type: ignore[arg-type]  # as the driver had them
        )
        return " ".join(row.detail for row in explained)

    await transact(shop.db, lambda session: session.execute(text("ANALYZE")))
    found = await transact(shop.db, plan)
    assert "ix_webhook_deliveries_owner" in found, found
    assert "SCAN webhook_deliveries" not in found
    assert "TEMP B-TREE" not in found


async def test_of_ever_more_attempts_the_last_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "MOST_ATTEMPTS", 3)
    shop = await Shop(WebhookSettings(delays=[])).open()
    await shop.webhooks.endpoints.create(URL)
    await shop.send()
    [delivery] = await shop.webhooks.deliveries.find()
    shop.sender.script = [500, 501, 502, 503]
    for _ in range(4):
        await shop.webhooks.deliver_due()
        await shop.webhooks.deliveries.replay(delivery.id)
    details = await shop.webhooks.deliveries.get(delivery.id)
    assert [one.status for one in details.attempts] == [501, 502, 503]
