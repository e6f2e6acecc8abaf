from ipaddress import ip_address, ip_network

import pytest

from config.networks import counted_as, is_among, is_loopback, parse_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.1", "198.51.100.1"),
        (" 198.51.100.1 ", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:80", "fe80::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_an_address_is_read_as_systems_and_proxies_write_it(written: str, address: str) -> None:
    assert parse_address(written) == ip_address(address)


@pytest.mark.parametrize("text", ["", "unknown", "a.example", "1.2.3", "1.2.3.4.5", "[", "[]", ":"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("address", "is_one"),
    [("10.1.2.3", True), ("11.0.0.1", False), ("fd00::1", True), ("2001:db8::1", False)],
)
def test_an_address_is_among_networks_of_its_kind(address: str, is_one: bool) -> None:
    assert is_among(ip_address(address), PROXIES) is is_one
    assert not is_among(ip_address(address), [])


def test_one_client_is_an_address_of_ipv4_or_a_network_of_ipv6() -> None:
    assert counted_as(ip_address("198.51.100.1")) == "198.51.100.1"
    assert counted_as(ip_address("2001:db8:1:2:3:4:5:6")) == "2001:db8:1:2::/64"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9:80", "::1", "[::1]:80", "localhost", "LOCALHOST:2346"]
)
def test_only_this_machine_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "192.0.2.1", "[::]", "localhost.example", "localhost:a", "a.localhost"]
)
def test_others_may_reach_any_other_host(host: str) -> None:
    assert not is_loopback(host)
