from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from vivace.tasks import Tasks, tracing

pytestmark = pytest.mark.anyio


async def test_an_attempt_is_a_span_below_that_in_which_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    tasks = Tasks()

    @tasks.task(name="work", retries=0)
    async def work() -> None:
        raise ValueError("wrong")

    with tasks.testing():
        with provider.get_tracer("test").start_as_current_span("request") as request:
            handle = await work.send()
        await tasks.drain()
    _, span = exporter.get_finished_spans()
    assert span.name == "process work" and span.kind is trace.SpanKind.CONSUMER
    assert span.parent is not None and span.parent.span_id == request.get_span_context().span_id
    assert span.attributes is not None and span.attributes["messaging.message.id"] == handle.id
    assert [event.name for event in span.events] == ["exception"]


def test_nothing_is_sent_where_nobody_records() -> None:
    assert tracing.current_trace() == {}
