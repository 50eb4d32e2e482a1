from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vivace.analyse.callables import calling_of, special_calling
from vivace.analyse.plan import Calling


def plain() -> int:
    return 1


def blocking() -> str:
    return Path("file").read_text()


def generator() -> Iterator[int]:
    yield 1


async def coroutine() -> int:
    return 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


KINDS: list[tuple[Callable[..., Any], Calling]] = [
    (coroutine, Calling.COROUTINE),
    (generator, Calling.GENERATOR),
    (async_generator, Calling.ASYNC_GENERATOR),
]


class Stores:
    def __init__(self, value: int = 0) -> None:
        self.value = value


class Caller:
    def __call__(self) -> int:
        return 1

    async def later(self) -> int:
        return 1


class AsyncCaller:
    async def __call__(self) -> int:
        return 1


class GeneratorCaller:
    def __call__(self) -> Iterator[int]:
        yield 1


class AsyncGeneratorCaller:
    async def __call__(self) -> AsyncIterator[int]:
        yield 1


def decorated(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(("call", "calling"), KINDS)
def test_coroutines_and_generators_are_known_by_their_kind(
    call: Callable[..., Any], calling: Calling
) -> None:
    assert special_calling(call) is calling
    assert calling_of(call) is calling


@pytest.mark.parametrize(("call", "calling"), KINDS)
@pytest.mark.parametrize(
    "around",
    [
        functools.partial,
        lambda call: functools.partial(functools.partial(call)),
        decorated,
        lambda call: decorated(decorated(call)),
        lambda call: functools.partial(decorated(call)),
        lambda call: decorated(functools.partial(call)),
    ],
    ids=[
        "partial",
        "partial of partial",
        "wraps",
        "wraps twice",
        "partial of wraps",
        "wraps of partial",
    ],
)
def test_partials_and_decorators_are_looked_through(
    around: Callable[..., Any], call: Callable[..., Any], calling: Calling
) -> None:
    assert special_calling(around(call)) is calling


def test_a_wrapper_is_called_as_what_it_is_and_not_as_what_it_wraps() -> None:
    @functools.wraps(generator)
    async def collects() -> list[int]:
        return list(generator())

    assert special_calling(collects) is Calling.COROUTINE


def test_any_wrapper_in_between_counts_too() -> None:
    @functools.wraps(plain)
    async def later() -> int:
        return plain()

    assert special_calling(decorated(later)) is Calling.COROUTINE


class DecoratedCaller:
    __call__ = decorated(AsyncCaller.__call__)


@pytest.mark.parametrize(
    ("call", "calling"),
    [
        (DecoratedCaller(), Calling.COROUTINE),
        (AsyncCaller(), Calling.COROUTINE),
        (GeneratorCaller(), Calling.GENERATOR),
        (AsyncGeneratorCaller(), Calling.ASYNC_GENERATOR),
        (functools.partial(AsyncCaller()), Calling.COROUTINE),
        (decorated(AsyncCaller()), Calling.COROUTINE),
        (Caller().later, Calling.COROUTINE),
        (Caller(), None),
    ],
)
def test_an_object_is_called_as_its_method_is(
    call: Callable[..., Any], calling: Calling | None
) -> None:
    assert special_calling(call) is calling


@pytest.mark.parametrize("cls", [AsyncCaller, GeneratorCaller, AsyncGeneratorCaller])
def test_a_class_is_called_for_an_instance_whatever_its_instances_do(cls: type) -> None:
    assert special_calling(cls) is None


@pytest.mark.parametrize(
    ("call", "calling"),
    [
        (plain, Calling.INLINE),
        (Stores, Calling.INLINE),
        (blocking, Calling.THREAD),
        (decorated(plain), Calling.THREAD),
        (functools.partial(blocking), Calling.THREAD),
        (Caller(), Calling.THREAD),
        (len, Calling.THREAD),
    ],
)
def test_a_plain_function_needs_a_thread_unless_it_provably_cannot_block(
    call: Callable[..., Any], calling: Calling
) -> None:
    assert special_calling(call) is None
    assert calling_of(call) is calling


def test_what_is_known_of_an_argument_can_spare_the_thread() -> None:
    def pick(stored: Any) -> Any:
        return stored.value

    assert calling_of(pick) is Calling.THREAD
    assert calling_of(pick, (), {"stored": Stores}) is Calling.INLINE
