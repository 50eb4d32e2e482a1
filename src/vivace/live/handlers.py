"""Functions of a room, called as endpoints are: with parameters of the connection and dependencies.

Each becomes the endpoint of a route that nothing is routed to. What its dependencies hold is given
back when it returns, so that a socket which is open for hours holds nothing for hours.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel

from vivace import Depends
from vivace.concurrency import run_in_threadpool
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.live.member import Member
from vivace.live.messages import parts_of
from vivace.requests import HTTPConnection
from vivace.routing import APIWebSocketRoute
from vivace.telemetry import scope_key
from vivace.types import Message, Scope

if TYPE_CHECKING:
    from vivace.live.room import Room

#: Where a call of such a function is in the scope.
KEY = "live"
#: The parameter that takes it; no function of a user's has one of this name.
CALL = "live_call_"


@dataclass(slots=True)
class Call:
    """One call: what it is about, and what it has returned."""

    room: Room
    member: Member | None = None
    message: BaseModel | None = None
    result: Any = None


async def current_call(connection: HTTPConnection) -> Call:
    call: Call = connection.scope[KEY]
    return call


async def current_member(connection: HTTPConnection) -> Any:
    """A dependency: the :class:`Member` for whom a function of a room is called.

    Such a function has it without it, as does a parameter of its own that is annotated with the
    class; this is for dependencies.
    """
    return connection.scope[KEY].member


async def current_room(connection: HTTPConnection) -> Any:
    """A dependency: the :class:`Room` for which a function of a room is called."""
    return connection.scope[KEY].room


async def current_message(connection: HTTPConnection) -> Any:
    """A dependency: the message for which a function of a room is called."""
    return connection.scope[KEY].message


class Handler:
    """A function of a room, compiled.

    Args:
        path: The path of the room, for parameters that are in it.
        function: The function, sync or async.
        given: By their types, what gives parameters that are no data of the connection.
        dependencies: What is called before it.

    Raises:
        VivaceError: Its parameters cannot be.

    Attributes:
        function: As given.
    """

    def __init__(
        self,
        path: str,
        function: Callable[..., Any],
        given: Mapping[Any, Callable[..., Any]],
        dependencies: Sequence[Any] = (),
    ) -> None:
        self.function = function
        self._route = APIWebSocketRoute(
            path, _endpoint(function, given), dependencies=list(dependencies)
        )

    async def __call__(self, scope: Scope, call: Call, own: Scope | None = None) -> Any:
        """What the function returns.

        Args:
            scope: That of the connection, over HTTP or a socket.
            call: What it is about.
            own: What :meth:`scope_of` has made of it, for one that is called again and is not to
                be counted again; not for two calls at the same time.

        Raises:
            Exception: What it, or one of its dependencies, raises.
        """
        own = self.scope_of(scope) if own is None else own
        own[KEY] = call
        try:
            await self._route.app(own, _receive, _send)
        except WebSocketRequestValidationError as error:
            if scope["type"] == "http":
                context = error.endpoint_ctx
                raise RequestValidationError(error.errors(), endpoint_ctx=context) from None
            raise
        return call.result

    def scope_of(self, scope: Scope) -> Scope:
        """The scope in which the function is called, made of that of the connection."""
        # Without what belongs to the request: a limit would count it only once, handlers of
        # exceptions would answer it.
        own = {name: value for name, value in scope.items() if not name.startswith("vivace.")}
        for name in ("starlette.exception_handlers", scope_key()):
            own.pop(name, None)
        return {
            **own,
            "type": "websocket",
            "extensions": {"websocket.http.response": {}},
            "endpoint": self._route.endpoint,
            "route": self._route,
        }


def _endpoint(
    function: Callable[..., Any], given: Mapping[Any, Callable[..., Any]]
) -> Callable[..., Any]:
    """An endpoint that calls ``function``, and keeps what it returns."""
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - whether it is asynchronous
    )

    async def called(**arguments: Any) -> None:
        call: Call = arguments.pop(CALL)
        if is_async:
            call.result = await function(**arguments)
        else:
            call.result = await run_in_threadpool(function, **arguments)

    parameters = [_resolved(one, given) for one in _parameters(function)]
    kept = Parameter(CALL, Parameter.KEYWORD_ONLY, annotation=Annotated[Any, Depends(current_call)])
    endpoint: Any = called
    endpoint.__signature__ = inspect.Signature([*parameters, kept])
    # Errors in a declaration name the function.
    for name in ("__module__", "__qualname__", "__name__", "__doc__"):
        setattr(endpoint, name, getattr(function, name, getattr(type(function), name, None)))
    return called


def check_message(
    function: Callable[..., Any],
    received: Collection[type[BaseModel]],
    models: Collection[type[BaseModel]],
) -> None:
    """Refuse a function that takes other messages than it is for.

    Args:
        function: The function.
        received: All that the room receives.
        models: What it is for.

    Raises:
        TypeError: It does.
    """
    for parameter in _parameters(function):
        if typing.get_origin(parameter.annotation) is Annotated:
            # It may be of a dependency.
            continue
        taken = [one for one in parts_of(parameter.annotation) if one in received]
        missing = [model.__name__ for model in models if model not in taken]
        if taken and missing:
            raise TypeError(
                f"{_name_of(function)}: {parameter.name} is annotated with "
                f"{' | '.join(sorted(one.__name__ for one in taken))}, and the function is for "
                f"{', '.join(missing)} as well. Annotate it with all that it is for."
            )


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a function, with their types as far as these are known by now."""
    target = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004 - it is an object that can be called
    try:
        hints = typing.get_type_hints(target, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{_name_of(function)}: {error}. What a function of a room is annotated with has to be "
            "known where it is declared: define or import it before, in the module, not under "
            "TYPE_CHECKING."
        ) from None
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            continue
        annotation = hints.get(parameter.name, parameter.annotation)
        if annotation is Parameter.empty is parameter.default:
            raise TypeError(
                f"{_name_of(function)}: {parameter.name} has no annotation. Annotate it with a "
                "message, Member or Room, or as a parameter of an endpoint is."
            )
        found.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotation))
    return found


def _resolved(parameter: Parameter, given: Mapping[Any, Callable[..., Any]]) -> Parameter:
    """A parameter, by a dependency if it is one of those that are given."""
    parts = [one for one in parts_of(parameter.annotation) if isinstance(one, type)]
    found = {given[one] for one in parts if one in given}
    if len(found) != 1 or typing.get_origin(parameter.annotation) is Annotated:
        return parameter
    # One of a union is it as well: of a handler of several messages.
    annotation = Annotated[Any, Depends(found.pop())]
    return parameter.replace(annotation=annotation, default=Parameter.empty)


async def _receive() -> Message:
    raise RuntimeError("The room receives. A function of it gets one message after the other.")


async def _send(message: Message) -> None:
    raise RuntimeError("The room sends. Take `await member.send(...)`.")


__all__ = [
    "Call",
    "Handler",
    "check_message",
    "current_member",
    "current_message",
    "current_room",
]
