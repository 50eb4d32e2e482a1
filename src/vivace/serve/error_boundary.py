"""Where an error that nobody handles is answered, among the middleware of an app.

The reply should pass through middleware, so that it has the headers which they add: a browser
shows a 500 without those of CORS to nobody. But middleware may also want the error itself, to
undo a transaction or to answer in its own words. So the error is answered inside of all the
middleware that certainly lets it pass, and outside of the outermost that may not.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from vivace.runtime.errors import TrackedSend

Answer = Callable[[Exception, Scope, Receive, Send], Awaitable[None]]

#: Where Starlette's own middleware is that lets every error pass.
TRANSPARENT = {
    f"starlette.middleware.{name}"
    for name in ("authentication", "base", "cors", "gzip", "httpsredirect", "sessions")
} | {"starlette.middleware.trustedhost"}
#: The attribute by which a class of middleware says that every error passes through it, as where
#: it raises again what it has caught.
PASSES_ERRORS = "passes_errors"
#: The attribute by which one says that it calls the function ``dispatch``, its first argument.
CALLS_FUNCTION = "calls_function"
PLAIN_DECORATORS = {"property", "staticmethod", "classmethod", "override"}


class ErrorBoundary:
    """Answers an error with ``answer``, where no response has begun, and raises it again."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        tracked = TrackedSend(send)
        try:
            await self.app(scope, receive, tracked)
        except Exception as error:
            if not tracked.started:
                await self.answer(error, scope, receive, tracked)
            raise


def may_handle_errors(middleware: Middleware) -> bool:
    """False where the source of ``middleware`` shows that every error passes through it."""
    return any(_may_catch(code) for code in _code_of(middleware))


def _code_of(middleware: Middleware) -> Iterator[Any]:
    cls: Any = middleware.cls
    if not inspect.isclass(cls):
        yield cls
        return
    for base in cls.__mro__[:-1]:
        # A subclass has to say it again: what it adds may catch errors.
        if base.__module__ not in TRANSPARENT and not vars(base).get(PASSES_ERRORS):
            yield base
    if issubclass(cls, BaseHTTPMiddleware) or getattr(cls, CALLS_FUNCTION, False):
        dispatch = middleware.kwargs.get("dispatch") or next(iter(middleware.args), None)
        if dispatch is not None:
            yield dispatch


def _may_catch(code: Any) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError):
        return True
    if hasattr(code, "__wrapped__"):
        return True
    handed = {"call_next", *_last_parameter(tree.body[0])}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Try(handlers=[]) if not any(map(_leaves, node.finalbody)):
                continue  # It ends what it has begun, and the error goes on.
            case ast.Try() | ast.TryStar() | ast.With() | ast.AsyncWith():
                if any(isinstance(inner, ast.Await) for inner in ast.walk(node)):
                    return True
            case ast.ClassDef():
                if any(_is_wrapped(method) for method in node.body):
                    return True
            # Handed on to other code, it may be called where errors are caught.
            case ast.Name(id=name, ctx=ast.Load()) if name in handed and id(node) not in called:
                return True
            case ast.Attribute(value=ast.Name(id="self"), attr="app", ctx=ast.Load()) if (
                id(node) not in called
            ):
                return True
    return False


def _last_parameter(statement: ast.stmt) -> list[str]:
    """What a function calls that which comes next, if it is one."""
    if isinstance(statement, ast.AsyncFunctionDef):
        return [parameter.arg for parameter in statement.args.args[-1:]]
    return []


def _leaves(statement: ast.stmt) -> bool:
    """True for what takes an error's place where it stands in a ``finally``."""
    return any(
        isinstance(node, (ast.Return, ast.Break, ast.Continue)) for node in ast.walk(statement)
    )


def _is_wrapped(method: ast.stmt) -> bool:
    """True for a method with a decorator that may do anything."""
    return isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
        not (isinstance(decorator, ast.Name) and decorator.id in PLAIN_DECORATORS)
        for decorator in method.decorator_list
    )
