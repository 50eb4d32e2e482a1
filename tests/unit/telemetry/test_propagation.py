from __future__ import annotations

from opentelemetry import baggage, trace

from vivace.telemetry.propagation import HeaderGetter, extract

TRACE = "0123456789abcdef0123456789abcdef"
PARENT = "0123456789abcdef"


def test_parent_and_split_lists() -> None:
    context = extract(
        [
            (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode()),
            (b"tracestate", b"a=1"),
            (b"tracestate", b"b=2"),
            (b"baggage", b"first=one"),
            (b"baggage", b"second=two"),
        ]
    )
    parent = trace.get_current_span(context).get_span_context()
    assert parent.trace_id == int(TRACE, 16)
    assert parent.span_id == int(PARENT, 16)
    assert dict(parent.trace_state) == {"a": "1", "b": "2"}
    assert baggage.get_all(context) == {"first": "one", "second": "two"}


def test_getter_keeps_repeated_headers_apart() -> None:
    headers = [(b"x-custom", b"one, two"), (b"x-custom", b"three")]
    getter = HeaderGetter()
    assert getter.get(headers, "X-Custom") == ["one, two", "three"]
    assert getter.get(headers, "missing") is None
    assert getter.get(headers, "baggage") is None
    assert getter.keys(headers) == ["x-custom", "x-custom"]
