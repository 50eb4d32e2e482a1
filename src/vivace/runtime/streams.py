"""Responses that an endpoint yields piece by piece."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from types import TracebackType
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.concurrency import iterate_in_threadpool

from vivace.analyse.fields import Field
from vivace.analyse.plan import ResponsePlan, StreamKind
from vivace.encoders import jsonable_encoder
from vivace.exceptions import ResponseValidationError
from vivace.sse import ServerSentEvent, format_sse_event

#: Seconds of silence after which a comment keeps proxies from closing an event stream.
PING_INTERVAL = 15.0
PING = b": ping\n\n"
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

ItemEncoder = Callable[[Any], bytes]


async def pieces(generator: Any) -> AsyncGenerator[Any, None]:
    """The items of a generator of either kind, with a chance to be cancelled after each."""
    if not inspect.isasyncgen(generator) and not hasattr(generator, "__aiter__"):
        async for item in iterate_in_threadpool(generator):
            yield item
        return
    if not hasattr(generator, "aclose"):
        async for item in generator:
            yield item
            await anyio.lowlevel.checkpoint()
        return
    async with aclosing(generator) as items:
        async for item in items:
            yield item
            await anyio.lowlevel.checkpoint()


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
    """JSON of an item without a declared type; floats that JSON has no number for are null."""
    return json.dumps(_finite(jsonable_encoder(item)), ensure_ascii=False).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


async def json_lines(generator: Any, encode: ItemEncoder) -> AsyncGenerator[bytes, None]:
    """One JSON text a line."""
    async with aclosing(pieces(generator)) as items:
        async for item in items:
            yield encode(item) + b"\n"


def encode_event(item: Any, encode: ItemEncoder) -> bytes:
    """An item as a server-sent event (WHATWG HTML section 9.2.6)."""
    if not isinstance(item, ServerSentEvent):
        return format_sse_event(data_str=encode(item).decode())
    if item.raw_data is not None:
        data: str | None = item.raw_data
    elif item.data is not None:
        data = _event_data(item.data)
    else:
        data = None
    return format_sse_event(
        data_str=data, event=item.event, id=item.id, retry=item.retry, comment=item.comment
    )


def _event_data(data: Any) -> str:
    if hasattr(data, "model_dump_json"):
        return str(data.model_dump_json())
    return encode_untyped(data).decode()


class EventStream:
    """The events of a generator, with a ping where it is silent for too long.

    The generator runs in a task of its own, so that a ping does not interrupt it. That task
    belongs to the request's exit stack: it ends when the response does.
    """

    def __init__(self, generator: Any, encode: ItemEncoder) -> None:
        self._generator = generator
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
        async with self._sending, aclosing(pieces(self._generator)) as items:
            try:
                async for item in items:
                    await self._sending.send(encode_event(item, self._encode))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            except Exception as error:  # It is raised again where the response is sent.
                self._error = error

    async def _events(self, receiving: MemoryObjectReceiveStream[bytes]) -> AsyncIterator[bytes]:
        while True:
            event = PING
            with anyio.move_on_after(PING_INTERVAL):
                try:
                    event = await receiving.receive()
                except anyio.EndOfStream:
                    break
            yield event
        if self._error is not None:
            raise self._error


async def open_stream(
    plan: ResponsePlan, generator: Any, encode: ItemEncoder, stack: AsyncExitStack
) -> Any:
    """The body of a streamed response; what it needs is closed with ``stack``."""
    if plan.stream is StreamKind.SERVER_SENT_EVENTS:
        return await stack.enter_async_context(EventStream(generator, encode))
    is_lines = plan.stream is StreamKind.JSON_LINES
    body = json_lines(generator, encode) if is_lines else pieces(generator)
    stack.push_async_callback(body.aclose)
    return body
