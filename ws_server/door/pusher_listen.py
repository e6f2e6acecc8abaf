"""Which clients speak Pusher's protocol: those whose path ends in `/app/KEY`. No I/O here.

With `/r/NAME` right before it, a client is remembered under this name: pusher-js puts its option
`wsPath` there.
"""

import re
from collections.abc import Mapping
from typing import Any

from common.pusher.apps import Apps
from ws_server.door.listen import Listen

FORMAT = "pusher"
NAMED = re.compile(r"/r/([A-Za-z0-9_.:@-]{1,100})", re.ASCII)


def pusher_listen(environ: Mapping[str, Any], apps: Apps) -> Listen | None:
    """What such a client listens to at first, which is nothing; None if it is another client.

    One with a key that nobody has is let in, too: its library reads no answer but a close code.
    """
    path: str = environ.get("PATH_INFO", "")
    before, app, key = path.rpartition("/app/")
    key = key.rstrip("/")
    if not app or "/" in key:
        return None
    named = NAMED.fullmatch(before, max(before.rfind("/r/"), 0))
    return Listen(format=FORMAT, app=apps.with_key(key), page=named[1] if named else "")
