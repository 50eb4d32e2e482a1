"""The address of a client, also behind proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import chain, islice
from typing import Literal

from vivace.requests import HTTPConnection

Address = IPv4Address | IPv6Address
Header = Literal["X-Forwarded-For", "Forwarded"]

#: What stands for all clients whose address nobody knows: they have one counter.
UNKNOWN = "unknown"

#: A chain of more proxies than this is nobody's, but costs time to read.
MOST_PROXIES = 32

#: No address with a port is longer; what is need not be read, and is not remembered.
LONGEST_NODE = 64

#: An address, in brackets where it is of IPv6 and has a port (RFC 7239, section 6).
_NODE = re.compile(r"\[([^\]]*)\](?::\w+)?|([\d.]+)(?::\w+)?|(.*)", re.DOTALL)
#: A pair of an element of ``Forwarded`` (RFC 7239, section 4).
_PAIR = re.compile(r"""\s*([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^;"]*)\s*(?:;|$)""")
_ESCAPED = re.compile(r"\\(.)")


class ClientAddress:
    """Tells the address that a connection comes from.

    A proxy adds the address from which it has a request to a header, behind what it has found
    there. So the header is read from its end, and only as far as those have written it who are
    believed; what a client has put there counts for nothing.

    Where the server has put the client's address into the scope already, as uvicorn does with
    ``--forwarded-allow-ips``, nothing needs to be said here.

    Args:
        trusted_proxies: The addresses or networks of proxies, as ``["10.0.0.0/8"]``; or how many
            proxies there are between all clients and this server. Count them only where nobody
            reaches the server in another way.
        header: The header that these proxies write. Only this one is read: one that they do not
            write is the client's to choose.
        ipv6_prefix: How many bits of an address of IPv6 count. One client has 64 bits or more to
            choose from (RFC 6177).

    Raises:
        ValueError: Something is no network, no header that is known, or no number of bits.
    """

    def __init__(
        self,
        trusted_proxies: Sequence[str] | int = (),
        *,
        header: Header = "X-Forwarded-For",
        ipv6_prefix: int = 64,
    ) -> None:
        if isinstance(trusted_proxies, str):
            raise ValueError(f"trusted_proxies={trusted_proxies!r} is a string. Give a list.")
        if header.lower() not in ("x-forwarded-for", "forwarded"):
            raise ValueError(f'header={header!r} is neither "X-Forwarded-For" nor "Forwarded".')
        if not 0 <= ipv6_prefix <= 128:
            raise ValueError(f"ipv6_prefix={ipv6_prefix} is no number of bits from 0 to 128.")
        self._hops = trusted_proxies if isinstance(trusted_proxies, int) else 0
        if self._hops < 0:
            raise ValueError(f"trusted_proxies={trusted_proxies} is no number of proxies.")
        self._header = header.lower()
        self._prefix = ipv6_prefix
        named = () if isinstance(trusted_proxies, int) else trusted_proxies
        self._trusted = [ip_network(network) for network in named]

    async def __call__(self, connection: HTTPConnection) -> str:
        """The address that counts for ``connection``, or its network; ``"unknown"`` without one."""
        address = self.find(connection)
        return UNKNOWN if address is None else _counted(address, self._prefix)

    def find(self, connection: HTTPConnection) -> Address | None:
        """The address as it is; ``None`` where none is known."""
        peer = _parsed(connection.client.host) if connection.client else None
        if self._hops:
            return self._before_hops(peer, connection)
        if peer is None or not self._is_trusted(peer):
            return peer
        for forwarded in self._forwarded(connection):
            if forwarded is None:
                break  # The proxy does not know either, or does not say.
            peer = forwarded
            if not self._is_trusted(peer):
                break
        return peer

    def _before_hops(self, peer: Address | None, connection: HTTPConnection) -> Address | None:
        """The address that the outermost proxy has written; ``peer`` where they have not all."""
        written = next(islice(self._forwarded(connection), self._hops - 1, None), None)
        return peer if written is None else written

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _forwarded(self, connection: HTTPConnection) -> Iterator[Address | None]:
        """What the header says, from its end: ``None`` for what is no address."""
        lines = reversed(connection.headers.getlist(self._header))
        nodes: Iterator[str]
        if self._header == "forwarded":
            nodes = map(_node_of_element, chain.from_iterable(map(_elements_from_end, lines)))
        else:
            nodes = (node for line in lines for node in reversed(line.split(",")))
        return map(_parsed_node, islice(nodes, MOST_PROXIES))


def _elements_from_end(line: str) -> Iterator[str]:
    """The elements of ``Forwarded``, the last one first.

    From its end, as a quote that a client leaves open would swallow what proxies add behind it.
    The quotes in the element of a proxy are closed: so the comma before it is the first one that
    is met after an even number of them.
    """
    end, is_quoted = len(line), False
    for at in range(len(line) - 1, -1, -1):
        if line[at] == '"' and not _is_escaped(line, at):
            is_quoted = not is_quoted
        elif line[at] == "," and not is_quoted:
            yield line[at + 1 : end]
            end = at
    yield line[:end]


def _is_escaped(line: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before ``at``."""
    before = at
    while before and line[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def _node_of_element(element: str) -> str:
    """Who made the request, as an element says; nothing where it does not."""
    at = 0
    while pair := _PAIR.match(element, at):
        if pair[1].lower() == "for":
            value = pair[2].strip()
            return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        at = pair.end()
    return ""


def _parsed_node(node: str) -> Address | None:
    """An address with or without a port; both ways of writing IPv6 are met."""
    node = node.strip()
    found = _NODE.fullmatch(node) if len(node) <= LONGEST_NODE else None
    return _parsed(next(filter(None, found.groups()), "")) if found else None


@lru_cache(maxsize=4096)
def _parsed(address: str) -> Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


@lru_cache(maxsize=4096)
def _counted(address: Address, prefix: int) -> str:
    """The address, or its network of ``prefix`` bits."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), prefix), strict=False))


__all__ = ["Address", "ClientAddress"]
