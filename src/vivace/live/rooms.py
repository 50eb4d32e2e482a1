"""Rooms of one kind: what they are declared with, and the functions of an app for them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel

from vivace import Depends
from vivace.live.declared import Declaration
from vivace.live.handlers import (
    Call,
    Handler,
    check_message,
    current_member,
    current_message,
    current_room,
)
from vivace.live.member import Guest, Member
from vivace.live.messages import InvalidFrame, Messages
from vivace.live.origin import check_origin
from vivace.live.outlets import Buffering
from vivace.live.room import Room, Sending
from vivace.live.settings import LiveSettings
from vivace.requests import HTTPConnection
from vivace.types import Scope

if TYPE_CHECKING:
    from vivace.live.hub import Hub

#: Where the scope in which it was asked who may come in is, in that of the connection.
ADMISSION = "vivace.live.admission"

Function = TypeVar("Function", bound=Callable[..., Any])


class Rooms:
    """Rooms of one kind; made by :meth:`vivace.live.Live.rooms`.

    .. code-block:: python

        @chat.on(Say)
        async def said(message: Say, member: Member, room: Room) -> None:
            await room.broadcast(Said(user=member.user, text=message.text))

    Args:
        declared: What they are.
        sending: How they send.
        buffering: What waits for members.
        settings: Lifetimes and limits.
        get_hub: Gives the hub of the running loop.
        origins: From where pages may connect, beside the app's own.
        max_members: How many a room has at most.
        readmits: Seconds after which is asked again who may be there; ``None`` for never.
        closes_when_unavailable: Whether sockets are closed when the broker is away.

    Attributes:
        declared, buffering, settings, max_members, readmits, closes_when_unavailable: As
            given.
        join_handler, leave_handler: What is called then.
    """

    def __init__(
        self,
        declared: Declaration,
        sending: Sending,
        buffering: Buffering,
        settings: LiveSettings,
        get_hub: Callable[[], Hub],
        *,
        origins: Collection[str],
        max_members: int | None,
        readmits: float | None,
        closes_when_unavailable: bool,
    ) -> None:
        self.declared = declared
        self.buffering = buffering
        self.settings = settings
        self.max_members = max_members
        self.readmits = readmits
        self.closes_when_unavailable = closes_when_unavailable
        self.join_handler: Handler | None = None
        self.leave_handler: Handler | None = None
        self._sending = sending
        self._get_hub = get_hub
        self._origins = origins
        self._handlers: dict[type[BaseModel], Handler] = {}
        self._given: dict[Any, Callable[..., Any]] = {Member: current_member, Room: current_room}
        if declared.receives is not None:
            self._given |= dict.fromkeys(declared.receives.models, current_message)
        self._admission = _admission(declared)

    def __repr__(self) -> str:
        return f"<Rooms {self.declared.path!r}>"

    @property
    def sends(self) -> Messages:
        return self.declared.sends

    @property
    def has_presence(self) -> bool:
        return self.declared.has_presence

    @property
    def hub(self) -> Hub:
        return self._get_hub()

    # What an app says.

    def on(self, *models: type[BaseModel]) -> Callable[[Function], Function]:
        """Have the decorated function called with messages of these types.

        It may have parameters of the types of the message, :class:`Member` and :class:`Room`, and
        any that endpoints have: of the path and the query with which the client has connected,
        and dependencies, which are made for the message and given back after it. What it raises as
        an ``HTTPException`` the client is told.

        Raises:
            TypeError: The room does not receive such a message, there is a function for it, or the
                function takes another one.
        """
        receives = self.declared.receives
        known = receives.models if receives is not None else ()
        if not models or not all(isinstance(model, type) for model in models):
            raise TypeError("Say which messages the function is for: @rooms.on(Message).")
        for model in models:
            if model not in known:
                raise TypeError(
                    f"{self!r} does not receive {model!r}. Add it to receives=..., or take one of "
                    f"these: {', '.join(one.__name__ for one in known) or 'none'}."
                )
            if model in self._handlers:
                name = getattr(self._handlers[model].function, "__qualname__", "a function")
                raise TypeError(f"{self!r}: {model.__name__} is handled by {name} already.")

        def register(function: Function) -> Function:
            check_message(function, known, models)
            handler = Handler(self.declared.path, function, self._given)
            self._handlers.update(dict.fromkeys(models, handler))
            return function

        return register

    def on_join(self, function: Function) -> Function:
        """Have a function called when a connection has joined, before it may send.

        It has parameters as those of :meth:`on` have, without a message. If it raises an
        ``HTTPException``, the connection is closed.

        Raises:
            TypeError: There is one already.
        """
        if self.join_handler is not None:
            raise TypeError(f"{self!r} has a function for those who join already.")
        self.join_handler = self._without_message(function)
        return function

    def on_leave(self, function: Function) -> Function:
        """Have a function called when a connection has ended, unless its process is killed.

        It has parameters as those of :meth:`on` have, without a message.

        Raises:
            TypeError: There is one already.
        """
        if self.leave_handler is not None:
            raise TypeError(f"{self!r} has a function for those who leave already.")
        self.leave_handler = self._without_message(function)
        return function

    def room(self, *values: Any, **named: Any) -> Room:
        """The room at a path.

        Args:
            values, named: The values of the parameters of the path, in its order or by name.

        Raises:
            TypeError: The path has other parameters.
        """
        names = self.declared.parameters
        given = {**dict(zip(names, values)), **named}
        if len(values) + len(named) != len(names) or set(given) != set(names):
            wanted = ", ".join(names) or "no value"
            raise TypeError(f"A room at {self.declared.path} takes {wanted}, and nothing else.")
        return self._room(given)

    def check(self) -> None:
        """Refuse a kind of room that could not handle what it receives.

        Raises:
            TypeError: There is no function for a message.
        """
        receives = self.declared.receives
        for model in receives.models if receives is not None else ():
            if model not in self._handlers:
                raise TypeError(
                    f"{self!r} receives {model.__name__}, and has no function for it. Write one "
                    f"below @....on({model.__name__}), or take it out of receives=..."
                )

    # What connections ask for.

    async def admit(self, connection: HTTPConnection) -> tuple[Room, Guest]:
        """Which room a connection is for, and who it is, if it is let in; this may be asked again.

        Raises:
            HTTPException: It is not.
        """
        check_origin(connection, self._origins)
        room = self._room(connection.path_params)
        scope = connection.scope
        own = None
        if self.readmits is not None:
            # Kept, so that limits on connecting count the connection once.
            own = scope.get(ADMISSION) or self._admission.scope_of(scope)
            scope[ADMISSION] = own
        found = await self._admission(scope, Call(room), own)
        return room, self.declared.guest(found)

    def read(self, content: dict[str, Any]) -> BaseModel:
        """The message of a frame.

        Raises:
            InvalidFrame: It is none.
        """
        receives = self.declared.receives
        if receives is None:
            raise InvalidFrame([{"type": "no_message", "loc": [], "msg": "Nothing is received"}])
        return receives.read(content)

    async def handle(self, scope: Scope, call: Call) -> None:
        """Have a message handled; raises what the function for it does."""
        await self._handlers[type(call.message)](scope, call)  # type: ignore[index]

    def _room(self, values: Any) -> Room:
        texts = {name: str(values[name]) for name in self.declared.parameters}
        return Room(self.declared.room_name(values), texts, self._sending)

    def _without_message(self, function: Callable[..., Any]) -> Handler:
        given = {Member: current_member, Room: current_room}
        return Handler(self.declared.path, function, given)


async def anyone() -> Guest:
    """Lets everybody in, and knows nobody."""
    return Guest()


def _admission(declared: Declaration) -> Handler:
    async def admitted(guest: Any) -> Any:
        return guest

    # An ordinary dependency, so that tests can replace it.
    admitted.__annotations__ = {"guest": Annotated[Any, Depends(declared.admits)]}
    return Handler(declared.path, admitted, {}, declared.dependencies)


__all__ = ["Rooms", "anyone"]
