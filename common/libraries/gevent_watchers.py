"""gevent's watchers of sockets, without a greenlet for each. This is used, and not promised:

- `loop.io(fd, events)` makes one that does nothing until its `start(callback, *args)`;
- the events are those of libev;
- after its `stop` it must be closed, or its memory stays.
"""

from typing import Any

import gevent

READ, WRITE = 1, 2  # libev's EV_READ and EV_WRITE.


def watcher_of(fd: int, events: int) -> Any:
    """A watcher of the event loop, not started yet."""
    return gevent.get_hub().loop.io(fd, events)


def end_watching(watcher: Any) -> None:
    """Stop a watcher for good, if there is one; before its descriptor is closed or given away."""
    if watcher is not None:
        watcher.stop()
        watcher.close()
