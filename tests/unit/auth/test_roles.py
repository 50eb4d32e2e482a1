"""Roles, which contain each other, and what they grant."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from tests.unit.auth.small_kit import ROLES, Role

from vivace.auth import Roles
from vivace.auth.roles import scope_name


def roles_of(value: Any) -> type[Enum]:
    class Odd(Enum):
        ONE = value

    return Odd


def test_a_role_grants_all_that_it_contains() -> None:
    assert ROLES.scopes_of(["admin"]) == {"admin", "editor", "reader", "articles:write"}
    assert ROLES.scopes_of(["reader"]) == {"reader"}
    assert ROLES.scopes_of(["reader", "editor"]) == {"editor", "reader", "articles:write"}


def test_a_role_that_there_is_no_more_grants_nothing() -> None:
    assert ROLES.scopes_of(["founder"]) == frozenset()
    assert ROLES.scopes_of([]) == frozenset()


def test_roles_are_told_from_permissions() -> None:
    assert ROLES.roles_in(["editor", "articles:write", "nothing"]) == {"editor"}


def test_every_role_and_permission_is_described() -> None:
    roles = Roles(Role, grants={Role.ADMIN: ["users:write"]}, descriptions={Role.ADMIN: "All."})
    assert roles.descriptions == {"admin": "All.", "editor": "", "reader": "", "users:write": ""}


def test_there_may_be_no_roles() -> None:
    assert Roles().descriptions == {}


def test_the_scope_of_a_role_is_its_value() -> None:
    assert scope_name(Role.ADMIN) == "admin"
    assert scope_name("articles:write") == "articles:write"


@pytest.mark.parametrize("value", ["", "a b", 'a"b', "a\\b", "a\n", "caf\xe9", "\u2603"])
def test_what_does_not_fit_into_a_challenge_is_no_role_and_no_permission(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be a role"):
        Roles(roles_of(value))
    with pytest.raises(ValueError, match="cannot be a role"):
        Roles(Role, grants={Role.ADMIN: [value]})


def test_a_role_is_text() -> None:
    with pytest.raises(TypeError, match="has to be text"):
        Roles(roles_of(1))


def test_a_role_cannot_contain_itself() -> None:
    with pytest.raises(ValueError, match="admin > editor > admin"):
        Roles(Role, contains={Role.ADMIN: [Role.EDITOR], Role.EDITOR: [Role.ADMIN]})


def test_only_what_there_is_can_be_contained_granted_to_or_described() -> None:
    with pytest.raises(ValueError, match="no role 'founder'"):
        Roles(Role, contains={Role.ADMIN: ["founder"]})
    with pytest.raises(ValueError, match="no role 'founder'"):
        Roles(Role, grants={"founder": ["articles:write"]})
    with pytest.raises(ValueError, match="to describe"):
        Roles(Role, descriptions={"founder": "Has begun it all."})
