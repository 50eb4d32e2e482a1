"""What is measured, and the ratios that are aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Case:
    """One request, sent over and over.

    `of_bare` and `over_fastapi` are the aims: Vivace's requests per second as a share of the bare
    ASGI app's, and as a multiple of FastAPI's.
    """

    name: str
    title: str
    target: str
    of_bare: float
    #: ``None`` where none was set.
    over_fastapi: float | None
    body: str | None = None
    #: Whether each request carries a token, which the server gives out at ``/token``.
    needs_token: bool = False

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


CASES: Final = [
    Case("plain", "plain JSON from a dict", "/plain", 0.85, 3.2),
    Case(
        "parameters",
        "a path and two query parameters",
        "/items/42?limit=20&search=lamp",
        0.68,
        3.5,
    ),
    Case(
        "model",
        "a model in, a model out",
        "/orders",
        0.68,
        3.0,
        body=(
            '{"number": 7, "customer": {"name": "Ada", "email": "ada@example.com"}, '
            '"tags": ["new", "gift"], "total": 19.5}'
        ),
    ),
    Case(
        "dependencies",
        "class, sync and async dependencies",
        "/dependencies?skip=5&limit=20",
        0.65,
        8.0,
    ),
    Case("guarded", "a token and a role", "/guarded", 0.55, None, needs_token=True),
    Case("sql-read", "a row read from SQLite", "/heroes/1", 0.85, None),
    Case(
        "sql-write",
        "a row written to SQLite",
        "/heroes",
        0.85,
        None,
        body='{"name": "Ada", "age": 36}',
    ),
    Case("routes", "the last of 200 parametrised routes", "/section-199/7", 0.68, 8.0),
]
