"""Three NATS that keep the same."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nats
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import STARTING, free_port


class Node(NatsServer):
    """One of them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.cluster_port = free_port()
        self.others: list[Node] = []

    @property
    def name(self) -> str:
        return f"node-{self.port}"

    def command(self) -> list[str]:
        routes = ",".join(f"nats://127.0.0.1:{node.cluster_port}" for node in self.others)
        return [
            *(*super().command(), "-n", self.name, "--cluster_name", "test"),
            *("--cluster", f"nats://127.0.0.1:{self.cluster_port}", "--routes", routes),
        ]


class Cluster:
    """All of them, by name."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.url = ",".join(node.url for node in nodes)

    async def wait_until_ready(self) -> None:
        """Until they have agreed on who decides, and keep what three are to keep."""
        client = await nats.connect(self.url.split(","), connect_timeout=5)
        deadline = time.monotonic() + STARTING
        try:
            stream = client.jetstream(timeout=2)
            while True:
                try:
                    await stream.add_stream(name="ready", subjects=["ready"], num_replicas=3)
                    return
                except (APIError, NatsError):
                    assert time.monotonic() < deadline, "The cluster does not agree."
                    await asyncio.sleep(0.1)
        finally:
            await client.close()

    async def leader(self, stream: str) -> Node:
        """The node that decides what comes into a stream."""
        client = await nats.connect(self.url.split(","), connect_timeout=5)
        try:
            found = await client.jetstream(timeout=5).stream_info(stream)
        finally:
            await client.close()
        assert found.cluster is not None and found.cluster.leader is not None
        return self.nodes[found.cluster.leader]


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    with ExitStack() as stack:
        nodes: list[Node] = []
        for _ in range(3):
            directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            nodes.append(Node(Path(stack.enter_context(directory))))
        for node in nodes:
            node.others = [other for other in nodes if other is not node]
            stack.callback(node.kill)
            node.start()
        cluster = Cluster(nodes)
        asyncio.run(cluster.wait_until_ready())
        yield cluster
