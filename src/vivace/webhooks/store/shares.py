"""How many attempts of a process each endpoint, and each owner of endpoints, may have at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """What an attempt takes the share of.

    Attributes:
        owner: Whose the endpoint is; what is nobody's, by the empty text, has no bound of its own.
    """

    endpoint_id: str
    owner: str


class Shares:
    """Gives attempts to endpoints for as long as these, and their owners, have less than theirs.

    Args:
        under_way: The attempts that there are.
    """

    def __init__(self, per_endpoint: int, per_owner: int, under_way: Iterable[Place]) -> None:
        self._per_endpoint = per_endpoint
        self._per_owner = per_owner
        self._endpoints: Counter[str] = Counter()
        self._owners: Counter[str] = Counter()
        for place in under_way:
            self.take(place)

    def room(self, place: Place) -> int:
        """How many more there may be."""
        of_endpoint = self._per_endpoint - self._endpoints[place.endpoint_id]
        return min(of_endpoint, self._per_owner - self._owners[place.owner])

    def take(self, place: Place, count: int = 1) -> None:
        """Have so many more under way."""
        self._endpoints[place.endpoint_id] += count
        if place.owner:
            self._owners[place.owner] += count

    @property
    def full_endpoints(self) -> list[str]:
        return [id for id, count in self._endpoints.items() if count >= self._per_endpoint]

    @property
    def full_owners(self) -> list[str]:
        return [owner for owner, count in self._owners.items() if count >= self._per_owner]


__all__ = ["Place", "Shares"]
