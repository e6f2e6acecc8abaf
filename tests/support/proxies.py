"""The proxies as the example files in docs/proxy/ set them up, and how a test talks to them.

Of the files only what belongs to a machine is changed: ports, the certificate, and
where logs and temporary files go. They listen on loopback only, and end with the test.
"""

import getpass
import grp
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from tests.support.certificate import Certificate
from tests.support.processes import ROOT, free_port, wait_until
from tests.support.websocket import LIMIT, Client

LISTEN, API = "listen.example.com", "api.example.com"
ONE = "push.example.com"  # Of the files in docs/proxy/one-address.
ONE_ADDRESS = "one-address"
EXAMPLES = ROOT / "docs" / "proxy"
CERTIFICATE = "/etc/ssl/certs/example.com.pem"
PRIVATE_KEY = "/etc/ssl/private/example.com.key"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# Proxies are for administrators; Traefik, which Debian does not have, is beside our Python.
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:{Path(sys.executable).parent}"
EMPTY = (b": away", b"OK")  # Streams without an event; Traefik has the latter.
AWAY = (502, 503)  # What they answer while the server is away: HAProxy the latter.


@dataclass(frozen=True)
class Place:
    """What is the test's own about a proxy: its folder, ports and certificate.

    `form` is the folder of the example files in docs/proxy/, empty for that folder itself.
    `listen` is the name under which listeners come.
    """

    folder: Path
    port: int
    ws_port: int
    http_port: int
    certificate: Certificate
    form: str = ""
    listen: str = LISTEN


class Proxy:
    """A running proxy; it is spoken to with TLS, under one of its names."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def logs(self) -> str:
        """All that it has written, about its requests and about itself."""
        return "".join(path.read_text("utf-8") for path in self._place.folder.glob("*.log"))

    def is_ready(self) -> bool:
        """Traefik accepts before it has read its routes and its certificate."""
        try:
            self.secure(ONE if self._place.form else self._place.listen).close()
        except OSError:
            return False
        return True

    def secure(self, host: str, protocol: str = "http/1.1") -> ssl.SSLSocket:
        """A connection to `host`, its certificate checked; `protocol` is asked for by ALPN."""
        plain = socket.create_connection(("127.0.0.1", self._place.port), LIMIT)
        return self._wrap(plain, host, protocol)

    def connect(
        self, path: str = "/", headers: Mapping[str, str] | None = None, host: str = LISTEN
    ) -> Client:
        """A WebSocket client, of wss://listen.example.com if nothing else is said."""
        given = {"host": host, **(headers or {})}
        return Client(
            self._place.port, path, headers=given, secure=lambda plain: self._wrap(plain, host)
        )

    @contextmanager
    def asked(
        self,
        host: str,
        path: str,
        form: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """The answer to a GET or, with a `form`, to a POST; it may be a stream without an end."""
        connection = HTTPConnection(host)
        connection.sock = self.secure(host)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        try:
            method = "GET" if form is None else "POST"
            connection.request(method, path, form, {**kind, **(headers or {})})
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def _wrap(self, plain: socket.socket, host: str, protocol: str = "http/1.1") -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self._place.certificate.path)
        context.set_alpn_protocols([protocol])
        return context.wrap_socket(plain, server_hostname=host)


def find_program(name: str) -> str | None:
    """Where one of `PROGRAMS` is, if anywhere."""
    return shutil.which(name, path=SEARCHED)


@contextmanager
def serving(name: str, place: Place) -> Iterator[Proxy]:
    """One of `PROGRAMS`, accepting connections, in an empty folder."""
    command = STARTS[name](place)
    homes = {f"XDG_{kind}_HOME": str(place.folder / kind) for kind in ("CONFIG", "DATA", "CACHE")}
    environ = {**os.environ, "HOME": str(place.folder), **homes}
    with (place.folder / "output.log").open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
    proxy = Proxy(place)
    try:
        wait_until(lambda: process.poll() is not None or proxy.is_ready(), f"{name} accepts")
        assert process.poll() is None, proxy.logs
        yield proxy
    finally:
        process.terminate()
        process.wait(LIMIT)


def _nginx(place: Place) -> list[str]:
    folders = "".join(f"{kind}_temp_path {place.folder / kind}; " for kind in TEMPORARY)
    changed = {
        **_files(place),
        "user www-data;": f"user {getpass.getuser()};",  # Who owns the folder.
        "worker_processes auto;": "worker_processes 1;",
        "worker_rlimit_nofile 65536;": "",
        "worker_connections 32768;": "worker_connections 100;",
        "pid /run/nginx.pid;": f"pid {place.folder / 'nginx.pid'};",
        "http {": f"http {{ {folders}",
        "/var/log/nginx": str(place.folder),
        "listen 443 ": f"listen 127.0.0.1:{place.port} ",
    }
    file = _write("nginx.conf", place, changed)
    return [
        *(find_program("nginx") or "nginx", "-c", str(file), "-p", str(place.folder)),
        *("-e", "stderr", "-g", "daemon off;"),
    ]


