"""The kit as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from pydantic import TypeAdapter

from vivace import APIRouter, Vivace
from vivace.live.asyncapi import document_of
from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import Broker
from vivace.live.declared import Declaration, name_of
from vivace.live.hub import Hub
from vivace.live.messages import Messages
from vivace.live.outlets import Buffering
from vivace.live.page import page_of
from vivace.live.room import Sending
from vivace.live.rooms import Rooms, anyone
from vivace.live.routes import make_router
from vivace.live.settings import LiveSettings, Overflow, check_overflow
from vivace.opening import opening
from vivace.per_loop import PerLoop
from vivace.requests import Request
from vivace.responses import HTMLResponse, JSONResponse


class Live:
    """Rooms in which what one says comes to all others, over WebSockets and event streams.

    .. code-block:: python

        live = Live(RedisBroker("redis://localhost"))
        chat = live.rooms("/rooms/{room}", receives=Say, sends=Said)


        @chat.on(Say)
        async def said(message: Say, member: Member, room: Room) -> None:
            await room.broadcast(Said(user=member.user, text=message.text))


        app = Vivace()
        live.install(app)

    Args:
        broker: Carries messages between processes; by default, there is only this one.
        settings: Lifetimes and limits.
        origins: From where pages may connect, beside those of the app's own origin, as
            ``https://app.example``; ``"*"`` for all. Others are refused with 403, since browsers
            add the cookies of this site to what they do.
        unavailable: What becomes of sockets whose messages cannot be handled as the broker is
            away: ``"keep"``, or ``"close"`` with code 1013.

    Raises:
        TypeError: The broker, or the settings, are none.
        ValueError: ``unavailable`` is neither.

    Attributes:
        broker, settings: As given.
    """

    def __init__(
        self,
        broker: Broker | None = None,
        *,
        settings: LiveSettings | None = None,
        origins: Collection[str] = (),
        unavailable: str = "keep",
    ) -> None:
        self.broker: Broker = MemoryBroker() if broker is None else broker
        if isinstance(self.broker, type) or not isinstance(self.broker, Broker):
            raise TypeError(
                f'{broker!r} is no broker. Make one, as RedisBroker("redis://localhost").'
            )
        if settings is not None and not isinstance(settings, LiveSettings):
            raise TypeError(f"settings={settings!r} are no LiveSettings(...).")
        if unavailable not in ("keep", "close"):
            raise ValueError(f'unavailable={unavailable!r} is neither "keep" nor "close".')
        self.settings = settings or LiveSettings()
        self._origins = frozenset([origins] if isinstance(origins, str) else origins)
        self._closes = unavailable == "close"
        self._hubs = PerLoop(lambda: Hub(self.broker, self.settings), Hub.close)
        self._rooms: dict[str, Rooms] = {}
        self._router = APIRouter()
        self._opened = opening(self)

    def rooms(
        self,
        path: str,
        *,
        sends: Any,
        receives: Any = None,
        admits: Callable[..., Any] = anyone,
        shows: Any = None,
        name: str | None = None,
        dependencies: Sequence[Any] = (),
        presence: bool = True,
        streams: bool = True,
        buffer: int = 256,
        overflow: Overflow = "disconnect",
        latest_by: Callable[[Any], str | int | None] | None = None,
        max_members: int | None = None,
        readmits: float | None = None,
        description: str = "",
    ) -> Rooms:
        """Declare a kind of room. One socket is in one room.

        Args:
            path: Where they are, with a parameter for what tells one from another.
            sends: The messages that members get: a model with a field ``type: Literal["..."]``,
                or a union of such models.
            receives: The messages that members send, in the same way; none by default.
            admits: A dependency that says who may come in: it returns a
                :class:`~vivace.live.Guest` or the name of a user, or raises an ``HTTPException``.
                What it depends on is given back before the connection begins. By default anyone
                may, and is another user each time.
            shows: The type of what guests show to others.
            name: What documents call it; by default it is taken from the path.
            dependencies: Called before ``admits``, such as limits on connecting; when ``admits`` is
                asked again, they are, too, and limits count the connection once.
            presence: Whether members are told who comes and goes.
            streams: Whether there are routes for clients without WebSockets, too.
            buffer: How many events wait for a member that takes them slowly.
            overflow: What is done with more; see :data:`~vivace.live.Overflow`.
            latest_by: Of a message, the name of what it says the latest of, or ``None``: of two
                that wait with the same name, a member gets only the later one.
            max_members: How many users a room has at most, which those may exceed who come to
                several processes at the same moment; without presence, how many connections to
                one process.
            readmits: Seconds after which ``admits`` is asked again, at a heartbeat, with what the
                client has connected with: a connection whose sign-in has ended is closed, with
                4401 as a rule. By default it is asked once.
            description: For the documents.

        Raises:
            TypeError: What is said of messages is no message, or ``latest_by`` no function.
            ValueError: There are such rooms already, or something is out of range.
            VivaceError: ``admits`` is no dependency.
        """
        check_overflow(overflow)
        if not path.startswith("/"):
            raise ValueError(f'Rooms at {path}: the path begins with "/": write "/{path}".')
        if latest_by is not None and not callable(latest_by):
            raise TypeError(
                f"Rooms at {path}: latest_by={latest_by!r} is no function of a message."
            )
        if name is not None and not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"name={name!r} is not one of letters, digits, _ and -.")
        if buffer < 1 or (max_members is not None and max_members < 1):
            raise ValueError(f"Rooms at {path}: buffer and max_members begin with 1.")
        if readmits is not None and not readmits > 0:
            raise ValueError(f"Rooms at {path}: readmits={readmits!r} has to be above 0.")
        blame = f"Rooms at {path}"
        declared = Declaration(
            path=path,
            name=name or name_of(path),
            receives=None if receives is None else Messages(receives, f"{blame}, receives"),
            sends=Messages(sends, f"{blame}, sends"),
            shows=TypeAdapter(shows),
            admits=admits,
            dependencies=dependencies,
            has_presence=presence,
            streams=streams,
            description=description,
        )
        taken = self._rooms.get(declared.name)
        if taken is not None:
            raise ValueError(
                f"{blame}: {taken!r} has the name {declared.name!r}. Give another, as name=...."
            )
        sending = Sending(
            self.broker,
            declared.sends,
            declared.shows if presence else None,
            latest_by,
            self.settings.max_frame,
        )
        rooms = Rooms(
            declared,
            sending,
            Buffering(buffer, overflow, self.settings.closing),
            self.settings,
            self._hubs.get,
            origins=self._origins,
            max_members=max_members,
            readmits=readmits,
            closes_when_unavailable=self._closes,
        )
        self._router.include_router(make_router(rooms, self._opened))
        self._rooms[declared.name] = rooms
        return rooms

    def install(
        self,
        app: Vivace,
        *,
        prefix: str = "",
        asyncapi_url: str | None = "/asyncapi.json",
        page_url: str | None = "/asyncapi",
    ) -> None:
        """Add the routes of all rooms to an app, also of those that are declared later.

        Args:
            app: Which.
            prefix: What their paths begin with there.
            asyncapi_url: Where the AsyncAPI document is; ``None`` for nowhere.
            page_url: Where the page is that shows it; ``None`` for nowhere.

        Raises:
            TypeError: This is no app.
        """
        if not isinstance(app, Vivace):
            raise TypeError(f"{app!r} is no app. Give the Vivace(...) that is to have the rooms.")
        app.include_router(self._router, prefix=prefix)
        # By how many kinds of rooms there are: it is made once of all of them.
        made: dict[int, dict[str, Any]] = {}

        def document() -> dict[str, Any]:
            count = len(self._rooms)
            if count not in made:
                made[count] = self.asyncapi(app, prefix)
            return made[count]

        async def asyncapi(request: Request) -> JSONResponse:
            return JSONResponse(document())

        async def page(request: Request) -> HTMLResponse:
            return page_of(document())

        if asyncapi_url is not None:
            app.add_route(asyncapi_url, asyncapi, include_in_schema=False)
        if page_url is not None:
            app.add_route(page_url, page, include_in_schema=False)

    def asyncapi(self, app: Vivace, prefix: str = "") -> dict[str, Any]:
        """The AsyncAPI document (3.0.0) of all rooms.

        Args:
            app: Whose title and version it has.
            prefix: What paths begin with.
        """
        return document_of(
            [rooms.declared for rooms in self._rooms.values()],
            title=app.title,
            version=app.version,
            description=app.description,
            prefix=prefix,
        )

    async def open(self) -> None:
        """Open the broker; called when the app starts.

        Raises:
            TypeError: There is no function for a message that a room receives.
        """
        for rooms in self._rooms.values():
            rooms.check()
        await self.broker.open()

    async def close(self) -> None:
        """End all connections (close code 1012), and close the broker, when the app stops."""
        await self._hubs.close()
        await self.broker.close()


__all__ = ["Live"]
