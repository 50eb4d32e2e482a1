"""Fixtures for tests of apps; pytest finds them by itself where Vivace is installed.

Nothing of Vivace is imported before a test asks for a fixture: pytest loads this module in
every project, at start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from vivace.applications import Vivace
    from vivace.testclient import AsyncTestClient

Overrides: TypeAlias = dict[Callable[..., Any], Callable[..., Any]]
OverrideDependencies: TypeAlias = Callable[..., Overrides]


@pytest.fixture
def async_client() -> Callable[..., AsyncTestClient]:
    """The class :class:`vivace.testclient.AsyncTestClient`, to be called with an app.

    .. code-block:: python

        @pytest.mark.anyio
        async def test_read_root(async_client):
            async with async_client(app) as client:
                assert (await client.get("/")).status_code == 200
    """
    from vivace.testclient import AsyncTestClient

    return AsyncTestClient


@pytest.fixture
def dependency_overrides() -> Iterator[OverrideDependencies]:
    """A function that gives an app's ``dependency_overrides``, restored when the test ends.

    .. code-block:: python

        def test_with_a_fake(dependency_overrides):
            dependency_overrides(app)[get_database] = lambda: FakeDatabase()
            dependency_overrides(app, {get_clock: FakeClock})  # or several at once
    """
    with ExitStack() as restoring:

        def override(app: Vivace, replacements: Mapping[Any, Any] | None = None) -> Overrides:
            overrides: Overrides = app.dependency_overrides
            restoring.callback(restore, overrides, dict(overrides))
            overrides.update(replacements or {})
            return overrides

        yield override


def restore(overrides: Overrides, before: Overrides) -> None:
    overrides.clear()
    overrides.update(before)
