"""What users import of the package, and what imports what inside it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.unit.imports import check_imports

import vivace.ratelimit

PUBLIC = [
    *("ClientAddress", "Decision", "Level", "Limit", "Limiter", "LimiterUnavailable"),
    *("MemoryStore", "RateLimited", "RedisStore", "Rule", "Store", "StoreUnavailable", "Window"),
    *("by_api_key", "by_user", "levels_of", "quota_exceeded"),
]
#: The modules in the order in which they may import each other: none imports a later one.
PARTS = [
    *({"rules"}, {"decision"}, {"stores"}),
    *({"errors", "functions", "places"}, {"guard", "endpoints"}, {"limit"}),
    *({"middleware", "document"}, {"limiter"}),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.ratelimit.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(vivace.ratelimit))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exported_name_leads_somewhere(name: str) -> None:
    assert getattr(vivace.ratelimit, name) is getattr(vivace.ratelimit, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.ratelimit' has no attribute 'Nothing'"):
        _ = vivace.ratelimit.Nothing  # type: ignore[attr-defined]  # as it says


def test_a_module_imports_from_those_before_it() -> None:
    check_imports(vivace.ratelimit, PARTS)


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_app_does_not_wait_for_what_it_does_not_use() -> None:
    packages = {"limits", "redis", "throttled", "vivace.auth", "vivace.ratelimit"}
    show = f"print(*sorted({packages!r} & set(sys.modules)))"
    imports = ["import sys", "from vivace import *", "from vivace.ratelimit import Limiter"]
    said = run("\n".join(f"{line}\n{show}" for line in imports))
    assert said.splitlines() == ["limits vivace.ratelimit"]


def test_a_package_that_is_missing_is_named_with_its_extra() -> None:
    program = """
import sys
for missing in ("redis", "throttled", "limits"):
    sys.modules[missing] = None
    try:
        if missing == "redis":
            from vivace.ratelimit import RedisStore
        elif missing == "throttled":
            from vivace.ratelimit import Limiter
            Limiter().limit("1/day", window="token")
        else:
            for name in [name for name in sys.modules if name.startswith("vivace.ratelimit")]:
                del sys.modules[name]
            from vivace.ratelimit import Limiter
    except ImportError as error:
        print(error)
"""
    install = 'is not installed. Install it with: pip install "vivace'
    assert run(program).splitlines() == [
        f'redis {install}[redis]"',
        f'throttled {install}[ratelimit]"',
        f'limits {install}[ratelimit]"',
    ]
