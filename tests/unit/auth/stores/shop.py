"""An app with sign-in, for a server with several worker processes: see test_two_processes.py."""

from __future__ import annotations

import os
from datetime import timedelta
from enum import Enum

from vivace import Vivace
from vivace.auth import (
    Attempts,
    Auth,
    AuthSettings,
    BackOffSettings,
    Challenge,
    PasswordSettings,
    RedisStore,
    Session,
    SessionSettings,
    SplitStore,
    SQLStore,
    Store,
    TokenSettings,
    User,
)


class Role(Enum):
    ADMIN = "admin"


def make_store() -> Store:
    store = SQLStore(os.environ["SHOP_DATABASE"], create_tables=True)
    prefix = os.environ.get("SHOP_PREFIX")
    if not prefix:
        return store
    redis = RedisStore(os.environ["SHOP_REDIS"], prefix=prefix)
    return SplitStore(store, {Session: redis, Challenge: redis, Attempts: redis})


auth = Auth(
    os.environ["SHOP_SECRET"],
    store=make_store(),
    roles=Role,
    settings=AuthSettings(
        passwords=PasswordSettings(time_cost=1, memory_cost=8, parallelism=1),
        # A test on a busy machine is not to be quicker than the wait is over, or slower.
        back_off=BackOffSettings(
            first_wait=timedelta(hours=1), longest_wait=timedelta(hours=2), free_by_address=10_000
        ),
        sessions=SessionSettings(secure=False),
        # What is revoked in one process is so in the other with the next request.
        tokens=TokenSettings(trust=timedelta(0)),
    ),
)
app = Vivace()
app.include_router(auth.router())


@app.get("/process")
async def read_process() -> int:
    return os.getpid()


@app.get("/admin", dependencies=[auth.require(Role.ADMIN)])
async def read_admin(user: User = auth.user) -> str:
    return user.name
