from __future__ import annotations

import pytest

from vivace.sql.address import Address


def test_replicas_are_of_the_kind_that_the_primary_is() -> None:
    address = Address.read("postgresql://a/b", ["postgresql://c/b"], is_async=True)
    assert [str(url) for url in address.replicas] == ["postgresql+asyncpg://c/b"]
    with pytest.raises(ValueError, match=r"replica of postgresql\+asyncpg cannot be mariadb"):
        Address.read("postgresql://a/b", ["mariadb://c/b"], is_async=True)


def test_each_database_in_memory_is_one_of_its_own() -> None:
    one, two = (Address.read("sqlite://", is_async=True) for _ in range(2))
    assert one.url != two.url


def test_a_password_is_not_shown() -> None:
    assert "hush" not in str(Address.read("postgresql://ada:hush@b/c", is_async=True))
