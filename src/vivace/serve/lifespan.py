"""Start-up and shut-down: lifespans of routers nested in each other, and event handlers."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

from vivace.analyse.overrides import override
from vivace.analyse.plan import CallPlan, Scope

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]
EventHandler = Callable[[], Any]
#: What runs beside an app for as long as it serves.
Service = Callable[[Any], AbstractAsyncContextManager[Any]]


def as_lifespan(lifespan: Any) -> Lifespan:
    """A lifespan of any accepted kind as a function that makes an asynchronous context manager."""
    if inspect.isasyncgenfunction(lifespan):
        return asynccontextmanager(lifespan)
    if inspect.isgeneratorfunction(lifespan):
        return _from_generator(lifespan)
    return lifespan  # type: ignore[no-any-return]


def _from_generator(lifespan: Any) -> Lifespan:
    managed = contextmanager(lifespan)

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[Any]:
        with managed(app) as state:
            yield state

    return run


def event_lifespan(startup: list[EventHandler], shutdown: list[EventHandler]) -> Lifespan:
    """A lifespan that calls handlers which may still be added before it runs."""

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[None]:
        await _call_all(startup)
        yield
        await _call_all(shutdown)

    return run


async def _call_all(handlers: Iterable[EventHandler]) -> None:
    for handler in handlers:
        if inspect.iscoroutinefunction(handler):
            await handler()
        else:
            # On the loop, as ever: handlers set up what belongs to it.
            handler()


def nested(outer: Lifespan, inner: Lifespan) -> Lifespan:
    """``inner`` within ``outer``; where both give state, the outer value wins."""

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[dict[str, Any] | None]:
        async with outer(app) as outer_state, inner(app) as inner_state:
            if outer_state is None and inner_state is None:
                yield None
            else:
                yield {**(inner_state or {}), **(outer_state or {})}

    return run


def resources_lifespan(app: Any) -> AbstractAsyncContextManager[None]:
    """What an app keeps for its requests: values of scope ``app``, services, running tasks."""

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        apps = [app, *mounted_apps(app.routes)]
        for each in apps:
            each.app_scope.forget()
        async with AsyncExitStack() as stack:
            for each in apps:
                stack.push_async_callback(each.app_scope.close)
                for plan in app_scoped_plans(each):
                    await each.app_scope.make(plan)
            for each in apps:
                for service in each.services:
                    await stack.enter_async_context(service(each))
            with app.connections.listen():
                yield
            for each in apps:
                if each.background is not None:
                    await each.background.finish()

    return run()


def mounted_apps(routes: Iterable[Any]) -> Iterator[Any]:
    """The apps mounted in another one, which get no lifespan of their own from the server."""
    for route in _with_nested(routes):
        if _is_app(route):
            yield route.app
            yield from mounted_apps(route.app.routes)


def _with_nested(routes: Iterable[Any]) -> Iterator[Any]:
    """``routes``, and those in mounted routers and groups, but not those of mounted apps."""
    for route in routes:
        yield route
        if not _is_app(route):
            yield from _with_nested(getattr(route, "routes", None) or ())


def _is_app(route: Any) -> bool:
    return hasattr(getattr(route, "app", None), "app_scope")


def app_scoped_plans(app: Any) -> Iterator[CallPlan]:
    """The dependencies of scope ``app`` that an app's endpoints use, overrides in their place.

    Plans are read to their ends for it, so that a type that never exists fails at start-up.
    """
    for route in (*_with_nested(app.routes), *app.router.dispatcher.frontends):
        plan = getattr(route, "plan", None)
        if plan is None:
            continue
        if app.dependency_overrides:
            plan = override(plan, app.dependency_overrides, route.path_names)
        for step in plan.steps:
            if step.scope is Scope.APP:
                yield step.plan


async def run_lifespan(lifespan: Lifespan, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Speak the ASGI lifespan protocol around ``lifespan``."""
    app = scope.get("app")
    started = False
    await receive()
    try:
        async with lifespan(app) as state:
            if state is not None:
                if "state" not in scope:
                    raise RuntimeError('The server does not support "state" in the lifespan scope.')
                scope["state"].update(state)
            await send({"type": "lifespan.startup.complete"})
            started = True
            await receive()
    except BaseException:
        kind = "shutdown" if started else "startup"
        await send({"type": f"lifespan.{kind}.failed", "message": traceback.format_exc()})
        raise
    await send({"type": "lifespan.shutdown.complete"})


__all__ = [
    "EventHandler",
    "Lifespan",
    "Service",
    "as_lifespan",
    "event_lifespan",
    "nested",
    "resources_lifespan",
    "run_lifespan",
]
