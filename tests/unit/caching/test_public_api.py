"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.unit.imports import check_imports

import vivace.caching

PUBLIC = [
    *("Cache", "ETagMiddleware", "Entry", "Lead", "MemoryStore", "RedisStore", "Store"),
    *("StoreUnavailable", "by_user"),
]
PARTS = [
    *({"entry", "conditions", "keys", "flights"}, {"policy"}, {"stores"}, {"lookup"}, {"visit"}),
    *({"middleware"}, {"cache"}),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.caching.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(vivace.caching))
    for name in PUBLIC:
        assert getattr(vivace.caching, name) is getattr(vivace.caching, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.caching' has no attribute 'Nothing'"):
        _ = vivace.caching.Nothing  # type: ignore[attr-defined]  # as it says


def test_a_module_imports_from_those_before_it() -> None:
    check_imports(vivace.caching, PARTS)


def test_an_app_does_not_wait_for_redis() -> None:
    program = """
import sys
from vivace.caching import Cache, MemoryStore
print("redis" in sys.modules)
sys.modules["redis.asyncio"] = None
try:
    from vivace.caching import RedisStore
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "False",
        'redis is not installed. Install it with: pip install "vivace[redis]"',
    ], done.stderr
