"""Text that turns the value an endpoint returned into a response."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response, StreamingResponse

from vivace.analyse.plan import Calling, EndpointPlan, Injected, StreamKind
from vivace.compile.calls import GENERATORS, hop
from vivace.compile.options import HandlerOptions, Target
from vivace.compile.source import Source
from vivace.runtime.background import run_background
from vivace.runtime.responses import (
    adopt_background,
    allows_body,
    complete,
    make_check,
    make_content,
    make_encoder,
    nothing_returned,
)
from vivace.runtime.streams import check_items, make_item_encoder, open_stream

JSON_TYPE = "application/json"
JSON = (b"content-type", JSON_TYPE.encode())


class ResponseEmitter:
    """Writes what follows the call of the endpoint.

    The text leaves either ``response``, an object to be sent, or, where nothing more than JSON
    is to be sent, ``response = None`` and the bytes in ``content``.
    """

    def __init__(
        self, source: Source, plan: EndpointPlan, options: HandlerOptions, injected: set[Injected]
    ) -> None:
        self.source = source
        self.plan = plan
        self.options = options
        self.parameters = "parameters" if Injected.RESPONSE in injected else "None"
        self.background = "background" if Injected.BACKGROUND_TASKS in injected else "None"
        #: The expression of the lane of threads in which the endpoint runs.
        self.lane: str | None = None
        #: The head of a block around the work of making the response; for telemetry.
        self.stage: str | None = None

    @property
    def yields(self) -> bool:
        """True where the endpoint itself yields what is sent."""
        return self.plan.response.stream is not None and self.plan.root.calling in GENERATORS

    @property
    def sends_bytes(self) -> bool:
        """True where the reply is plain JSON and needs no response object."""
        return (
            self.plan.response.stream is None
            and self.options.is_default_class
            and self.options.target is Target.ASGI
            and allows_body(self.options.status_code)
        )

    @property
    def checks_in_thread(self) -> bool:
        """True where the value is validated in a worker thread, since the endpoint runs in one."""
        response = self.plan.response
        return (
            self.plan.root.calling is Calling.THREAD
            and response.field is not None
            and response.stream is None
        )

    def check(self) -> str:
        """The function that validates the endpoint's value."""
        field = self.plan.response.field
        assert field is not None
        return self.source.bind("check", make_check(field, self.options.endpoint_context))

    def emit(self, result: str) -> None:
        """Make the response of ``result``, the variable with the endpoint's value."""
        if self.yields:
            self._stream(result)
            return
        with self.source.block(
            f"if isinstance({result}, {self.source.bind('Response', Response)}):"
        ):
            if self.background == "None":
                self.source.line(f"response = {result}")
            else:
                adopt = self.source.bind("adopt_background", adopt_background)
                self.source.line(f"response = {adopt}({result}, {self.background})")
        with self.source.block("else:"):
            if self.stage is None:
                self._make(result)
            else:
                with self.source.block(self.stage):
                    self._check_in_thread(result)
                    self._make(result)

    def _check_in_thread(self, result: str) -> None:
        """Validate in a hop of its own, which counts as part of this stage."""
        if self.checks_in_thread:
            checked = hop(self.source, f"lambda: {self.check()}({result})", self.lane)
            self.source.line(f"{result} = {checked}")

    def _make(self, result: str) -> None:
        if self.sends_bytes:
            self.source.line("response = None")
            self.source.line(f"content = {self._encoder()}({result})")
            self._late_status()
        elif self.plan.response.stream is not None:
            self._stream(f"{self.source.bind('check_items', check_items)}({result})")
        else:
            self._object(result)

    def _encoder(self) -> str:
        context = self.options.endpoint_context
        encode = make_encoder(self.plan.response, context, is_checked=self.checks_in_thread)
        return self.source.bind("encode", encode)

    def _late_status(self) -> None:
        """A status set through a ``Response`` parameter may forbid the content."""
        if self.parameters != "None":
            allows = self.source.bind("allows_body", allows_body)
            with self.source.block(f"if not {allows}(parameters.status_code):"):
                empty = f"{self._bytes_response()}(content, status_code=parameters.status_code)"
                self.source.line(f"response = {self._complete(empty)}")

    def _object(self, result: str) -> None:
        """Make an object of the route's response class."""
        context = self.options.endpoint_context
        if self.options.is_default_class:
            # Rendered as where no object is needed, so that both say the same.
            made = self._bytes_response()
            content = f"{self._encoder()}({result})"
        else:
            made = self.source.bind("response_class", self.options.response_class)
            render = make_content(self.plan.response, context, is_checked=self.checks_in_thread)
            content = f"{self.source.bind('content', render)}({result})"
        status = self._status()
        arguments = f"status_code={status}" if status != "None" else ""
        response = f"{made}({', '.join(filter(None, (content, arguments)))})"
        if not (self.options.is_default_class or allows_body(self.options.status_code)):
            # Not every class can be made of nothing: a file, for one.
            nothing = f"{self.source.bind('Response', Response)}({arguments})"
            response = f"{nothing} if {result} is None else {response}"
        self.source.line(f"response = {self._complete(response)}")

    def _bytes_response(self) -> str:
        return self.source.bind("bytes_response", partial(Response, media_type=JSON_TYPE))

    def _status(self) -> str:
        """The expression of the status: one that was set wins over the declared one."""
        declared = repr(int(self.options.status_code)) if self.options.status_code else "None"
        if self.parameters == "None":
            return declared
        return f"(parameters.status_code or {200 if declared == 'None' else declared})"

    def _complete(self, response: str) -> str:
        name = self.source.bind("complete", complete)
        return f"{name}({response}, {self.parameters}, {self.background})"

    def _stream(self, result: str) -> None:
        plan = self.plan.response
        encode = make_item_encoder(plan, self.options.endpoint_context)
        opened = self.source.bind("open_stream", partial(open_stream, plan))
        name = self.source.bind("encode_item", encode)
        self.source.line(f"stream = await {opened}({result}, {name}, request_stack, {self.lane})")
        made = self.source.bind("stream_response", self._stream_class())
        status = self._status()
        arguments = f", status_code={status}" if status != "None" else ""
        self.source.line(f"response = {self._complete(f'{made}(stream{arguments})')}")

    def _stream_class(self) -> Any:
        if self.plan.response.stream is StreamKind.JSON_LINES:
            return partial(StreamingResponse, media_type="application/jsonl")
        return self.options.response_class

    def emit_send(self) -> None:
        """Send ``content`` as JSON: the two messages of a response."""
        status = self._status()
        headers = f'(b"content-length", b"%d" % len(content)), {self.source.bind("JSON", JSON)}'
        more = ", *parameters.raw_headers" if self.parameters != "None" else ""
        self.source.line(
            f'await send({{"type": "http.response.start", '
            f'"status": {200 if status == "None" else status}, "headers": [{headers}{more}]}})'
        )
        self.source.line('await send({"type": "http.response.body", "body": content})')
        if self.background != "None":
            run = self.source.bind("run_background", run_background)
            with self.source.block("if background.tasks:"):
                self.source.line(f"await {run}(background, scope)")

    def emit_check(self) -> None:
        """After a dependency swallowed the endpoint's exception there is nothing to send."""
        missing = self.source.bind("nothing_returned", nothing_returned)
        with self.source.block(
            f"if response is None{' and content is None' if self.sends_bytes else ''}:"
        ):
            self.source.line(f"raise {missing}()")
