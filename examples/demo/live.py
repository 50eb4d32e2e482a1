"""What happens, told while it happens: server-sent events and a WebSocket."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import anyio

from vivace import APIRouter, Depends, Header, Query, WebSocket
from vivace.concurrency import run_in_threadpool
from vivace.sse import EventSourceResponse, ServerSentEvent

from .models import Book, Change
from .store import ReadBooks

router = APIRouter(tags=["live"])


class Changes:
    """The latest changes, and a signal for whoever waits for the next."""

    def __init__(self) -> None:
        self.latest: deque[Change] = deque(maxlen=100)
        self.count = 0
        self.arrival = anyio.Event()

    async def publish(self, kind: Literal["added", "changed", "removed"], book: Book) -> None:
        self.count += 1
        self.latest.append(Change(number=self.count, kind=kind, book=book))
        self.arrival.set()
        self.arrival = anyio.Event()

    async def after(self, number: int) -> AsyncIterator[Change]:
        """Every change after the one of this ``number``, without end."""
        while True:
            arrival = self.arrival
            for change in [change for change in self.latest if change.number > number]:
                yield change
                number = change.number
            if number >= self.count:
                await arrival.wait()


Live = Annotated[Changes, Depends(Changes, scope="app")]


@router.get("/changes", response_class=EventSourceResponse)
async def stream_changes(
    live: Live,
    last_event_id: Annotated[int, Header(description="Sent by browsers that reconnect.")] = 0,
    limit: Annotated[int | None, Query(ge=1, description="End after so many.")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Tell what happens to the books, from after the last change that the client knows of."""
    sent = 0
    async for change in live.after(last_event_id):
        yield ServerSentEvent(event=change.kind, data=change.book, id=str(change.number))
        sent += 1
        if sent == limit:
            return


@router.websocket("/search")
async def search(websocket: WebSocket, books: ReadBooks) -> None:
    """Answer each text received with the titles that contain it."""
    await websocket.accept()
    async for text in websocket.iter_text():
        found = await run_in_threadpool(books.find_titles, text)
        await websocket.send_json(found)
