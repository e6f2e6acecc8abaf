"""Whether an address can be listened at, said by the setting's name."""

import socket
import threading
from time import monotonic

import pytest

from config import leftovers
from config.addresses import reachable, refuse_shared_ports, refuse_taken_address
from config.errors import SettingsError
from config.settings import Settings


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::0", "[::1]"),
        ("::1", "[::1]"),
        ("fe80::1", "[fe80::1]"),
        ("push.example", "push.example"),
    ],
)
def test_a_host_to_listen_at_becomes_one_to_connect_to(host: str, address: str) -> None:
    assert reachable(host) == address


@pytest.mark.parametrize("ws_host", ["127.0.0.1", "0.0.0.0", "::", "localhost"])
def test_one_port_for_two_is_refused_by_name(ws_host: str) -> None:
    settings = Settings(http_port=8080, ws_port=8080, ws_host=ws_host)

    with pytest.raises(SettingsError, match=r"^WS_PORT: must differ from HTTP_PORT, which is 8080"):
        refuse_shared_ports(settings, embedded=False)


def test_one_port_at_two_addresses_is_no_clash() -> None:
    settings = Settings(http_host="10.0.0.1", http_port=80, ws_host="10.0.0.2", ws_port=80)

    refuse_shared_ports(settings, embedded=True)


@pytest.mark.parametrize("name", ["HTTP_PORT", "WS_PORT"])
def test_the_port_of_the_embedded_valkey_is_nobody_elses(name: str) -> None:
    settings = Settings(**{name.lower(): 6379})  # type: ignore[arg-type]

    with pytest.raises(SettingsError, match=rf"^EMBEDDED_REDIS_PORT: must differ from {name}, "):
        refuse_shared_ports(settings, embedded=True)
    refuse_shared_ports(settings, embedded=False)


@pytest.mark.integration
def test_a_port_is_taken_while_somebody_listens(taken_port: int) -> None:
    with pytest.raises(SettingsError, match=rf"^WS_PORT: cannot use 127.0.0.1:{taken_port}: "):
        refuse_taken_address("WS", "127.0.0.1", taken_port)


@pytest.mark.integration
def test_a_port_of_somebody_who_answers_is_refused_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def answer() -> None:
            with other.accept()[0] as client:
                client.recv(100)
                client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

        serving = threading.Thread(target=answer)
        serving.start()
        start = monotonic()
        with pytest.raises(SettingsError, match=r"^HTTP_PORT: "):
            refuse_taken_address("HTTP", "127.0.0.1", port)
        serving.join()

    assert monotonic() - start < leftovers.PATIENCE / 2


@pytest.mark.integration
def test_a_port_that_is_let_go_a_moment_later_is_waited_for() -> None:
    other = socket.create_server(("127.0.0.1", 0))
    letting_go = threading.Timer(0.7, other.close)
    letting_go.start()

    refuse_taken_address("HTTP", "127.0.0.1", other.getsockname()[1])

    letting_go.join()


@pytest.mark.integration
def test_a_port_that_has_just_been_left_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as left:
        port = left.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            left.accept()[0].close()  # The side that closes first keeps the port in TIME_WAIT.
            assert visitor.recv(1) == b""

    refuse_taken_address("WS", "127.0.0.1", port)


@pytest.mark.integration
@pytest.mark.parametrize("host", ["192.0.2.1", "a..b", "x" * 300])  # RFC 5737: nobody has it.
def test_a_host_that_is_not_this_machine_is_refused_by_name(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^WS_HOST: cannot use .*; set WS_HOST to an address"):
        refuse_taken_address("WS", host, 8080)
