"""What was read from a signature, in the terms of the peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vivace.analyse.plan import CallPlan, Source

from ._compat.v2 import presented


@dataclass(slots=True)
class Dependant:
    """A callable, its parameters by source, and its dependencies."""

    call: Callable[..., Any] | None = None
    name: str | None = None
    path_params: list[Any] = field(default_factory=list)
    query_params: list[Any] = field(default_factory=list)
    header_params: list[Any] = field(default_factory=list)
    cookie_params: list[Any] = field(default_factory=list)
    body_params: list[Any] = field(default_factory=list)
    dependencies: list[Dependant] = field(default_factory=list)
    use_cache: bool = True

    @classmethod
    def of(cls, plan: CallPlan, name: str | None = None, use_cache: bool = True) -> Dependant:
        """The peer's view of a plan."""
        return cls(
            call=plan.call,
            name=name,
            path_params=[presented(p.field) for p in plan.of(Source.PATH)],
            query_params=[presented(p.field) for p in plan.of(Source.QUERY)],
            header_params=[presented(p.field) for p in plan.of(Source.HEADER)],
            cookie_params=[presented(p.field) for p in plan.of(Source.COOKIE)],
            body_params=[presented(p.field) for p in plan.of(Source.BODY)],
            dependencies=[cls.of(d.plan, d.name, d.use_cache) for d in plan.dependencies],
            use_cache=use_cache,
        )
