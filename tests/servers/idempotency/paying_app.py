"""An app with idempotency keys, for servers of which one may die.

``PAYING_STORE`` says where the keys are, ``PAYING_LEASE`` for how many seconds they are held. Each
run of an endpoint is a line in ``PAYING_RUNS``, and while the file ``PAYING_GATE`` is there, it
goes no further.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace import HTTPException, Vivace
from vivace.idempotency import Idempotency, RedisStore, SqlStore, Store
from vivace.sql import Database

runs, gate = Path(os.environ["PAYING_RUNS"]), Path(os.environ["PAYING_GATE"])
address = os.environ["PAYING_STORE"]


class Base(DeclarativeBase):
    pass


class Payment(Base):
    __tablename__ = os.environ.get("PAYING_TABLE", "payments")

    id: Mapped[int] = mapped_column(primary_key=True)


store: Store
if address.startswith("redis"):
    db = Database("sqlite://", metadata=Base.metadata, create_tables=True)
    store = RedisStore(address, prefix=os.environ["PAYING_PREFIX"], timeout=10, pause=0.3)
else:
    db = Database(address, metadata=[Base.metadata, SqlStore.metadata], create_tables=True)
    store = SqlStore(db)

app = Vivace()
idempotency = Idempotency(store, lease=float(os.environ.get("PAYING_LEASE", "60")))
idempotency.install(app)


def write_run() -> None:
    with runs.open("a") as file:
        file.write(f"{os.getpid()}\n")


def count_runs() -> int:
    return len(runs.read_text().splitlines())


async def run() -> int:
    write_run()
    is_held = gate.exists
    while is_held():  # noqa: ASYNC110 - it is a file that tells
        await asyncio.sleep(0.01)
    return count_runs()


@app.post("/pay")
@idempotency.required
async def pay() -> int:
    return await run()


@app.post("/wait")
@idempotency.required(wait=30)
async def wait() -> int:
    return await run()


@app.post("/open")
@idempotency.required(away="pass")
async def pay_anyway() -> int:
    return await run()


@app.post("/change")
@idempotency.required
async def change(session: AsyncSession = db.session, fails: bool = False) -> int:
    session.add(Payment())
    await session.flush()
    number = await run()
    if fails:
        raise HTTPException(503)
    return number


@app.get("/changes")
async def count(session: AsyncSession = db.session) -> int:
    return len((await session.execute(select(Payment))).all())
