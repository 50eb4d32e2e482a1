"""The text of a function while it is written, and the objects that it names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Names that the generator binds begin with this; names from a signature never do.
PREFIX = "_v_"


class Source:
    """Lines of Python, with a namespace for what cannot be written as text."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {}
        self._depth = 0
        self._names: dict[int, str] = {}

    def line(self, text: str = "") -> None:
        self.lines.append("    " * self._depth + text if text else "")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write ``head`` and indent what is written inside the ``with``."""
        self.line(head)
        self._depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self._depth -= 1

    def bind(self, name: str, value: Any) -> str:
        """The name by which the text may use ``value``; the same object gets one name only."""
        if id(value) in self._names:
            return self._names[id(value)]
        base = PREFIX + identifier(name)
        unique = base
        number = 2
        while unique in self.namespace:
            unique = f"{base}_{number}"
            number += 1
        self.namespace[unique] = value
        self._names[id(value)] = unique
        return unique

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def identifier(name: str) -> str:
    """``name`` with everything that may not stand in an identifier replaced."""
    cleaned = name if name.isidentifier() else re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII)
    return f"{cleaned}_" if keyword.iskeyword(cleaned) or not cleaned else cleaned


def local(name: str, index: int) -> str:
    """The local variable that holds parameter ``name`` of step ``index``, and nothing else."""
    variable = f"{name}_{index}" if name.isidentifier() else f"{identifier(name)}_{index}"
    return f"p{variable}_" if variable.startswith(PREFIX) else variable
