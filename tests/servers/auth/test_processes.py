"""One store object, made before there are several processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.auth.redis_keys import REDIS, new_prefix

from vivace.auth import RedisStore, SQLStore, Store, TokenFamily
from vivace.auth.stores.records import now

from .databases import new_database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "redis"])
def test_of_two_processes_that_replace_a_record_one_succeeds_at_a_time(
    kind: str, tmp_path: Path
) -> None:
    if kind == "redis":
        with new_prefix() as prefix:
            race(RedisStore(REDIS, prefix=prefix), kind, REDIS, prefix)
    else:
        with new_database(kind, tmp_path) as made:
            race(SQLStore(made.url, create_tables=True), kind, made.url, "")


def race(store: Store, kind: str, address: str, prefix: str) -> None:
    family = TokenFamily(user_id="ada", epoch=0, expires_at=now() + timedelta(hours=1))

    async def prepare() -> None:
        await store.open()
        await store.add(family)
        await store.close()

    asyncio.run(prepare())
    script = Path(__file__).with_name("racing.py")
    command = [sys.executable, str(script), kind, address, prefix, family.id]
    result = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert result.returncode == 0, result.stderr
    epoch, version, *_ = map(int, result.stdout.split())
    assert (epoch, version) == (50, 50)
