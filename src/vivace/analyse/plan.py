"""The plan of an endpoint: what analysis finds out, as data and nothing else.

Everything that a request will need is decided here, once. The compiler turns an
:class:`EndpointPlan` into a function and the OpenAPI builder turns the same plan into
documentation, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vivace.analyse.fields import Field, Member
from vivace.declare.dependencies import Depends


class Source(Enum):
    """Where in a request a parameter's value comes from."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"
    BODY = "body"

    @property
    def location(self) -> str:
        """The first item of ``loc`` in a validation error of this source."""
        return self.value


class Injected(Enum):
    """What a parameter receives from the framework rather than from the request's data."""

    REQUEST = "request"
    WEBSOCKET = "websocket"
    CONNECTION = "connection"
    RESPONSE = "response"
    BACKGROUND_TASKS = "background_tasks"
    SECURITY_SCOPES = "security_scopes"


class Calling(Enum):
    """How a callable has to be called."""

    COROUTINE = "coroutine"
    #: A synchronous function that provably cannot block: called in place.
    INLINE = "inline"
    #: Any other synchronous function: called in a worker thread.
    THREAD = "thread"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"


class Scope(Enum):
    """How long the value of a dependency lives."""

    #: Cleaned up after the endpoint has returned, before the response is sent.
    FUNCTION = "function"
    #: Cleaned up after the response has been sent.
    REQUEST = "request"
    #: Made once at start-up, cleaned up at shut-down.
    APP = "app"


@dataclass(frozen=True, eq=False)
class Parameter:
    """One parameter of a callable that is filled from the request's data."""

    name: str
    source: Source
    field: Field
    #: For a model that stands for a whole source (query, header, cookie or form model):
    #: the fields of that model. ``None`` for an ordinary parameter.
    members: tuple[Member, ...] | None = None

    @property
    def alias(self) -> str:
        """The name by which the client sends it."""
        return self.field.validation_name


@dataclass(frozen=True, eq=False)
class CallPlan:
    """A callable (a dependency, or the endpoint itself) and everything it is called with."""

    call: Callable[..., Any]
    calling: Calling
    parameters: tuple[Parameter, ...] = ()
    injected: tuple[tuple[str, Injected], ...] = ()
    dependencies: tuple[DependencyPlan, ...] = ()
    #: Scopes as used by OAuth2, declared on this very dependency by ``Security(scopes=...)``.
    own_scopes: tuple[str, ...] = ()
    #: True where ``call`` is an instance of a security scheme.
    is_security_scheme: bool = False
    #: True where scopes tell one call from another: it, or one below it, is a security scheme,
    #: declares scopes, or asks for ``SecurityScopes``.
    uses_scopes: bool = False
    #: The parameter that stands for any others, such as ``**options``, of which one is enough.
    open_ended: str | None = None

    def of(self, source: Source) -> tuple[Parameter, ...]:
        """The parameters that come from ``source``."""
        return tuple(p for p in self.parameters if p.source is source)


@dataclass(frozen=True, eq=False)
class DependencyPlan:
    """One use of a dependency: which parameter it fills and how it is to be called."""

    #: The parameter it fills; ``None`` for one that is called for its effect only.
    name: str | None
    plan: CallPlan
    scope: Scope | None
    use_cache: bool = True
    #: The declaration it came from: it carries ``max_concurrency``.
    declaration: Depends | None = None


@dataclass(frozen=True, eq=False)
class SecurityUse:
    """A security scheme that an endpoint asks for, with the scopes asked of it."""

    scheme: Any
    scopes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """One call that a request makes, in call order."""

    index: int
    plan: CallPlan
    scope: Scope | None
    use_cache: bool
    declaration: Depends | None
    #: Scopes that reach it: those of the declarations above it, then its own.
    scopes: tuple[str, ...]
    #: (parameter name, index of the step that fills it)
    arguments: tuple[tuple[str, int], ...]
    #: Steps that must have succeeded before this one may run.
    needs: tuple[int, ...]


class BodyKind(Enum):
    """How the body of a request is read."""

    #: JSON where the content type says so, the raw bytes otherwise.
    JSON = "json"
    #: A form, URL-encoded or multipart.
    FORM = "form"
    #: Not at all: a WebSocket has none, and what would be in it gets its default.
    NONE = "none"


@dataclass(frozen=True, eq=False)
class BodyPlan:
    """The body of a request as a whole."""

    kind: BodyKind
    parameters: tuple[Parameter, ...]
    #: True where each parameter is a key of an object (or a form) rather than the body itself.
    embed: bool
    required: bool


class StreamKind(Enum):
    """What an endpoint that yields its response sends."""

    SERVER_SENT_EVENTS = "sse"
    JSON_LINES = "jsonl"
    RAW = "raw"


@dataclass(frozen=True, eq=False)
class ResponsePlan:
    """What becomes of the value that an endpoint returns."""

    field: Field | None = None
    include: Any = None
    exclude: Any = None
    by_alias: bool = True
    exclude_unset: bool = False
    exclude_defaults: bool = False
    exclude_none: bool = False
    stream: StreamKind | None = None
    #: The items of a stream, where their type is declared.
    stream_item: Field | None = None
    #: The return annotation as it is written, where it names what does not exist.
    unreadable: str | None = None


@dataclass(frozen=True, eq=False)
class EndpointPlan:
    """Everything about an endpoint that its handler and its documentation are made from."""

    root: CallPlan
    #: Every call, dependencies first; the last one is the endpoint.
    steps: tuple[Step, ...]
    #: Every parameter of every call once, in call order, without those of the body.
    parameters: tuple[Parameter, ...]
    body: BodyPlan | None
    response: ResponsePlan
    security: tuple[SecurityUse, ...] = ()
