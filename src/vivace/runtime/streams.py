"""Responses that an endpoint yields piece by piece."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing
from functools import partial
from types import TracebackType
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream
from pydantic import BaseModel

from vivace import sse
from vivace.analyse.fields import Field
from vivace.analyse.plan import ResponsePlan, StreamKind
from vivace.encoders import encode_json
from vivace.exceptions import ResponseValidationError, VivaceError
from vivace.runtime.threads import Lane, run_in_thread
from vivace.sse import KEEPALIVE_COMMENT, ServerSentEvent, encode_event, format_sse_event

ItemEncoder = Callable[[Any], bytes]

#: What comes after the last item of a synchronous generator.
END: Any = object()


def pieces(generator: Any, lane: Lane | None = None) -> AsyncGenerator[Any, None]:
    """The items of a generator of either kind, with a chance to be cancelled after each.

    Where they are not all taken, the generator is closed before this is.

    Args:
        lane: Where a synchronous one runs.
    """
    if hasattr(generator, "__aiter__"):
        return _pieces_on_loop(generator)
    return _pieces_in_thread(iter(generator), lane)


async def _pieces_on_loop(items: Any) -> AsyncGenerator[Any, None]:
    async with AsyncExitStack() as stack:
        if hasattr(items, "aclose"):
            stack.push_async_callback(items.aclose)
        async for item in items:
            yield item
            await anyio.lowlevel.checkpoint()


async def _pieces_in_thread(items: Iterator[Any], lane: Lane | None) -> AsyncGenerator[Any, None]:
    try:
        while (item := await run_in_thread(partial(next, items, END), lane)) is not END:
            yield item
    except (GeneratorExit, anyio.get_cancelled_exc_class()):
        # It stands at a `yield`. What it holds is given back before what its dependencies hold.
        if isinstance(items, Generator):
            with anyio.CancelScope(shield=True):
                await run_in_thread(items.close, lane)
        raise


def make_item_encoder(plan: ResponsePlan, context: Any) -> ItemEncoder:
    """A function that writes one item of a stream as JSON."""
    if plan.stream_item is None:
        return encode_untyped
    return _typed_encoder(plan.stream_item, plan, context)


def _typed_encoder(field: Field, plan: ResponsePlan, context: Any) -> ItemEncoder:
    how = {
        "include": plan.include,
        "exclude": plan.exclude,
        "by_alias": plan.by_alias,
        "exclude_unset": plan.exclude_unset,
        "exclude_defaults": plan.exclude_defaults,
        "exclude_none": plan.exclude_none,
    }

    def encode(item: Any) -> bytes:
        value, errors = field.validate(item, ("response",))
        if errors:
            raise ResponseValidationError(errors, body=item, endpoint_ctx=context)
        return field.serialize_json(value, **how)

    return encode


def encode_untyped(item: Any) -> bytes:
    """JSON of an item without a declared type."""
    return encode_json(item).encode()


async def json_lines(
    items: AsyncGenerator[Any, None], encode: ItemEncoder
) -> AsyncGenerator[bytes, None]:
    """One JSON text a line."""
    async with aclosing(items):
        async for item in items:
            yield encode(item) + b"\n"


def event_of(item: Any, encode: ItemEncoder) -> bytes:
    """An item as a server-sent event (WHATWG HTML section 9.2.6)."""
    if isinstance(item, ServerSentEvent):
        return encode_event(item)
    return format_sse_event(data_str=encode(item).decode())


class EventStream:
    """The events of a generator, with a ping where it is silent for too long.

    The generator runs in a task of its own, so that a ping does not interrupt it. That task
    belongs to the request's exit stack: it ends when the response does.
    """

    def __init__(self, items: AsyncGenerator[Any, None], encode: ItemEncoder) -> None:
        self._items = items
        self._encode = encode
        self._group: TaskGroup = anyio.create_task_group()
        self._sending, self._receiving = anyio.create_memory_object_stream[bytes](0)
        self._error: Exception | None = None

    async def __aenter__(self) -> AsyncIterator[bytes]:
        await self._group.__aenter__()
        self._group.start_soon(self._produce)
        return self._events(self._receiving)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._group.cancel_scope.cancel()
        self._receiving.close()
        return await self._group.__aexit__(kind, error, traceback)

    async def _produce(self) -> None:
        async with self._sending, aclosing(self._items) as items:
            try:
                async for item in items:
                    await self._sending.send(event_of(item, self._encode))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            except Exception as error:  # It is raised again where the response is sent.
                self._error = error

    async def _events(self, receiving: MemoryObjectReceiveStream[bytes]) -> AsyncIterator[bytes]:
        while True:
            event = KEEPALIVE_COMMENT
            with anyio.move_on_after(sse.PING_INTERVAL):
                try:
                    event = await receiving.receive()
                except anyio.EndOfStream:
                    break
            yield event
        if self._error is not None:
            raise self._error


def check_items(value: Any) -> Any:
    """What a function has returned to be sent item by item.

    Raises:
        VivaceError: It has no items, or is one thing although it can be iterated over.
    """
    is_one = isinstance(value, (str, bytes, bytearray, Mapping, BaseModel))
    if is_one or not isinstance(value, (Iterable, AsyncIterable)):
        raise VivaceError(
            f"A stream of events was to be returned, and this is {type(value).__name__!r}. Yield "
            "the events, or return a generator of them or a response."
        )
    return value


async def open_stream(
    plan: ResponsePlan,
    generator: Any,
    encode: ItemEncoder,
    stack: AsyncExitStack,
    lane: Lane | None = None,
) -> Any:
    """The body of a streamed response; what it needs is closed with ``stack``.

    Args:
        lane: Where a synchronous generator runs.
    """
    items = pieces(generator, lane)
    if plan.stream is StreamKind.SERVER_SENT_EVENTS:
        return await stack.enter_async_context(EventStream(items, encode))
    body = json_lines(items, encode) if plan.stream is StreamKind.JSON_LINES else items
    stack.push_async_callback(body.aclose)
    return body
