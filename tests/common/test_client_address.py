from ipaddress import ip_network

import pytest

from common.client_address import KEPT, client_address, client_of, remembered

PROXIES = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]

WALKS = [
    ("203.0.113.9", "", "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # Said by somebody whom nobody trusts.
    ("127.0.0.1", "", "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("127.0.0.1", "8.8.8.8, 198.51.100.1", "198.51.100.1"),  # 8.8.8.8 is what that client said.
    ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
    ("127.0.0.1", "8.8.8.8,198.51.100.1 , 10.1.2.3,10.9.9.9", "198.51.100.1"),
    ("127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
    ("127.0.0.1", "198.51.100.1, garbage", "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1, unknown, 10.1.2.3", "10.1.2.3"),
    ("127.0.0.1", "198.51.100.1,", "127.0.0.1"),
    ("127.0.0.1", "\xe9\xff, 10.1.2.3", "10.1.2.3"),
    ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
    ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("fd00::1", "[2001:db8:1:2::6]:4711", "2001:db8:1:2::/64"),
    ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
    ("", "198.51.100.1", ""),  # A socket that has no address.
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), WALKS)
def test_the_first_address_from_the_right_that_is_no_proxy_is_the_client(
    peer: str, forwarded: str, client: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_proxies_nobody_is_believed() -> None:
    assert client_address("127.0.0.1", "198.51.100.1", []) == "127.0.0.1"


def test_one_customer_s_ipv6_addresses_count_as_one() -> None:
    one, two, other = (
        client_address(address, "", [])
        for address in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")
    )

    assert one == two != other


def test_a_request_says_both() -> None:
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}

    assert client_of(environ, PROXIES) == "198.51.100.1"
    assert client_of({"REMOTE_ADDR": "127.0.0.1"}, PROXIES) == "127.0.0.1"
    assert client_of({}, PROXIES) == ""


def test_what_is_remembered_is_what_would_be_found() -> None:
    find = remembered(PROXIES)
    for _ in range(2):
        assert [find(peer, forwarded) for peer, forwarded, _ in WALKS] == [one for *_, one in WALKS]


def test_not_all_is_remembered_for_ever() -> None:
    find = remembered(PROXIES)
    for number in range(KEPT + 10):
        find("127.0.0.1", f"198.51.{number // 250}.{number % 250}")

    assert find.cache_info().currsize == KEPT  # type: ignore[attr-defined]
