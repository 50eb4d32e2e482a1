"""Much that waits for one endpoint, by how many rows a claim reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session
from tests.unit.sql.databases import new_database
from tests.unit.webhooks.shop import URL, Shop

from vivace.webhooks.events import now
from vivace.webhooks.store import claims
from vivace.webhooks.store.shares import Place, Shares
from vivace.webhooks.store.tables import deliveries, messages, milliseconds
from vivace.webhooks.store.transactions import transact

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("webhooks")]
WAITING = 5000
#: What each kind of server counts, in this transaction or connection.
ROWS_READ = {
    "postgresql": "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables",
    "mariadb": (
        "SELECT sum(variable_value) FROM information_schema.session_status"
        " WHERE variable_name LIKE 'handler\\_read\\_%' AND variable_name NOT LIKE '%rnd%'"
    ),
}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with new_database(request.param, tmp_path) as url:
        yield url


def fill(session: Session, endpoint_id: str) -> None:
    """Have much wait for an endpoint, where something was delivered to another one before.

    If there is nothing of any other, PostgreSQL may guess that each row is of the one it looks for.
    """
    at = milliseconds() - WAITING
    session.execute(insert(messages).values(id="msg", type="a", body="{}", created_at=at))
    common = {"message_id": "msg", "owner": "", "attempts": 0, "due_at": at, "created_at": at}
    waiting = {**common, "endpoint_id": endpoint_id, "state": "pending"}
    rows = [{**waiting, "id": f"dlv_{number}"} for number in range(WAITING)]
    rows.append({**common, "id": "dlv", "endpoint_id": "ep_before", "state": "delivered"})
    session.execute(insert(deliveries), rows)


@pytest.mark.parametrize("under_way", [0, 5])
async def test_a_claim_reads_no_more_rows_for_what_waits(server: str, under_way: int) -> None:
    shop = await Shop(url=server).open()
    try:
        slow, _ = await shop.webhooks.endpoints.create(URL)
        await transact(shop.db, lambda session: fill(session, slow.id))
        analyze = "ANALYZE" + " TABLE webhook_deliveries" * server.startswith("mariadb")
        await transact(shop.db, lambda session: session.execute(text(analyze)).close())
        # A message to each of eleven endpoints: the slow one among them.
        for _ in range(10):
            await shop.webhooks.endpoints.create(URL)
        await shop.send()
        rows_read = text(ROWS_READ[server.partition(":")[0]])

        def work(session: Session) -> tuple[list[str], int]:
            before = session.scalar(rows_read) or 0
            shares = Shares(5, 20, [Place(slow.id, "")] * under_way)
            claimed = claims.claim(
                session, limit=20, shares=shares, lease=timedelta(minutes=1), now=now()
            )
            after = session.scalar(rows_read)
            assert after is not None
            return [one.endpoint_id for one in claimed], int(after) - int(before)

        endpoint_ids, read = await transact(shop.db, work)
        assert endpoint_ids.count(slow.id) == 5 - under_way
        assert len({*endpoint_ids} - {slow.id}) == 10
        assert 10 < read < WAITING / 10
    finally:
        await shop.db.close()
