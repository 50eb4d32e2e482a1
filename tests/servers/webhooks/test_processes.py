"""Processes that are killed, that share their work, that are stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from tests.unit.behaviour.process import Server
from tests.unit.sql.databases import scalars

from .receiver import Receiver
from .shop import HERE, order, serving, subscribe


def orders_in(database: str) -> list[object]:
    return sorted(scalars(database, "SELECT id FROM orders"))  # type: ignore[type-var]  # numbers


def kill(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def test_a_process_that_is_killed_loses_nothing_and_sends_nothing_that_was_rolled_back(
    database: str, receiver: Receiver
) -> None:
    """Killed while orders come in and deliveries are under way, twice."""
    receiver.pause = 0.05
    acknowledged: set[int] = set()
    for round in range(2):
        with serving(database) as server:
            if round == 0:
                subscribe(server, receiver.url())

            def make_orders(server: Server = server, first: int = round * 1000) -> None:
                for number in range(first, first + 400):
                    # Each third is rolled back, and has a number of its own.
                    if number % 3 == 0:
                        order(server, number, fail=True)
                    elif order(server, number):
                        acknowledged.add(number)
                    elif server.process.poll() is not None:
                        return

            before = len(receiver.got())
            thread = threading.Thread(target=make_orders)
            thread.start()
            receiver.wait(lambda: len(receiver.got()) >= before + 10, why=server.log)  # noqa: B023
            # There is something to be lost: an attempt that lasts is under way.
            receiver.answers.clear()
            begun = len(receiver.ids["/ok"])
            receiver.wait(lambda: len(receiver.ids["/ok"]) > begun, why=server.log)  # noqa: B023
            kill(server)
            receiver.answers.set()
            thread.join()
    committed = {*orders_in(database)}
    assert acknowledged <= committed
    with serving(database) as server:
        receiver.wait(lambda: {*receiver.got()} >= committed, why=server.log)
        assert "Traceback" not in server.log, server.log
    assert {*receiver.got()} == committed
    assert not [number for number in receiver.got() if number % 3 == 0]
    # What came more than once did so under one id.
    assert len({*receiver.ids["/ok"]}) == len({*receiver.got()})


def test_two_processes_share_the_deliveries(database: str, receiver: Receiver) -> None:
    receiver.pause = 0.05
    with serving(database, SHOP_LEASE="30") as one, serving(database, SHOP_LEASE="30") as two:
        subscribe(one, receiver.url())
        for number in range(60):
            assert order((one, two)[number % 2], number), (one.log, two.log)
        receiver.wait(lambda: len(receiver.got()) >= 60, why=(one.log, two.log))
        time.sleep(0.5)
        assert sorted(receiver.got()) == [*range(60)]
        assert receiver.twice_at_once == []
        assert {*receiver.processes} == {str(one.process.pid), str(two.process.pid)}
        for server in (one, two):
            assert "Traceback" not in server.log, server.log


def test_what_a_process_has_claimed_is_taken_over_when_it_is_killed(
    postgresql: str, receiver: Receiver
) -> None:
    receiver.answers.clear()
    with serving(postgresql) as one:
        subscribe(one, receiver.url())
        for number in range(3):
            assert order(one, number)
        receiver.wait(lambda: len({*receiver.ids.get("/ok", [])}) == 3)
        kill(one)
        receiver.answers.set()
        with serving(postgresql) as two:
            receiver.wait(lambda: receiver.processes[str(two.process.pid)] == 3, why=two.log)
    assert len({*receiver.ids["/ok"]}) == 3


def test_what_is_under_way_is_finished_when_the_process_is_stopped(
    postgresql: str, receiver: Receiver
) -> None:
    receiver.answers.clear()
    with serving(postgresql, SHOP_LEASE="120", SHOP_PER_ENDPOINT="2") as server:
        subscribe(server, receiver.url())
        for number in range(5):
            assert order(server, number)
        receiver.wait(lambda: len(receiver.ids.get("/ok", [])) >= 2)
        server.client.close()
        server.process.send_signal(signal.SIGTERM)
        receiver.wait(lambda: "Waiting for application shutdown" in server.log, why=server.log)
        receiver.answers.set()
        server.process.wait(60)
        assert server.process.returncode in (0, -signal.SIGTERM), server.log
    before = receiver.got()
    assert len(before) >= 2
    with serving(postgresql, SHOP_LEASE="120"):
        receiver.wait(lambda: {*receiver.got()} == {*range(5)})
    # Nothing had to be sent a second time.
    assert sorted(receiver.got()) == [*range(5)]


def test_a_receiver_that_hangs_does_not_keep_a_process_from_stopping(
    postgresql: str, receiver: Receiver
) -> None:
    receiver.answers.clear()
    # Far longer than a process or a delivery is waited for here.
    with serving(postgresql, SHOP_LEASE="600", SHOP_GRACE="1") as server:
        subscribe(server, receiver.url())
        assert order(server, 1)
        receiver.wait(lambda: bool(receiver.ids))
        server.terminate(60)
    receiver.answers.set()
    with serving(postgresql, SHOP_LEASE="600") as server:
        receiver.wait(lambda: str(server.process.pid) in receiver.processes, why=server.log)


def test_a_process_of_its_own_delivers_and_ends_when_it_is_told(
    sqlite: str, receiver: Receiver
) -> None:
    environment = {
        **os.environ,
        "SHOP_DATABASE": sqlite,
        "PYTHONPATH": str(HERE),
    }
    with serving(sqlite, SHOP_DELIVERS="0") as server:
        subscribe(server, receiver.url())
        for number in range(5):
            assert order(server, number)
        assert receiver.got() == []
        command = [sys.executable, "-m", "vivace.webhooks", "deliver", "shop_app:webhooks"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                receiver.wait(lambda: {*receiver.got()} == {*range(5)})
                assert {*receiver.processes} == {str(process.pid)}
            finally:
                process.send_signal(signal.SIGTERM)
                printed, _ = process.communicate(timeout=30)
        assert process.returncode == 0, printed
        assert printed.startswith("Delivering shop_app:webhooks\n")
        assert "Traceback" not in printed
