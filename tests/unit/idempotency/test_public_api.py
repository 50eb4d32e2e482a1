"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.unit.imports import check_imports

import vivace.idempotency

PUBLIC = [
    *("Answer", "AnswerNotKept", "BodyTooLarge", "Held", "Idempotency", "IdempotencyError"),
    *("InvalidKey", "KeyReused", "MemoryStore", "MissingKey", "RedisStore", "RequestOutstanding"),
    *("SqlStore", "Store", "StoreAway", "StoreUnavailable", "TransactionalStore", "by_user"),
]
PARTS = [
    *({"errors"}, {"keys", "fingerprints", "settings"}, {"stores"}, {"claims"}, {"visit"}),
    *({"middleware", "document"}, {"kit"}),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.idempotency.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(vivace.idempotency))
    for name in PUBLIC:
        assert getattr(vivace.idempotency, name) is getattr(vivace.idempotency, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.idempotency' has no attribute 'Nothing'"):
        _ = vivace.idempotency.Nothing  # type: ignore[attr-defined]  # as it says


def test_a_module_imports_from_those_before_it() -> None:
    check_imports(vivace.idempotency, PARTS)


def test_an_app_does_not_wait_for_what_it_does_not_use() -> None:
    program = """
import sys
from vivace.idempotency import Idempotency, MemoryStore
print({"redis", "sqlalchemy"} & set(sys.modules))
sys.modules["redis.asyncio"] = sys.modules["sqlalchemy"] = None
for name in ("RedisStore", "SqlStore"):
    try:
        getattr(sys.modules["vivace.idempotency"], name)
    except ImportError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "set()",
        'redis is not installed. Install it with: pip install "vivace[redis]"',
        'sqlalchemy is not installed. Install it with: pip install "vivace[sql]"',
    ], done.stderr
