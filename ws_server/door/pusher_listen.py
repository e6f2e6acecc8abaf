"""Which clients speak Pusher's protocol: those whose path ends in `/app/KEY`. No I/O here."""

from collections.abc import Mapping
from typing import Any

from common.pusher.apps import Apps
from ws_server.door.listen import Listen

FORMAT = "pusher"


def pusher_listen(environ: Mapping[str, Any], apps: Apps) -> Listen | None:
    """What such a client listens to at first, which is nothing; None if it is another client.

    One with a key that nobody has is let in, too: its library reads no answer but a close code.
    """
    path: str = environ.get("PATH_INFO", "")
    at = path.rfind("/app/")
    key = path[at + len("/app/") :].strip("/")
    if at < 0 or "/" in key:
        return None
    return Listen(format=FORMAT, app=apps.with_key(key))