def _files(place: Place) -> dict[str, str]:
    """The paths of the certificate, for those that have it in two files."""
    return {
        CERTIFICATE: str(place.certificate.path),
        PRIVATE_KEY: str(place.certificate.key_path),
    }


def _caddy(place: Place) -> list[str]:
    # `debug` makes it write about every request.
    own = f"admin off\n\tdebug\n\tdefault_bind 127.0.0.1\n\thttps_port {place.port}\n\t"
    changed = {
        **_files(place),
        "auto_https disable_redirects": f"{own}auto_https disable_redirects",
        "# tls ": "tls ",
    }
    file = _write("Caddyfile", place, changed)
    program = find_program("caddy") or "caddy"
    return [program, "run", "--config", str(file), "--adapter", "caddyfile"]


def _haproxy(place: Place) -> list[str]:
    both = place.folder / "both.pem"
    both.write_bytes(place.certificate.path.read_bytes() + place.certificate.key_path.read_bytes())
    changed = {
        "maxconn 32768": "maxconn 100",
        "log /dev/log local0": "log stdout format raw local0",
        "user haproxy": f"user {getpass.getuser()}",
        "group haproxy": f"group {grp.getgrgid(os.getgid()).gr_name}",
        "timeout connect 5s": "timeout connect 5s\n    retries 0",  # Or each error takes 3 seconds.
        "bind :443": f"bind 127.0.0.1:{place.port}",
        "/etc/haproxy/example.com.pem": str(both),
    }
    file = _write("haproxy.cfg", place, changed)
    return [find_program("haproxy") or "haproxy", "-db", "-f", str(file)]


def _apache2(place: Place) -> list[str]:
    changed = {
        **_files(place),
        "${APACHE_PID_FILE}": str(place.folder / "apache2.pid"),
        "${APACHE_RUN_DIR}": str(place.folder),
        "/var/log/apache2": str(place.folder),
        "Listen 443": f"Listen 127.0.0.1:{place.port} https",
        "*:443": f"*:{place.port}",
        "ServerLimit 64": "ServerLimit 2",
        "MaxRequestWorkers 4096": "MaxRequestWorkers 128",
        "127.0.0.1:2344": f"127.0.0.1:{free_port()}",
    }
    file = _write("apache2.conf", place, changed)
    return [find_program("apache2") or "apache2", "-f", str(file), "-D", "FOREGROUND"]


def _traefik(place: Place) -> list[str]:
    away = f"127.0.0.1:{free_port()}"
    own = {**_files(place), "127.0.0.1:2344": away}
    routes = _write("traefik-routes.yaml", place, own)
    changed = {
        '":443"': f"127.0.0.1:{place.port}",
        "127.0.0.1:2344": away,
        "/etc/traefik/traefik-routes.yaml": str(routes),
    }
    file = _write("traefik.yaml", replace(place, form=""), changed, is_whole=False)
    return [find_program("traefik") or "traefik", f"--configFile={file}"]


def _write(name: str, place: Place, changed: Mapping[str, str], is_whole: bool = True) -> Path:
    """The example with these changes and, if it is whole, our ports; each must find its place."""
    text = (EXAMPLES / place.form / name).read_text("utf-8")
    ports = {
        "127.0.0.1:2345": f"127.0.0.1:{place.ws_port}",
        "127.0.0.1:2346": f"127.0.0.1:{place.http_port}",
    }
    for before, after in {**changed, **(ports if is_whole else {})}.items():
        assert before in text, f"{name} has no {before}"
        text = text.replace(before, after)
    file = place.folder / name
    file.write_text(text.replace(LISTEN, place.listen), "utf-8")
    return file


STARTS = {
    "nginx": _nginx,
    "caddy": _caddy,
    "haproxy": _haproxy,
    "apache2": _apache2,
    "traefik": _traefik,
}
PROGRAMS = list(STARTS)


def accepts(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def make_place(
    folder: Path,
    certificate: Certificate,
    ws_port: int | None = None,
    http_port: int | None = None,
    form: str = "",
) -> Place:
    """A place in front of these ports; in front of nobody where there is none."""
    folder.mkdir()
    ports = (free_port(), ws_port or free_port(), http_port or free_port())
    return Place(folder, *ports, certificate, form)
