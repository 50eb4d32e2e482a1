from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import httpcore2
import pytest
from hypothesis import given, strategies as st

from vivace.outbound import (
    HOST_NOT_FOUND,
    Destinations,
    ForbiddenDestination,
    GuardedBackend,
    tls_context,
)

PUBLIC = ["8.8.8.8", "1.1.1.1", "203.0.114.1", "2606:4700::1111", "2a00:1450:4001::1"]
FORBIDDEN = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),
    *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("168.63.129.16", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:db8::1"),
    *("2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
    *("2606:4700::1%eth0",),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_hosts_of_the_public_internet_may_be_asked(address: str) -> None:
    Destinations().check_address(ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_others_may_not(address: str) -> None:
    with pytest.raises(ForbiddenDestination) as caught:
        Destinations().check_address(ip_address(address))
    assert address not in str(caught.value)


@given(st.ip_addresses(v=6))
def test_no_address_of_ipv6_outside_of_global_unicast_is_asked(address: object) -> None:
    given = ip_address(str(address))
    if int(given) >> 125 != 1:
        with pytest.raises(ForbiddenDestination):
            Destinations().check_address(given)


def test_networks_that_are_allowed_may_be_asked() -> None:
    destinations = Destinations(allowed_networks=["10.1.0.0/16", "::1/128"])
    for address in ("10.1.2.3", "::1"):
        destinations.check_address(ip_address(address))
    for address in ("10.2.0.1", "127.0.0.1", "::ffff:10.1.2.3"):
        with pytest.raises(ForbiddenDestination):
            destinations.check_address(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://receiver.example",
        "https://receiver.example/path?query=1",
        "https://RECEIVER.example:8443/",
        "https://bücher.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ],
)
def test_urls_that_may_be_asked(url: str) -> None:
    assert Destinations().check_url(url).raw_host.isascii()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://receiver.example/", "begin with https://"),
        ("ftp://receiver.example/", "begin with https://"),
        ("file:///etc/passwd", "begin with https://"),
        ("//receiver.example/", "begin with https://"),
        ("receiver.example", "begin with https://"),
        ("https://", "begin with https://"),
        ("", "begin with https://"),
        ("https://user@receiver.example/", "a name or a password"),
        ("https://user:word@receiver.example/", "a name or a password"),
        ("https://receiver.example/#part", "a fragment"),
        ("https://receiver.example:22/", "The port 22"),
        ("https://receiver.example:0/", "The port 0"),
        ("https://receiver.example:99999/", "The port 99999"),
        ("https://receiver.example:x/", "no URL"),
        ("https://\uff11\uff12\uff17.0.0.1/", "no URL"),
        ("https://receiver.example/a b", "characters"),
        ("https://receiver.example/\r\nX: y", "characters"),
        ("https://receiver.example\\@127.0.0.1/", "characters"),
        ("https://" + "a" * 2048, "longer than"),
        ("https://127.0.0.1/", "public internet"),
        ("https://[::1]/", "public internet"),
        ("https://[::ffff:169.254.169.254]/", "public internet"),
        ("https://[fe80::1%25eth0]/", "public internet"),
    ],
)
def test_urls_that_may_not_be_asked(url: str, reason: str) -> None:
    with pytest.raises(ForbiddenDestination, match=reason):
        Destinations().check_url(url)


@given(st.text())
def test_whatever_is_given_as_a_url_is_one_or_forbidden(text: str) -> None:
    for url in (text, f"https://{text}", f"https://receiver.example{text}"):
        try:
            parsed = Destinations().check_url(url)
        except ForbiddenDestination:
            continue
        assert parsed.scheme == "https" and parsed.raw_host


def test_http_and_ports_can_be_allowed() -> None:
    Destinations(allow_http=True).check_url("http://receiver.example/")
    with pytest.raises(ForbiddenDestination, match="begin with https:// or http:// and a host"):
        Destinations(allow_http=True).check_url("ftp://receiver.example/")
    Destinations(ports=None).check_url("https://receiver.example:22/")
    with pytest.raises(ForbiddenDestination, match="The port 443"):
        Destinations(ports=[8443]).check_url("https://receiver.example/")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 65535"):
        Destinations(ports=[0])
    with pytest.raises(ValueError, match="does not appear to be"):
        Destinations(allowed_networks=["intranet"])
    with pytest.raises(ValueError, match="a list of networks"):
        Destinations(allowed_networks="10.0.0.0/8")


# Connecting.


def resolving(*addresses: str) -> tuple[list[str], Callable[[str], Awaitable[list[str]]]]:
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return [*addresses]

    return asked, resolve


async def echo_port(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_host_is_resolved_once_and_the_address_that_was_checked_is_connected_to() -> None:
    asked, resolve = resolving("127.0.0.1")
    server = await asyncio.start_server(echo_port, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        backend = GuardedBackend(Destinations(allowed_networks=["127.0.0.0/8"]), resolve=resolve)
        stream = await backend.connect_tcp("receiver.example", port, timeout=5)
        assert stream.get_extra_info("server_addr")[:2] == ("127.0.0.1", port)
        assert asked == ["receiver.example"]
        await stream.aclose()
    backend.close()


@pytest.mark.anyio
async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    _, resolve = resolving("127.0.0.2", "127.0.0.1")
    server = await asyncio.start_server(echo_port, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        backend = GuardedBackend(Destinations(allowed_networks=["127.0.0.0/8"]), resolve=resolve)
        stream = await backend.connect_tcp("receiver.example", port, timeout=5)
        assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
        await stream.aclose()
        with pytest.raises(httpcore2.ConnectError):
            await backend.connect_tcp("127.0.0.3", port, timeout=5)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:8.8.8.8"], ["64:ff9b::808:808"], []],
)
async def test_a_host_with_any_forbidden_address_is_not_connected_to(addresses: list[str]) -> None:
    _, resolve = resolving(*addresses)
    backend = GuardedBackend(Destinations(), resolve=resolve)
    with pytest.raises(ForbiddenDestination):
        await backend.connect_tcp("receiver.example", 443, timeout=5)


@pytest.mark.anyio
async def test_an_address_as_host_is_checked_without_being_resolved() -> None:
    asked, resolve = resolving("8.8.8.8")
    backend = GuardedBackend(Destinations(), resolve=resolve)
    for host in ("127.0.0.1", "[::1]"):
        with pytest.raises(ForbiddenDestination):
            await backend.connect_tcp(host, 443, timeout=5)
    assert asked == []


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost"])
async def test_other_ways_to_write_loopback_are_seen_through(host: str) -> None:
    backend = GuardedBackend(Destinations())
    with pytest.raises(ForbiddenDestination):
        await backend.addresses_of(host)


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["a" * 70 + ".example", "x..example", "nothing.invalid"])
async def test_a_host_that_is_not_there_is_said_to_be_missing(host: str) -> None:
    backend = GuardedBackend(Destinations())
    with pytest.raises(ForbiddenDestination, match="The host was not found"):
        await backend.addresses_of(host)


@pytest.mark.anyio
async def test_names_of_the_inside_cannot_be_told_from_those_that_nobody_has() -> None:
    def backend(*addresses: str) -> GuardedBackend:
        return GuardedBackend(Destinations(), resolve=resolving(*addresses)[1])

    said: set[str] = set()
    for addresses in ((), ("10.1.2.3",), ("8.8.8.8", "fd00::1"), ("127.0.0.1",)):
        with pytest.raises(ForbiddenDestination) as caught:
            await backend(*addresses).addresses_of("database.internal")
        said.add(str(caught.value))
    assert said == {HOST_NOT_FOUND}


@pytest.mark.anyio
async def test_hosts_are_looked_for_in_threads_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names: list[str] = []

    def ask(host: str) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        names.append(threading.current_thread().name)
        return [(2, 1, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr("vivace.outbound._ask_system", ask)
    backend = GuardedBackend(Destinations())
    assert await backend.addresses_of("receiver.example") == [ip_address("8.8.8.8")]
    assert names[0].startswith("vivace-outbound")
    backend.close()


def test_certificates_are_read_once() -> None:
    assert tls_context() is tls_context()
