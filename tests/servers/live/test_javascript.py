"""The client in JavaScript that is on the docs page, through a server that goes and comes back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.servers.engines.process import free_port

from .processes import Place, joining

PAGE = Path(__file__).parents[3] / "docs" / "live.md"

#: Says a number every 50 milliseconds until it is told to stop, and prints all frames.
PROGRAM = """
const send = join(process.argv[2], (frame) => console.log(JSON.stringify(frame)));
let number = 0;
const saying = setInterval(() => send({ type: "say", text: String(number++) }), 50);
process.stdin.on("data", () => {
  clearInterval(saying);
  send({ type: "say", text: "end" });
});
"""


class Browser:
    """A process of node with the client in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.frames: list[dict[str, Any]] = []

    def read_until(self, type: str, **members: Any) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            frame = json.loads(line)
            self.frames.append(frame)
            if frame["type"] == type and members.items() <= frame.items():
                return
        raise AssertionError(f"There was no {type}: {self.frames}")

    def texts(self) -> list[str]:
        return [frame["text"] for frame in self.frames if frame["type"] == "said"]


@contextmanager
def browsing(url: str, directory: Path) -> Iterator[Browser]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no node, which runs the client of the page")
    client = re.search(r"```javascript\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert client is not None
    program = directory / "client.js"
    program.write_text(client[1] + PROGRAM)
    with subprocess.Popen(
        # Node 20 has the WebSocket of browsers only if it is asked for it.
        [node, "--experimental-websocket", program, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Browser(process)
        finally:
            process.kill()


# To clients it makes no difference which engine it is.
@pytest.mark.parametrize(
    "place", [pytest.param("redis", marks=pytest.mark.xdist_group("live-redis"))], indirect=True
)
def test_it_comes_back_when_the_server_does_and_nothing_is_missing(
    place: Place, room: str, tmp_path: Path
) -> None:
    port = free_port()
    # Nobody is there yet.
    with browsing(f"ws://127.0.0.1:{port}{room}?user=browser", tmp_path) as browser:
        with place.serving(port):
            browser.read_until("welcome")
            browser.read_until("ack")
        with place.serving(port) as server:
            browser.read_until("welcome")
            with joining(server, room, "user=ada&after=0") as ada:
                assert browser.process.stdin is not None
                browser.process.stdin.write("stop\n")
                browser.process.stdin.flush()
                browser.read_until("said", text="end")
                ada.until("said", text="end")
            heard = browser.texts()
            assert heard == ada.texts
            said = [int(text) for text in dict.fromkeys(heard) if text != "end"]
            assert sorted(said) == [*range(len(said))]
