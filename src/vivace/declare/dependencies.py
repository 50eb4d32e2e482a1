"""Declarations of dependencies: which callable provides a value, and under what terms."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakKeyDictionary

import anyio
from anyio.lowlevel import current_token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

DependencyScope = Literal["function", "request", "app"]


class ConcurrencyLimit:
    """How many calls that come from one declaration may run at once.

    Each event loop has a semaphore of its own, since a semaphore belongs to one loop. It lives
    as long as the declaration and the loop both do.
    """

    __slots__ = ("__weakref__", "_semaphores", "maximum")

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._semaphores: WeakKeyDictionary[object, anyio.Semaphore] = WeakKeyDictionary()

    def get_semaphore(self) -> anyio.Semaphore:
        """The semaphore of the running event loop.

        Raises:
            anyio.NoEventLoopError: no event loop is running.
        """
        loop = current_token().native_token
        semaphore = self._semaphores.get(loop)
        if semaphore is None:
            semaphore = anyio.Semaphore(self.maximum, fast_acquire=True)
            self._semaphores[loop] = semaphore
        return semaphore


@dataclass(frozen=True)
class Depends:
    """The value of a parameter comes from calling ``dependency``.

    Args:
        dependency: The callable; ``None`` stands for the parameter's own type.
        use_cache: Whether one call serves every use of the dependency within a request.
        scope: When a dependency that yields is cleaned up: ``"function"``, after the endpoint
            has returned and before the response is sent; ``"request"``, after the response has
            been sent; ``"app"``, at shut-down, for one made at start-up.
        max_concurrency: How many calls of this declaration may run at once in each event loop;
            further ones wait, without holding a thread. A dependency that yields counts until
            it is cleaned up. ``None`` sets no limit.

    Raises:
        TypeError: ``dependency`` cannot be called.
        ValueError: ``scope`` or ``max_concurrency`` is not one of the values above.
    """

    dependency: Callable[..., Any] | None = None
    use_cache: bool = True
    scope: DependencyScope | None = None
    max_concurrency: int | None = None
    # It takes part in comparison: ``typing`` gives the same ``Annotated`` object back for equal
    # declarations, so that two limits would otherwise become one.
    _concurrency: ConcurrencyLimit | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.dependency is not None and not callable(self.dependency):
            raise TypeError(
                f"A dependency has to be callable, and {self.dependency!r} is not. "
                "Give the function or class itself, without calling it."
            )
        if self.scope is not None and self.scope not in get_args(DependencyScope):
            raise ValueError(
                f'scope={self.scope!r} is not one of "function", "request", "app" or None.'
            )
        object.__setattr__(self, "_concurrency", self._limit())

    def _limit(self) -> ConcurrencyLimit | None:
        if self.max_concurrency is None:
            return None
        maximum = _checked_maximum(self.max_concurrency)
        # ``dataclasses.replace`` hands on the limit of the original.
        if self._concurrency is not None and self._concurrency.maximum == maximum:
            return self._concurrency
        return ConcurrencyLimit(maximum)

    def with_dependency(self, dependency: Callable[..., Any]) -> Self:
        """This declaration with ``dependency`` filled in; it shares this one's limit."""
        declaration = copy(self)
        object.__setattr__(declaration, "dependency", dependency)
        return declaration

    @property
    def concurrency(self) -> ConcurrencyLimit | None:
        """The limit of this very declaration; ``None`` where it sets none."""
        return self._concurrency


@dataclass(frozen=True, init=False)
class Security(Depends):
    """A dependency that guards an endpoint, with the OAuth2 scopes that it asks for.

    Args:
        scopes: Scope tokens (RFC 6749, section 3.3), kept as a tuple.

    Raises:
        TypeError: ``scopes`` is one string instead of a sequence of them.
    """

    scopes: tuple[str, ...] = ()

    def __init__(
        self,
        dependency: Callable[..., Any] | None = None,
        *,
        scopes: Sequence[str] | None = None,
        use_cache: bool = True,
        scope: DependencyScope | None = None,
        max_concurrency: int | None = None,
        _concurrency: ConcurrencyLimit | None = None,
    ) -> None:
        if isinstance(scopes, str):
            raise TypeError(f"scopes={scopes!r} is a string. Give a list: scopes=[{scopes!r}].")
        super().__init__(dependency, use_cache, scope, max_concurrency, _concurrency=_concurrency)
        # A list would make the declaration unhashable.
        object.__setattr__(self, "scopes", tuple(scopes or ()))


def check_dependency(declaration: object) -> None:
    """Check an item of a list of dependencies.

    Raises:
        AssertionError: It is none, or does not say what to call.
    """
    assert isinstance(declaration, Depends), (
        f"A dependency is declared with `Depends`, and this is {declaration!r}. Write "
        "`Depends(...)` around it."
    )
    assert callable(declaration.dependency), (
        "A parameter-less dependency must have a callable dependency, not "
        f"{declaration.dependency!r}. Name it: `Depends(get_it)`."
    )


def _checked_maximum(value: object) -> int:
    # ``bool`` is a subclass of ``int``, and ``True`` is no number of calls.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"max_concurrency={value!r} is not a positive integer or None.")
    return value


__all__ = ["ConcurrencyLimit", "DependencyScope", "Depends", "Security", "check_dependency"]
