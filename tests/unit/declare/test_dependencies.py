from __future__ import annotations

import gc
from dataclasses import FrozenInstanceError, replace
from typing import Annotated, Any
from weakref import ref

import anyio
import pytest

from vivace.declare.dependencies import Depends, Security


def provide() -> int:
    return 1


def test_declarations_are_equal_and_hash_by_value() -> None:
    assert Depends(provide) == Depends(provide)
    assert hash(Depends(provide)) == hash(Depends(provide))
    assert Depends(provide) != Depends(provide, scope="function")
    assert Depends(provide) != Depends(provide, use_cache=False)
    assert hash(Security(provide, scopes=["a"])) == hash(Security(provide, scopes=("a",)))
    assert Security(provide, scopes=["a"]) != Security(provide, scopes=["b"])


def test_a_declaration_does_not_change() -> None:
    declaration: Any = Depends(provide)
    with pytest.raises(FrozenInstanceError):
        declaration.use_cache = False


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "2"])
def test_a_limit_is_a_positive_integer(value: Any) -> None:
    with pytest.raises(ValueError, match="positive integer or None"):
        Depends(provide, max_concurrency=value)


def test_a_scope_is_one_of_three() -> None:
    scope: Any = "session"
    with pytest.raises(ValueError, match="'session'"):
        Depends(provide, scope=scope)
    for scope in ("function", "request", "app", None):
        assert Depends(provide, scope=scope).scope == scope


def test_a_dependency_has_to_be_callable() -> None:
    dependency: Any = provide()
    with pytest.raises(TypeError, match="callable"):
        Depends(dependency)


def test_scopes_are_not_one_string() -> None:
    with pytest.raises(TypeError, match=r"scopes=\['items'\]"):
        Security(provide, scopes="items")


def test_a_limited_declaration_stays_itself_in_equal_annotations() -> None:
    first, second = (Depends(provide, max_concurrency=1) for _ in range(2))
    assert Annotated[int, first].__metadata__[0] is first  # type: ignore[attr-defined]
    assert Annotated[int, second].__metadata__[0] is second  # type: ignore[attr-defined]


def test_a_changed_copy_has_the_limit_it_says() -> None:
    original = Depends(provide, max_concurrency=2)
    assert replace(original, max_concurrency=None).concurrency is None
    raised = replace(original, max_concurrency=3).concurrency
    assert raised is not None
    assert raised.maximum == 3
    assert replace(Security(provide, scopes=["a"]), use_cache=False).scopes == ("a",)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_semaphore_belongs_to_the_declaration_and_the_loop(backend: str) -> None:
    limit = Depends(provide, max_concurrency=2).concurrency
    assert limit is not None
    seen: list[anyio.Semaphore] = []

    async def ask() -> None:
        assert limit.get_semaphore() is limit.get_semaphore()
        seen.append(limit.get_semaphore())

    anyio.run(ask, backend=backend)
    anyio.run(ask, backend=backend)
    assert seen[0] is not seen[1]
    assert [semaphore.value for semaphore in seen] == [2, 2]


def test_a_discarded_declaration_takes_its_semaphore_along() -> None:
    async def discard() -> None:
        declaration = Depends(provide, max_concurrency=1)
        assert declaration.concurrency is not None
        semaphore = ref(declaration.concurrency.get_semaphore())
        assert semaphore() is not None
        del declaration
        gc.collect()
        assert semaphore() is None

    anyio.run(discard)
