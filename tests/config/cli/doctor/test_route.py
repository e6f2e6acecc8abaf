import socket
from pathlib import Path

import pytest

from config.cli.doctor.finding import Finding
from config.cli.doctor.route import Broken, Target, route_findings
from tests.support.certificate import make_certificate
from tests.support.processes import free_port
from tests.support.tls_proxy import tls_proxy

pytestmark = pytest.mark.integration


def look(url: str) -> tuple[list[Finding], bool]:
    """What is found, and if there is no use in looking further."""
    found = []
    try:
        for finding in route_findings(Target.parse(url)):
            found.append(finding)
    except Broken:
        return found, True
    return found, False


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `certificate.pem` this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return tmp_path


@pytest.mark.parametrize(
    ("url", "secure", "port", "path"),
    [
        ("wss://push.example.com/ws", True, 443, "/ws"),
        ("https://push.example.com", True, 443, "/"),
        ("http://h:81/", False, 81, "/"),
        ("ws://[::1]:2345/", False, 2345, "/"),
    ],
)
def test_an_address_is_understood(url: str, secure: bool, port: int, path: str) -> None:
    target = Target.parse(url)

    assert (target.secure, target.port, target.path) == (secure, port, path)


def test_what_the_doctor_says_itself_is_left_out_of_the_query() -> None:
    assert Target.parse("ws://h/?token=x&format=text&channels=a").query == "token=x"


@pytest.mark.parametrize("url", ["ftp://h/", "push.example.com", "ws://a:b@h/", "ws://h/#x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"it must be|can stand in it"):
        Target.parse(url)


def test_a_name_without_an_address_ends_it() -> None:
    (finding,), is_broken = look("ws://doctor.invalid/")

    assert (finding.level, finding.about, is_broken) == ("problem", "dns", True)


def test_a_port_where_nobody_is_ends_it() -> None:
    found, is_broken = look(f"ws://127.0.0.1:{free_port()}/")

    assert [(each.about, each.level) for each in found] == [("dns", "ok"), ("tcp", "problem")]
    assert is_broken


def test_without_tls_there_is_nothing_more_to_find() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found, is_broken = look(f"ws://127.0.0.1:{server.getsockname()[1]}/")

    assert [each.level for each in found] == ["ok", "ok"]
    assert not is_broken


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (3, "note")])
def test_days_that_are_left_are_told(trusted: Path, days: int, level: str) -> None:
    certificate = make_certificate(trusted, "localhost", days=days)
    with tls_proxy(free_port(), certificate) as port:
        found, is_broken = look(f"wss://localhost:{port}/")

    assert not is_broken
    assert found[-1].level == level
    assert f"good for {days - 1} days" in found[-1].found


@pytest.mark.parametrize(
    ("name", "days", "told", "do"),
    [
        ("localhost", -1, "expired", "renew it"),
        ("other.example.com", 90, "mismatch", "for this name"),
    ],
)
def test_a_wrong_certificate_ends_it(
    trusted: Path, name: str, days: int, told: str, do: str
) -> None:
    with tls_proxy(free_port(), make_certificate(trusted, name, days=days)) as port:
        found, is_broken = look(f"wss://localhost:{port}/")

    assert is_broken
    assert found[-1].level == "problem"
    assert told in found[-1].found
    assert do in found[-1].do


def test_a_certificate_of_nobody_ends_it(tmp_path: Path) -> None:
    with tls_proxy(free_port(), make_certificate(tmp_path, "localhost")) as port:
        found, is_broken = look(f"wss://localhost:{port}/")

    assert is_broken
    assert "self" in found[-1].found
    assert "public authority" in found[-1].do
