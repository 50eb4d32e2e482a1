"""The only place where generated text becomes code."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

from vivace.compile.source import Source


def build(source: Source, name: str, endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``source`` and return its function ``name``, dressed as ``endpoint``.

    The text is registered with :mod:`linecache`, so that tracebacks, debuggers and
    :func:`inspect.getsource` show it.
    """
    text = source.text()
    filename = _register(text, endpoint)
    namespace = dict(source.namespace)
    exec(compile(text, filename, "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    function.__module__ = getattr(endpoint, "__module__", __name__)
    function.__qualname__ = getattr(endpoint, "__qualname__", name)
    function.__doc__ = getattr(endpoint, "__doc__", None)
    return function


def _register(text: str, endpoint: Callable[..., Any]) -> str:
    """The file name of ``text``; other texts for the same endpoint have a number in theirs."""
    module = getattr(endpoint, "__module__", "?")
    qualname = getattr(endpoint, "__qualname__", type(endpoint).__qualname__)
    base = f"<vivace handler {module}.{qualname}"
    filename = f"{base}>"
    number = 2
    lines = text.splitlines(keepends=True)
    while filename in linecache.cache and linecache.getlines(filename) != lines:
        filename = f"{base}-{number}>"
        number += 1
    linecache.cache[filename] = (len(text), None, lines, filename)
    return filename
