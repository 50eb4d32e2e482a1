"""Requests to addresses that others have named: to hosts of the public internet alone.

Who may name a URL that the app then asks could have it ask what only the app can reach: a database
on its network, the cloud's metadata service, the app itself (server-side request forgery, CWE-918).
:class:`Destinations` says which URLs and addresses may be asked; :class:`GuardedBackend` resolves
a host, checks all of its addresses, and connects to one that it has checked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from vivace.extras import brought_by

with brought_by("webhooks"):
    import httpcore2
    import httpx2

IPAddress: TypeAlias = IPv4Address | IPv6Address
#: What finds the addresses of a host; ``OSError`` where there are none.
Resolver: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]

#: The longest URL, in characters.
LONGEST_URL = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
#: What is said of names without addresses, and of those with others than public ones: names of the
#: inside cannot be told by it from those that nobody has.
HOST_NOT_FOUND = "The host was not found on the public internet."
#: How many addresses of a host are tried.
MOST_ADDRESSES = 4

#: All of IPv6 that is assigned to hosts of the internet (RFC 4291, section 2.4). Loopback, local
#: addresses, multicast, those that stand for IPv4 (RFC 4291, section 2.5.5) and those of NAT64
#: (RFC 6052, RFC 8215) are outside of it.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
#: What :mod:`ipaddress` takes for global, in one version or another, and is not to be asked.
_FORBIDDEN = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # Protocol assignments (RFC 6890); metadata at one cloud.
            "192.88.99.0/24",  # Relays of 6to4 (RFC 7526).
            "168.63.129.16/32",  # Azure's services for the machine itself.
            "2001::/23",  # Protocol assignments (RFC 2928): Teredo, which stands for IPv4.
            "2001:db8::/32",  # Documentation (RFC 3849).
            "2002::/16",  # 6to4 (RFC 3056), which stands for IPv4.
            "3fff::/20",  # Documentation (RFC 9637).
        ),
    )
)


class ForbiddenDestination(ValueError):
    """A URL, or where it leads, is not to be asked. The text may be shown to who has named it."""


@dataclass(frozen=True)
class Destinations:
    """Which URLs may be asked.

    Args:
        allow_http: Whether ``http`` is allowed beside ``https``.
        ports: The ports that are; ``None`` for all.
        allowed_networks: Networks whose addresses are allowed although they are not of the public
            internet, as ``"10.1.0.0/16"``: for an intranet, and for tests.

    Raises:
        ValueError: What should be a network, or a port, is none.
    """

    allow_http: bool = False
    ports: Iterable[int] | None = (80, 443, 8080, 8443)
    allowed_networks: Iterable[str] = ()
    _networks: tuple[IPv4Network | IPv6Network, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.allowed_networks, str):
            raise ValueError("allowed_networks of Destinations has to be a list of networks.")
        if self.ports is not None:
            object.__setattr__(self, "ports", frozenset(self.ports))
            if not all(0 < port < 65536 for port in self.ports):
                raise ValueError("The ports of Destinations have to be from 1 to 65535.")
        networks = tuple(map(ip_network, self.allowed_networks))
        object.__setattr__(self, "allowed_networks", tuple(map(str, networks)))
        object.__setattr__(self, "_networks", networks)

    def check_url(self, url: str) -> httpx2.URL:
        """What can be told of a URL without asking for its host.

        Returns:
            The URL, as it is sent: its host in ASCII.

        Raises:
            ForbiddenDestination: It is no URL, or not to be asked.
        """
        if len(url) > LONGEST_URL:
            raise ForbiddenDestination(f"The URL is longer than {LONGEST_URL} characters.")
        if not url.isprintable() or " " in url or "\\" in url:
            raise ForbiddenDestination("The URL has characters that do not belong there.")
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, UnicodeError, ValueError):
            raise ForbiddenDestination("This is no URL.") from None
        schemes = ("https", "http") if self.allow_http else ("https",)
        if parsed.scheme not in schemes or not parsed.host:
            allowed = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ForbiddenDestination(f"The URL has to begin with {allowed} and a host.")
        if parsed.userinfo:
            raise ForbiddenDestination("The URL must not have a name or a password in it.")
        if parsed.fragment:
            raise ForbiddenDestination("The URL must not have a fragment.")
        port = parsed.port if parsed.port is not None else DEFAULT_PORTS[parsed.scheme]
        if not 0 < port < 65536 or (self.ports is not None and port not in self.ports):
            raise ForbiddenDestination(f"The port {port} is not allowed.")
        if (literal := _literal(parsed.raw_host.decode())) is not None:
            self.check_address(literal)
        return parsed

    def check_address(self, address: IPAddress) -> None:
        """See that ``address`` may be connected to.

        Raises:
            ForbiddenDestination: It may not. Which one it is, is not said.
        """
        if any(address in network for network in self._networks):
            return
        if isinstance(address, IPv6Address):
            is_public = address in _GLOBAL_IPV6 and address.scope_id is None
        else:
            is_public = address.is_global and not address.is_multicast
        if not is_public or any(address in network for network in _FORBIDDEN):
            raise ForbiddenDestination("The host is not one of the public internet.")

    def check_addresses(self, addresses: Iterable[str]) -> list[IPAddress]:
        """All addresses of a host, each of which may be connected to.

        Raises:
            ForbiddenDestination: One of them may not, or there is none.
        """
        found = list(dict.fromkeys(map(ip_address, addresses)))
        if not found:
            raise ForbiddenDestination("The host has no address.")
        for address in found:
            self.check_address(address)
        return found


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to what :class:`Destinations` allow, for connection pools of ``httpcore2``.

    The address that is connected to is one that was checked: nobody is asked for it a second time,
    so that a name which leads elsewhere by then (DNS rebinding) gains nothing. TLS is spoken with
    the host of the URL, as ever.

    Args:
        destinations: What is allowed.
        resolve: Finds the addresses of a host; by default the operating system.
        threads: How many hosts may be looked for at once. They have threads of their own: a name
            server that does not answer holds up nobody else.
    """

    def __init__(
        self, destinations: Destinations, *, resolve: Resolver | None = None, threads: int = 8
    ) -> None:
        self.destinations = destinations
        self._resolve = resolve or self._ask_system
        self._executor = ThreadPoolExecutor(threads, "vivace-outbound")
        self._backend = httpcore2.AnyIOBackend()

    async def addresses_of(self, host: str) -> list[IPAddress]:
        """The addresses of ``host``, all of which are allowed.

        Raises:
            ForbiddenDestination: One is not, or there is none; of a name it is not said which.
        """
        if (literal := _literal(host)) is not None:
            self.destinations.check_address(literal)
            return [literal]
        try:
            return self.destinations.check_addresses(await self._resolve(host))
        except (OSError, UnicodeError, ForbiddenDestination):
            raise ForbiddenDestination(HOST_NOT_FOUND) from None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore2's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = (await self.addresses_of(host))[:MOST_ADDRESSES]
        each = None if timeout is None else timeout / len(addresses)
        while True:
            address = addresses.pop(0)
            try:
                return await self._backend.connect_tcp(
                    str(address),
                    port,
                    timeout=each,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not addresses:
                    raise

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _ask_system(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, _ask_system, host)
        return [str(address[0]) for *_, address in found]


def _ask_system(host: str) -> list[Any]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates that are trusted. They take long to read: not on an event loop."""
    return httpx2.create_ssl_context()


__all__ = [
    "DEFAULT_PORTS",
    "HOST_NOT_FOUND",
    "Destinations",
    "ForbiddenDestination",
    "GuardedBackend",
    "IPAddress",
    "Resolver",
    "tls_context",
]
