"""Push to everybody, to a channel, to a user, in a batch, and twice under one id.

Needs the client: pip install ./clients/python
"""

import os
import sys

from message_center_client import Client, NotConfirmed, Refused

URL = os.environ.get("MESSAGE_CENTER_URL", "http://127.0.0.1:2346")
TOKEN = os.environ.get("MESSAGE_CENTER_TOKEN") or None


def push_all(client: Client) -> None:
    client.push("hello from Python")
    client.push("order 1024 is paid", channels=["orders"])
    client.push("your parcel is here", users=[42])
    client.push_batch(["first", {"content": "second", "channels": ["orders"]}])
    for _ in range(2):  # The second time as if the answer had been lost. It arrives once.
        client.push("order 1024 is shipped", channels=["orders"], id="order-1024-shipped")


# The client gives each push an id. So it can try again when there is no answer, and after 429
# and 503, as late as Retry-After says; for half a minute in all (patience=30).
try:
    with Client(URL, token=TOKEN) as center:
        push_all(center)
except Refused as refused:  # Nothing is queued. `error` is for programs, `msg` for people.
    sys.exit(f"refused: {refused.status} {refused.error}: {refused.msg}")
except NotConfirmed as problem:  # Pushed again under the same ids, it is queued once.
    sys.exit(f"no answer from {URL}; push again under the ids {problem.ids}: {problem}")
print("pushed")
