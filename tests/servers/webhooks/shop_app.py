"""A shop that tells others of its orders, for processes of its own."""

import os
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace import Depends, HTTPException, Response, Vivace
from vivace.outbound import Destinations
from vivace.sql import NAMING_CONVENTION, Database, DatabaseSettings
from vivace.webhooks import Events, Webhooks, WebhookSettings, metadata

LEASE = float(os.environ.get("SHOP_LEASE", "3"))


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)


events = Events()


@events.event("order.made")
class OrderMade(BaseModel):
    order_id: int


db = Database(
    os.environ["SHOP_DATABASE"],
    metadata=[Base.metadata, metadata],
    create_tables=True,
    settings=DatabaseSettings(begin_immediate=True),
)
Session = Annotated[AsyncSession, db.session]
webhooks = Webhooks(
    db,
    events,
    secret="s" * 32,
    settings=WebhookSettings(
        delays=[0.3] * int(os.environ.get("SHOP_RETRIES", "50")),
        timeout=LEASE / 2,
        lease=LEASE,
        poll_interval=0.2,
        grace=float(os.environ.get("SHOP_GRACE", "20")),
        per_endpoint=int(os.environ.get("SHOP_PER_ENDPOINT", "5")),
        disable_after=timedelta(days=5),
        user_agent=str(os.getpid()),
    ),
    destinations=Destinations(allow_http=True, ports=None, allowed_networks=["127.0.0.0/8"]),
)


async def anybody() -> None: ...


app = Vivace()
webhooks.install(app, deliver=os.environ.get("SHOP_DELIVERS", "1") == "1")
app.include_router(webhooks.router(dependencies=[Depends(anybody)]), prefix="/webhooks")


@app.get("/health")
async def health(response: Response) -> None:
    response.headers["X-Process"] = str(os.getpid())


@app.post("/orders/{order_id}")
async def make_order(order_id: int, session: Session, fail: bool = False) -> None:
    session.add(Order(id=order_id))
    await webhooks.send(session, OrderMade(order_id=order_id))
    await session.flush()
    if fail:
        raise HTTPException(500, "It is rolled back.")
