"""Roles, which contain each other, and the permissions that they grant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

#: What a scope may be (RFC 6749, section 3.3): anything else does not fit into a challenge.
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class Roles:
    """What roles there are, and what each of them may do.

    Roles and permissions are OAuth 2.0 scopes (RFC 6749, section 3.3): a role by its value.

    Args:
        roles: The roles, with text for values.
        contains: The roles that each one has besides itself, as ``{Role.ADMIN: [Role.EDITOR]}``;
            theirs are included.
        grants: The permissions of each role, as ``{Role.EDITOR: ["articles:write"]}``.
        descriptions: What the documentation says of a role or permission.

    Raises:
        TypeError: The value of a role is no text.
        ValueError: A value or permission is no scope; a role contains itself; a name is none of a
            role or permission.
    """

    def __init__(
        self,
        roles: type[Enum] | None = None,
        *,
        contains: Mapping[Any, Iterable[Any]] | None = None,
        grants: Mapping[Any, Iterable[str]] | None = None,
        descriptions: Mapping[Any, str] | None = None,
    ) -> None:
        self._values = [self._checked(role) for role in roles or ()]
        self._contains = {
            scope_name(role): [scope_name(inner) for inner in inners]
            for role, inners in (contains or {}).items()
        }
        self._grants = {scope_name(role): list(names) for role, names in (grants or {}).items()}
        self._scopes = {role: frozenset(self._scopes_below(role, ())) for role in self._values}
        self._check_names(descriptions or {})
        texts = {scope_name(name): text for name, text in (descriptions or {}).items()}
        #: Every scope with what the documentation says of it.
        self.descriptions: dict[str, str] = {name: texts.get(name, "") for name in self._names()}

    def scopes_of(self, roles: Iterable[str]) -> frozenset[str]:
        """All that one who has ``roles`` may do; a role that there is no more grants nothing."""
        return frozenset().union(*(self._scopes.get(role, ()) for role in roles))

    def roles_in(self, scopes: Iterable[str]) -> frozenset[str]:
        """Those of ``scopes`` that are roles."""
        return frozenset(scopes) & self._scopes.keys()

    def _names(self) -> list[str]:
        permissions = [name for names in self._grants.values() for name in names]
        return list(dict.fromkeys([*self._values, *permissions]))

    def _scopes_below(self, role: str, above: tuple[str, ...]) -> Iterable[str]:
        if role in above:
            raise ValueError(f"The role {role!r} contains itself: {' > '.join((*above, role))}.")
        yield role
        yield from self._grants.get(role, ())
        for inner in self._contains.get(role, ()):
            yield from self._scopes_below(inner, (*above, role))

    def _checked(self, role: Enum) -> str:
        if not isinstance(role.value, str):
            raise TypeError(f"{role} has the value {role.value!r}: a role's value has to be text.")
        _check_scope(role.value)
        return role.value

    def _check_names(self, descriptions: Mapping[Any, str]) -> None:
        inner = [name for names in self._contains.values() for name in names]
        for permission in (name for names in self._grants.values() for name in names):
            _check_scope(permission)
        for name in (*self._contains, *inner, *self._grants):
            if name not in self._values:
                raise ValueError(f"There is no role {name!r}. There are: {self._values}.")
        for name in map(scope_name, descriptions):
            if name not in self._names():
                raise ValueError(f"There is no role or permission {name!r} to describe.")


def _check_scope(name: str) -> None:
    if not SCOPE.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a role or a permission: take ASCII without spaces, quotation marks"
            " and backslashes."
        )


def scope_name(role_or_permission: Enum | str) -> str:
    """The scope that stands for a role or permission."""
    named = role_or_permission
    return str(named.value) if isinstance(named, Enum) else named


__all__ = ["Roles", "scope_name"]
