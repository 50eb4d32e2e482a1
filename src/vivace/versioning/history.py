"""The versions of an API, in their order, and the names by which they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from vivace.versioning.deprecation import Deprecation

_NUMBERS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Names that can stand in a path, a query and a header as they are.
_ALIAS = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class Version:
    """A version of an API.

    Args:
        name: Numbers with dots between them, as ``"1"`` and ``"1.10"``, or a date, as
            ``"2026-01-31"``. Numbers are in numerical order: 9 comes before 10.
        deprecated: What clients are told where the version is deprecated.

    Raises:
        ValueError: The name is neither.
    """

    name: str
    deprecated: Deprecation | None = None

    def __post_init__(self) -> None:
        _ = self.key

    @cached_property
    def key(self) -> tuple[int, ...]:
        """What versions are ordered by; 1 and 1.0 are equal."""
        if _DATE.fullmatch(self.name):
            return (date.fromisoformat(self.name).toordinal(),)
        if not _NUMBERS.fullmatch(self.name):
            raise ValueError(
                f"The version {self.name!r} is neither numbers, such as '2' or '1.10', nor a date, "
                "such as '2026-01-31'."
            )
        numbers = [int(number) for number in self.name.split(".")]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        return tuple(numbers)

    @property
    def is_date(self) -> bool:
        return _DATE.fullmatch(self.name) is not None

    def __str__(self) -> str:
        return self.name


def looks_like_version(text: str) -> bool:
    """Whether ``text`` could be the name of a version that there was, or will be."""
    return bool(_NUMBERS.fullmatch(text) or _DATE.fullmatch(text))


class History:
    """All versions, the oldest first.

    Args:
        versions: In any order.
        aliases: Further names, and the version that each stands for. ``latest`` is the newest
            version unless it is given here.
        default: The version, or the alias, of requests that ask for none; ``None`` refuses them.

    Attributes:
        versions: The versions, in order.
        named: The version of each name, aliases among them.
        aliases: The names that are no versions, with the versions that they stand for.
        default: The version of requests that ask for none.

    Raises:
        ValueError: There is none, two are equal, numbers and dates are mixed, or an alias or the
            default stands for no version.
    """

    def __init__(
        self, versions: Iterable[Version], aliases: Mapping[str, str], default: str | None
    ) -> None:
        self.versions = sorted(versions, key=lambda version: version.key)
        self._check()
        self.named = {version.name: version for version in self.versions}
        for alias, name in aliases.items():
            if not _ALIAS.fullmatch(alias):
                raise ValueError(f"The alias {alias!r} has to be a word in lower case.")
            if name not in self.named:
                raise ValueError(f"The alias {alias!r} stands for {name!r}. {self.known}")
        self.aliases = {"latest": self.versions[-1]} | {
            alias: self.named[name] for alias, name in aliases.items()
        }
        self.named |= self.aliases
        if default is not None and default not in self.named:
            raise ValueError(f"default={default!r} is no version. {self.known}")
        self.default = None if default is None else self.named[default]

    def _check(self) -> None:
        if not self.versions:
            raise ValueError("There has to be a version.")
        if len({version.is_date for version in self.versions}) > 1:
            names = ", ".join(version.name for version in self.versions)
            raise ValueError(f"Versions are all numbers or all dates, and not both: {names}.")
        for older, newer in zip(self.versions, self.versions[1:], strict=False):
            if older.key == newer.key:
                raise ValueError(f"{older.name!r} and {newer.name!r} are one version.")

    @property
    def known(self) -> str:
        """A sentence that names all versions."""
        return f"There are: {', '.join(version.name for version in self.versions)}."

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    def between(self, since: str | None, until: str | None) -> list[Version]:
        """The versions from ``since`` on that come before ``until``.

        Raises:
            ValueError: One of the two is no version, or there is nothing between them.
        """
        for text, name in (("since", since), ("until", until)):
            if name is not None and (name not in self.named or name in self.aliases):
                raise ValueError(f"{text} {name!r} is no version. {self.known}")
        first = self.versions[0] if since is None else self.named[since]
        end = None if until is None else self.named[until]
        found = [
            version
            for version in self.versions
            if first.key <= version.key and (end is None or version.key < end.key)
        ]
        if not found:
            raise ValueError(
                f"No version is from {first} on and before {end}: `until` names the first version "
                "that something is not in."
            )
        return found

    def next_of(self, version: Version) -> Version | None:
        """The version after this one; ``None`` after the newest."""
        following = self.versions.index(version) + 1
        return self.versions[following] if following < len(self.versions) else None


__all__ = ["History", "Version", "looks_like_version"]
