"""A node of a NATS cluster is killed: the others go on, and nothing that was accepted is lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from .nats_cluster import run_cluster
from .processes import Place, send_until, serving, working

pytestmark = [pytest.mark.xdist_group("tasks-nats"), pytest.mark.timeout(178)]


def test_what_three_nodes_keep_survives_the_kill_of_one(tmp_path: Path) -> None:
    ended = Event()
    with run_cluster() as cluster:
        place = Place(cluster.url, "own", tmp_path)
        place.settings = {"TASKS_REPLICAS": "3", "TASKS_TIMEOUT": "3"}
        with (
            serving(place, processes=1) as [client],
            working(place, processes=2),
            ThreadPoolExecutor(1) as pool,
        ):
            sent = pool.submit(send_until, ended, client)
            try:
                place.wait_for_more(50)
                leader = asyncio.run(cluster.leader("vivace_own"))
                leader.kill()
                # The other two go on without it.
                place.wait_for_more(50)
                leader.start()
                place.wait_for_more(50)
            finally:
                ended.set()
            accepted = sent.result(60)
            assert len(accepted) > 150
            place.wait(lambda: set(accepted) <= set(place.numbers()))
