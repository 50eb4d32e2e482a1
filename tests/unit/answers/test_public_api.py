"""What imports what inside the package."""

from __future__ import annotations

from tests.unit.imports import check_imports

import vivace.answers

PARTS = [
    {"answer", "credentials", "functions"},
    {"exchange"},
    {"endpoints"},
]


def test_a_module_imports_from_those_before_it() -> None:
    check_imports(vivace.answers, PARTS)
