from __future__ import annotations

import pytest

from vivace.extras import MissingPackage, brought_by


def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingPackage) as caught, brought_by("sql"):
        import nothing_of_the_name.at_all  # type: ignore[import-not-found]  # noqa: F401
    assert str(caught.value) == (
        'nothing_of_the_name is not installed. Install it with: pip install "vivace[sql]"'
    )


def test_a_package_without_an_extra_is_named_alone() -> None:
    assert str(MissingPackage("pymysql")).endswith("pip install pymysql")


def test_a_fault_of_vivace_s_own_is_shown_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"vivace\.nothing"), brought_by("sql"):
        import vivace.nothing  # type: ignore[import-not-found]  # noqa: F401
