"""What settings say, beyond their values."""

from __future__ import annotations

import pytest

from vivace.addresses import ClientAddress
from vivace.auth import BackOffSettings
from vivace.requests import HTTPConnection


@pytest.mark.parametrize(
    ("client", "trusted", "address"),
    [
        (("192.0.2.1", 1), [], "192.0.2.1"),
        (("192.0.2.1", 1), ["192.0.2.1"], "198.51.100.7"),
        (("somebody", 1), [], "somebody"),
        (None, [], None),
    ],
)
def test_the_address_is_the_one_that_the_proxies_tell_which_are_trusted(
    client: tuple[str, int] | None, trusted: list[str], address: str | None
) -> None:
    settings = BackOffSettings(address=ClientAddress(trusted))
    headers = [(b"x-forwarded-for", b"203.0.113.9, 198.51.100.7")]
    connection = HTTPConnection({"type": "http", "client": client, "headers": headers})
    assert settings.address_of(connection) == address
