"""What users import of the kit, and what imports what inside it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vivace.auth

SOURCE = Path(vivace.auth.__file__).parent
PUBLIC = [
    *("ApiKey", "ApiKeySettings", "Attempts", "Auth", "AuthError", "AuthSettings"),
    *("BackOffSettings", "Challenge", "Duplicate", "Identity", "InsufficientScope"),
    *("InvalidCredentials", "Keys", "MemoryStore", "MfaSettings", "NotAcceptable", "NotSignedIn"),
    *("PasswordReset", "PasswordSettings", "Principal", "Provider", "Record", "RecoveryCode"),
    *("RedisStore", "RefreshToken", "Roles", "SQLStore", "Session", "SessionSettings"),
    *("SigningKey", "SplitStore", "Store", "TokenFamily", "TokenSettings", "TotpDevice", "User"),
]
#: The parts in the order in which they may import each other: none imports a later one.
PARTS = [
    *({"errors", "settings", "vault"}, {"stores"}, {"principal", "roles"}, {"accounts"}),
    *({"credentials", "expiry", "mfa", "openid"}, {"guards"}, {"routes"}, {"kit"}),
]


def test_the_package_exports_these_names_and_no_others() -> None:
    assert vivace.auth.__all__ == PUBLIC == sorted(PUBLIC)


def test_a_star_brings_all_of_them() -> None:
    namespace: dict[str, object] = {}
    exec("from vivace.auth import *", namespace)
    assert set(PUBLIC) == set(namespace) - {"__builtins__"}
    assert set(PUBLIC) <= set(dir(vivace.auth))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'vivace\.auth' has no attribute 'Nothing'"):
        _ = vivace.auth.Nothing  # type: ignore[attr-defined]  # as it says


def test_type_checkers_see_the_names_that_are_imported_later() -> None:
    (checked,) = [node for node in tree_of(SOURCE / "__init__.py").body if isinstance(node, ast.If)]
    homes = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == vivace.auth._HOMES


def test_an_app_does_not_wait_for_packages_of_stores_that_it_has_not() -> None:
    drivers = {"aiosqlite", "alembic", "asyncpg", "redis", "sqlalchemy"}
    program = f"import sys, vivace.auth; print(*sorted({drivers!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_part_imports_from_those_before_it() -> None:
    found = {path.relative_to(SOURCE).with_suffix("").parts[0] for path in SOURCE.rglob("*.py")}
    assert found - {"__init__", "__main__"} == set().union(*PARTS)
    for number, parts in enumerate(PARTS):
        later: set[str] = set().union(*PARTS[number + 1 :])
        for path in SOURCE.rglob("*.py"):
            part = path.relative_to(SOURCE).with_suffix("").parts[0]
            if part in parts:
                imported = parts_imported_by(path)
                assert not imported & later, path
                assert not imported & (parts - {part}), path


def parts_imported_by(path: Path) -> set[str]:
    """Also where it happens within a function, but not where it is for type checkers only."""
    nodes = [node for node in tree_of(path).body if not isinstance(node, ast.If)]
    return {
        (node.module or "").split(".")[2]
        for top in nodes
        for node in ast.walk(top)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vivace.auth.")
    }


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
