import pytest

from config.serve import reachable


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("fe80::1", "[fe80::1]"),
        ("push.example", "push.example"),
    ],
)
def test_a_host_to_listen_at_becomes_one_to_connect_to(host: str, address: str) -> None:
    assert reachable(host) == address
