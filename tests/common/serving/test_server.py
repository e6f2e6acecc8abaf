import gc
import os
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.errors import AppImportError

from common.metrics.board import Board
from common.serving.functions import Functions
from common.serving.server import Server, load_settings, longest_stop, options
from common.serving.siblings import Seat
from common.serving.stopping import Stop
from config.errors import SettingsError
from config.settings import Settings
from tests.support.fakes import FakeApp
from tests.support.processes import free_port


def load_app(settings: Settings) -> FakeApp:
    """Named by the tests, as `http_api.process:load` is by its process."""
    return FakeApp(settings)


class LookingApp(FakeApp):
    """Knows whether garbage is looked for while it is made."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.has_collector = gc.isenabled()


def load_app_that_looks(settings: Settings) -> LookingApp:
    return LookingApp(settings)


def stop_app(app: FakeApp, how: Stop) -> None:
    app.stops.append(how.reload)


def announce_stop(app: FakeApp, how: Stop) -> float:
    app.announced.append(how)
    return 1.5


def share(app: FakeApp, board: Board, _seat: Seat) -> None:
    board.tell({"settled_total": {"": len(app.stops) + 1}})


def load_nothing(settings: Settings) -> FakeApp:
    raise SettingsError("WORKER_CLASS", "there is no such class")


def make_server(load: str = "load_app") -> Server:
    settings = Settings()
    given = options(settings, settings.http_host, settings.http_port, 1)
    functions = Functions(
        load=f"{__name__}:{load}",
        share=f"{__name__}:share",
        announce=f"{__name__}:announce_stop",
        stop=f"{__name__}:stop_app",
    )
    return Server(given, functions, settings)


@pytest.mark.parametrize(
    ("host", "bind"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("here", "here:80")]
)
def test_the_address_is_written_as_gunicorn_reads_it(host: str, bind: str) -> None:
    assert set(options(Settings(), host, 80, 1)["bind"]) == {bind}


def test_a_short_limit_for_requests_does_not_make_workers_look_stuck() -> None:
    given = options(Settings(request_timeout=1.0, stop_timeout=10.0), "here", 80, 1)

    assert given["timeout"] > 30


def test_a_header_timeout_that_is_no_whole_number_is_one_that_gunicorn_takes() -> None:
    assert options(Settings(header_timeout=1.5), "here", 80, 1)["keepalive"] == 2


def test_gunicorn_knows_every_option_and_never_recycles_a_worker() -> None:
    server = make_server()

    assert set(server.cfg.address) == {("127.0.0.1", 2346)}
    assert server.cfg.max_requests == 0
    assert server.cfg.graceful_timeout > Settings().stop_timeout


def test_the_named_function_makes_the_application_from_the_settings() -> None:
    app: Any = make_server().load()

    assert isinstance(app, FakeApp)
    assert app.settings == Settings()


def test_garbage_is_looked_for_once_all_is_loaded_and_not_in_what_was() -> None:
    frozen = gc.get_freeze_count()
    app: Any = make_server("load_app_that_looks").load()

    assert not app.has_collector
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_a_bad_setting_found_in_a_worker_ends_the_master_with_its_message() -> None:
    with pytest.raises(AppImportError, match=r"^Error: WORKER_CLASS: there is no such"):
        make_server("load_nothing").load()


def test_a_worker_that_ends_stops_its_application() -> None:
    server = make_server()
    app = server.wsgi()

    server.cfg.worker_exit(None, None)

    assert app.stops == [False]


def test_an_application_learns_that_a_reload_ends_it() -> None:
    server = make_server()
    app = server.wsgi()
    server.cfg.on_reload(None)

    server.cfg.worker_exit(None, None)

    assert app.stops == [True]


def test_the_log_says_when_it_begins_reloads_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    server = make_server()

    for hook in (server.cfg.when_ready, server.cfg.on_reload, server.cfg.on_exit):
        hook(None)

    begins, reloads, ends = caplog.messages
    assert "listens at" in begins
    assert reloads.endswith("reloads: new workers take the place of the old")
    assert ends.endswith("has ended")


def test_a_stop_is_announced_to_the_application_which_says_how_long_to_go_on() -> None:
    server = make_server()
    app = server.wsgi()
    server.cfg.on_reload(None)

    assert server.announce_stop() == 1.5
    assert [how.reload for how in app.announced] == [True]
    assert app.stops == []


def test_without_an_application_or_anybody_to_tell_a_stop_is_not_put_off() -> None:
    given = options(Settings(), "here", 80, 1)
    quiet = Server(given, Functions(load=f"{__name__}:load_app"), Settings())
    quiet.wsgi()

    assert quiet.announce_stop() == make_server().announce_stop() == 0


def test_a_hurry_is_known_in_the_workers() -> None:
    server = make_server()
    app = server.wsgi()
    server.announce_stop()
    (how,) = app.announced
    child = os.fork()
    if not child:  # As a worker is, of a master that is told of it later or earlier.
        server.hurry()
        os._exit(0)
    os.waitpid(child, 0)

    assert server.is_hurried()
    assert how.is_hurried()


def test_a_stop_has_the_time_that_its_clients_are_closed_in() -> None:
    longest = longest_stop(Settings(drain_seconds=29.5))

    assert longest == longest_stop(Settings()) + 30
    assert options(Settings(drain_seconds=29.5), "here", 80, 1)["graceful_timeout"] == longest


class Rereading(Server):
    """Whose settings name something that is read again."""

    def settings_at_start(self, written: Settings) -> Settings:
        return replace(written, message_prefix="1")

    def settings_at_reload(self, written: Settings, now: Settings) -> Settings:
        return replace(written, message_prefix=now.message_prefix + "+")


def test_new_workers_get_the_settings_that_a_reload_has_found() -> None:
    given = options(Settings(), "here", 80, 1)
    server = Rereading(given, Functions(load=f"{__name__}:load_app"), Settings())
    assert server.settings.message_prefix == "1"

    for _ in range(2):
        server.cfg.on_reload(None)

    assert server.load().settings == replace(Settings(), message_prefix="1++")


def test_without_anything_to_read_again_a_reload_changes_no_setting() -> None:
    server = make_server()
    before = server.settings

    server.cfg.on_reload(None)

    assert server.settings is before


def test_a_worker_started_by_a_reload_is_not_ended_by_it() -> None:
    server = make_server()
    server.cfg.on_reload(None)
    app = server.wsgi()

    server.cfg.worker_exit(None, None)

    assert app.stops == [False]


def test_the_master_has_no_application_to_stop() -> None:
    make_server().cfg.worker_exit(None, None)


def test_a_bad_setting_ends_the_process_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # There is no .env here.
    monkeypatch.setenv("HTTP_PORT", "http")

    with pytest.raises(SystemExit, match=r"^Error: HTTP_PORT: must be a whole number"):
        load_settings("HTTP")


@pytest.mark.integration
def test_a_taken_port_ends_the_process_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, taken_port: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WS_HOST", "127.0.0.1")
    monkeypatch.setenv("WS_PORT", str(taken_port))

    with pytest.raises(SystemExit, match=f"^Error: WS_PORT: cannot use .*:{taken_port}: "):
        load_settings("WS")


@pytest.mark.integration
def test_an_address_of_another_machine_ends_the_process_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_HOST", "192.0.2.1")  # RFC 5737: nobody has it.
    monkeypatch.setenv("ALLOW_ANONYMOUS_PUSH", "1")

    with pytest.raises(SystemExit, match=r"^Error: HTTP_HOST: .*192\.0\.2\.1"):
        load_settings("HTTP")


def test_a_slip_in_the_environment_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WS_PORT", str(free_port()))
    monkeypatch.setenv("RECIEPT_SECONDS", "60")

    load_settings("WS")

    told = "RECIEPT_SECONDS: there is no such setting; did you mean RECEIPT_SECONDS?"
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == [told]


def test_no_socket_of_systemd_takes_the_place_of_the_checked_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, value in (("LISTEN_PID", "1"), ("LISTEN_FDS", "1"), ("HTTP_PORT", str(port))):
        monkeypatch.setenv(name, value)

    load_settings("HTTP")

    assert os.environ.keys().isdisjoint(["LISTEN_PID", "LISTEN_FDS"])


def test_workers_count_together_and_what_a_dead_one_counted_stays() -> None:
    server = make_server()
    first, second, reader = (SimpleNamespace(age=age) for age in (1, 2, 3))
    for worker in (first, second):
        server.cfg.pre_fork(None, worker)
        server.load()

    server.cfg.child_exit(None, first)
    server.cfg.pre_fork(None, reader)

    assert sum_of(server) == 2


def sum_of(server: Server) -> Any:
    """As `share` has it told to who reads it."""
    snapshots: list[Any] = server.board.others()
    return sum(each["settled_total"][""] for each in snapshots)


def test_each_worker_has_a_seat_among_the_others_until_it_is_gone() -> None:
    server = make_server()
    first, second = (SimpleNamespace(age=age) for age in (1, 2))
    for each in (first, second):
        server.cfg.pre_fork(None, each)
    server.cfg.post_fork(None, first)
    first.seat.turn(100.0)

    assert server.seat is first.seat
    assert second.seat.problem(110.0) == f"process {os.getpid()} has stood still for 10 s"

    server.cfg.child_exit(None, first)

    assert second.seat.problem(110.0) is None
