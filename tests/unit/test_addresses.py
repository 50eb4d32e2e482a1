"""Whom a request is from: a header that anybody can write decides it nowhere alone."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Literal

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace.addresses import ClientAddress
from vivace.requests import HTTPConnection

PROXIES = ["10.0.0.0/8", "fd00::/8"]
#: The client, and a proxy that is believed.
CLIENT, PROXY = "203.0.113.7", "10.0.0.1"

Header = Literal["X-Forwarded-For", "Forwarded"]


def connection(peer: str | None, header: str = "", *lines: str) -> HTTPConnection:
    headers = [(header.lower().encode(), line.encode("latin-1")) for line in lines]
    client = None if peer is None else (peer, 1234)
    return HTTPConnection({"type": "http", "headers": headers, "client": client})


def counted(address: ClientAddress, *said: Any) -> str:
    return anyio.run(address, connection(*said))


def forwarded_for(peer: str, *lines: str, trusted: Any = PROXIES) -> str:
    return counted(ClientAddress(trusted), peer, "X-Forwarded-For", *lines)


def forwarded(peer: str, *lines: str, trusted: Any = PROXIES) -> str:
    address = ClientAddress(trusted, header="Forwarded")
    return counted(address, peer, "Forwarded", *lines)


def test_without_proxies_the_peer_counts_whatever_it_sends() -> None:
    assert counted(ClientAddress(), CLIENT, "X-Forwarded-For", "1.2.3.4") == CLIENT
    assert counted(ClientAddress(), CLIENT, "Forwarded", "for=1.2.3.4") == CLIENT


def test_of_a_peer_that_is_no_proxy_no_header_is_believed() -> None:
    assert forwarded_for(CLIENT, "1.2.3.4") == CLIENT
    assert forwarded(CLIENT, "for=1.2.3.4") == CLIENT


def test_a_proxy_that_is_believed_says_whom_a_request_is_from() -> None:
    assert forwarded_for(PROXY, CLIENT) == CLIENT
    assert forwarded(PROXY, f"for={CLIENT};proto=https;by={PROXY}") == CLIENT


def test_a_chain_of_proxies_is_followed_as_far_as_they_are_believed() -> None:
    assert forwarded_for(PROXY, f"1.2.3.4, {CLIENT}, 10.9.9.9") == CLIENT
    assert forwarded(PROXY, f'for=1.2.3.4, for={CLIENT}, for="[fd00::9]:443"') == CLIENT


def test_lines_of_one_header_are_one_list() -> None:
    assert forwarded_for(PROXY, "1.2.3.4", f"{CLIENT}, 10.9.9.9", "10.8.8.8") == CLIENT
    assert forwarded(PROXY, "for=1.2.3.4", f"for={CLIENT}, for=10.9.9.9") == CLIENT


def test_where_all_are_believed_it_is_the_first() -> None:
    assert forwarded_for(PROXY, "10.1.1.1, 10.2.2.2") == "10.1.1.1"


def test_a_proxy_that_says_nothing_counts_itself() -> None:
    assert forwarded_for(PROXY) == PROXY
    assert forwarded_for(PROXY, "") == PROXY
    assert forwarded(PROXY, "proto=https") == PROXY


@pytest.mark.parametrize(
    "node", ["1" * 10_000, "unknown", "_hidden", '"_hidden:_1"', "", '""', "not an address"]
)
def test_a_client_that_a_proxy_does_not_name_counts_as_the_proxy(node: str) -> None:
    assert forwarded(PROXY, f"for=1.2.3.4, for={node}") == PROXY
    assert forwarded_for(PROXY, f"1.2.3.4, {node}") == PROXY


def test_only_the_header_that_the_proxies_write_is_read() -> None:
    """The other one is passed on by them as the client has sent it."""
    address = ClientAddress(PROXIES, header="Forwarded")
    assert counted(address, PROXY, "X-Forwarded-For", "1.2.3.4") == PROXY
    assert counted(ClientAddress(PROXIES), PROXY, "Forwarded", "for=1.2.3.4") == PROXY


@pytest.mark.parametrize(
    "node", [CLIENT, f"{CLIENT}:4711", f"::ffff:{CLIENT}", f"[::ffff:{CLIENT}]:80", f" {CLIENT} "]
)
def test_an_address_is_the_same_however_it_is_written(node: str) -> None:
    assert forwarded_for(PROXY, node) == CLIENT
    assert forwarded(PROXY, f'For="{node}"') == CLIENT


def test_a_number_of_proxies_is_counted_from_the_end() -> None:
    assert forwarded_for("10.0.0.1", f"1.2.3.4, {CLIENT}", trusted=1) == CLIENT
    assert forwarded_for("10.0.0.1", f"1.2.3.4, {CLIENT}, 10.9.9.9", trusted=2) == CLIENT
    assert forwarded("10.0.0.1", f"for=1.2.3.4, for={CLIENT}", trusted=1) == CLIENT


def test_with_fewer_entries_than_proxies_it_is_the_peer() -> None:
    assert forwarded_for(CLIENT, "1.2.3.4", trusted=2) == CLIENT
    assert forwarded_for(CLIENT, trusted=1) == CLIENT


def test_a_number_of_proxies_does_for_a_socket_without_addresses() -> None:
    assert counted(ClientAddress(1), None, "X-Forwarded-For", CLIENT) == CLIENT


def test_all_whose_address_nobody_knows_are_one() -> None:
    assert counted(ClientAddress(), None) == "unknown"
    assert counted(ClientAddress(PROXIES), "testclient", "X-Forwarded-For", CLIENT) == "unknown"


def test_of_ipv6_the_network_counts_that_one_client_has() -> None:
    one, other = "2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2"
    assert counted(ClientAddress(), one) == counted(ClientAddress(), other) == "2001:db8:1:2::/64"
    assert counted(ClientAddress(ipv6_prefix=48), one) == "2001:db8:1::/48"
    assert counted(ClientAddress(ipv6_prefix=128), one) == f"{one}/128"
    assert counted(ClientAddress(), "fe80::1%eth0") == "fe80::/64"


def test_a_chain_that_is_longer_than_any_is_not_read_to_its_end() -> None:
    assert forwarded_for(PROXY, ", ".join(["1.2.3.4", *["10.1.1.1"] * 1000])) == "10.1.1.1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"trusted_proxies": "10.0.0.0/8"}, "Give a list"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "has host bits set"),
        ({"trusted_proxies": ["proxy.example"]}, "does not appear to be"),
        ({"trusted_proxies": -1}, "no number of proxies"),
        ({"header": "X-Real-IP"}, 'neither "X-Forwarded-For" nor "Forwarded"'),
        ({"ipv6_prefix": 129}, "no number of bits"),
    ],
)
def test_what_cannot_be_is_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClientAddress(**arguments)


# Whatever a client sends, what a proxy adds behind it decides.

anything = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"))
nasty = st.text(st.sampled_from('for=";,\\ 1.[]:_'))
addresses = st.ip_addresses().map(str)


@given(st.one_of(anything, nasty), addresses)
def test_a_forged_header_does_not_change_who_it_is(sent: str, client: str) -> None:
    address = ClientAddress([PROXY, "10.0.0.2"])
    expected = address.find(connection(client))
    if str(expected) in ("10.0.0.1", "10.0.0.2"):
        return
    chain = f"{sent}, {client}, 10.0.0.2" if sent else f"{client}, 10.0.0.2"
    assert address.find(connection(PROXY, "X-Forwarded-For", chain)) == expected


@given(st.one_of(anything, nasty), addresses, st.text(st.sampled_from('ab;=,\\"')))
def test_neither_does_a_forged_element(sent: str, client: str, host: str) -> None:
    """Not even with a host that it chooses, and that the proxy quotes."""
    address = ClientAddress([PROXY], header="Forwarded")
    parsed = ip_address(client)
    node = f'"[{client}]:1"' if parsed.version == 6 else client
    quoted = host.replace("\\", "\\\\").replace('"', '\\"')
    expected = address.find(connection(client))
    if str(expected) == PROXY:
        return
    for line in (f'{sent}, host="{quoted}";for={node}', f'{sent},for={node};by="{quoted}"'):
        assert address.find(connection(PROXY, "Forwarded", line)) == expected


@given(st.lists(st.one_of(anything, nasty), max_size=3), st.integers(0, 3))
def test_any_header_has_an_answer(lines: list[str], hops: int) -> None:
    for header in ("X-Forwarded-For", "Forwarded"):
        for trusted in (hops, ["0.0.0.0/0", "::/0"]):
            address = ClientAddress(trusted, header=header)
            assert counted(address, PROXY, header, *lines)
