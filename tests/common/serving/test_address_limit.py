from ipaddress import ip_network

import pytest

from common.serving.address_limit import AddressLimit
from config.networks import parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:80 ", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_is_read_as_systems_and_proxies_write_it(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[", "::g", "٣"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_an_address_has_so_many_sockets_and_gets_room_when_one_is_gone() -> None:
    limit = AddressLimit(2, [])
    first, second = limit.enter("192.0.2.1"), limit.enter("192.0.2.1")

    assert first is not None
    assert second is not None
    assert limit.enter("192.0.2.1") is None
    assert limit.enter("192.0.2.2") is not None
    limit.leave(first)
    assert limit.enter("192.0.2.1") is not None


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    limit = AddressLimit(1, [])
    limit.enter("2001:db8::1")

    assert limit.enter("2001:db8::2") is None
    assert limit.enter("2001:db8:0:1::1") is not None


def test_a_trusted_proxy_has_any_number() -> None:
    limit = AddressLimit(1, [ip_network("192.0.2.0/24")])

    assert [limit.enter("192.0.2.1") for _ in range(9)] == [""] * 9


def test_without_a_limit_nothing_is_counted() -> None:
    limit = AddressLimit(0, [])

    assert [limit.enter("192.0.2.1") for _ in range(9)] == [""] * 9
    assert len(limit) == 0


def test_who_is_gone_is_forgotten() -> None:
    limit = AddressLimit(5, [])
    names = [limit.enter(f"192.0.2.{number}") for number in range(100)]
    assert len(limit) == 100

    for name in names:
        assert name is not None
        limit.leave(name)

    assert len(limit) == 0
