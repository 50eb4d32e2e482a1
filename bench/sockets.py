"""`python -m bench.sockets`: what an open WebSocket costs, and how fast many are told.

On one process of each server: the memory that so many idle sockets take, each by itself, and then
how long others take to hear all that they say to each other. Every delivery is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from bench.environment import describe_environment, make_environment
from bench.servers import Server, run_server

#: By what they are called here: the app, and which framework runs it.
APPS = {
    "Vivace, live room": ("bench.apps.rooms:app", "vivace"),
    "Vivace, endpoint": ("bench.apps.sockets:app", "vivace"),
    "FastAPI, endpoint": ("bench.apps.sockets:app", "fastapi"),
}
#: Sockets that are opened at the same time.
OPENING = 50
#: Of a measurement, so many readings, so many seconds apart.
READINGS, PAUSE = 11, 0.2
#: After this many seconds something is wrong, and the whole ends.
LONGEST = 900


@dataclass(frozen=True)
class Memory:
    """Of one process, in bytes."""

    rss: float
    pss: float


@dataclass(frozen=True)
class Outcome:
    """What was measured of one server."""

    idle_rss: float
    idle_pss: float
    deliveries: int
    seconds: float

    def row(self, name: str) -> str:
        rate = self.deliveries / self.seconds
        return (
            f"| {name} | {self.idle_rss / 1024:.1f} | {self.idle_pss / 1024:.1f} "
            f"| {self.deliveries:,} | {rate:,.0f} |"
        )


HEADINGS = (
    "| server | RSS, KiB a socket | PSS, KiB a socket | delivered | deliveries a second |\n"
    "| --- | ---: | ---: | ---: | ---: |"
)


class Talker:
    """A client that says so much, each time when it has heard itself."""

    def __init__(self, socket: ClientConnection, number: int) -> None:
        self._socket = socket
        self._number = number
        self.heard = 0

    async def talk(self, messages: int, expected: int) -> None:
        """Say ``messages``, and hear ``expected`` of all together."""
        said = 0
        own = f"{self._number}-{said}"
        await self._say(own)
        while self.heard < expected:
            frame = json.loads(await self._socket.recv())
            if frame["type"] == "ping":
                await self._socket.send('{"type":"pong"}')
            if frame["type"] != "said":
                continue
            self.heard += 1
            if frame["text"] == own:
                said += 1
                own = f"{self._number}-{said}"
                if said < messages:
                    await self._say(own)

    async def _say(self, text: str) -> None:
        await self._socket.send(json.dumps({"type": "say", "text": text}))


@asynccontextmanager
async def opened(server: Server, room: str, count: int) -> AsyncIterator[list[ClientConnection]]:
    """So many sockets in a room, each of which has been welcomed."""
    url = f"ws://127.0.0.1:{server.port}/rooms/{room}"
    gate = asyncio.Semaphore(OPENING)
    sockets: list[ClientConnection] = []

    async def open_one() -> None:
        async with gate:
            socket = await connect(url, compression=None, open_timeout=60, ping_interval=None)
            sockets.append(socket)
            await socket.recv()

    try:
        await asyncio.gather(*(open_one() for _ in range(count)))
        yield sockets
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)


@asynccontextmanager
async def answering(sockets: list[ClientConnection]) -> AsyncIterator[None]:
    """Have idle clients answer pings."""

    async def answer(socket: ClientConnection) -> None:
        async for text in socket:
            if '"ping"' in str(text):
                await socket.send('{"type":"pong"}')

    tasks = [asyncio.create_task(answer(socket)) for socket in sockets]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def settled(process_id: int) -> Memory:
    """The median of readings, when the process has had time for what is left to do."""
    await asyncio.sleep(1)
    readings = []
    for _ in range(READINGS):
        readings.append(read_memory(process_id))
        await asyncio.sleep(PAUSE)
    return Memory(
        statistics.median(one.rss for one in readings),
        statistics.median(one.pss for one in readings),
    )


def read_memory(process_id: int) -> Memory:
    """What Linux says of a process."""
    kilobytes = {"Rss": 0, "Pss": 0}
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in kilobytes:
            kilobytes[name] = int(rest.split()[0])
    return Memory(kilobytes["Rss"] * 1024, kilobytes["Pss"] * 1024)


async def measure(server: Server, idle: int, talking: int, messages: int) -> Outcome:
    """Measure one server, with nobody else connected."""
    # What is made once, such as compiled handlers and pools of memory, is there before.
    async with opened(server, "warm", OPENING) as sockets:
        await talk(sockets, 3)
    before = await settled(server.process_id)
    async with opened(server, "idle", idle) as waiting, answering(waiting):
        after = await settled(server.process_id)
        async with opened(server, "talk", talking) as sockets:
            started = time.perf_counter()
            deliveries = await talk(sockets, messages)
            seconds = time.perf_counter() - started
    return Outcome(
        (after.rss - before.rss) / idle, (after.pss - before.pss) / idle, deliveries, seconds
    )


async def talk(sockets: list[ClientConnection], messages: int) -> int:
    """Have all talk to each other; gives how many deliveries that took.

    Raises:
        RuntimeError: Not everything has come to everyone.
    """
    talkers = [Talker(socket, number) for number, socket in enumerate(sockets)]
    expected = len(talkers) * messages
    await asyncio.gather(*(talker.talk(messages, expected) for talker in talkers))
    heard = sum(talker.heard for talker in talkers)
    if heard != expected * len(talkers):
        raise RuntimeError(f"{heard} deliveries, and not {expected * len(talkers)}")
    return heard


def raise_limit(sockets: int) -> None:
    """Let this process, and those that it starts, have so many sockets open.

    Raises:
        RuntimeError: The machine does not let it.
    """
    needed = sockets + 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RuntimeError(f"{needed} files have to be open; the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sockets")
    parser.add_argument("--idle", type=int, default=2000, help="sockets that say nothing")
    parser.add_argument("--talking", type=int, default=200, help="sockets that talk to each other")
    parser.add_argument("--messages", type=int, default=20, help="that each of these says")
    return parser.parse_args()


async def main(arguments: argparse.Namespace) -> None:
    print(HEADINGS)
    async with asyncio.timeout(LONGEST):
        for name, (app, framework) in APPS.items():
            with run_server(framework, None, app) as server:
                outcome = await measure(
                    server, arguments.idle, arguments.talking, arguments.messages
                )
            print(outcome.row(name), flush=True)


if __name__ == "__main__":
    given = parse_arguments()
    raise_limit(given.idle + given.talking)
    make_environment()
    print(describe_environment())
    asyncio.run(main(given))
