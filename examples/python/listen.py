"""Listen to a channel, and after each break go on with the next message.

Needs the client: pip install ./clients/python
"""

import os
import sys

from message_center_client import Closed, Gap, Refused, listen

URL = os.environ.get("MESSAGE_CENTER_LISTEN_URL", "ws://127.0.0.1:2345/")
TOKEN = os.environ.get("MESSAGE_CENTER_LISTEN_TOKEN") or None


def load_anew(gap: Gap) -> None:
    """The log does not reach back so far: read from your database what the messages told."""
    print("messages are missing:", gap.reason, file=sys.stderr)


# `last` begins with the newest messages that there are. To go on after a restart of this program,
# keep the last `message.id` and give it as `last_id`.
try:
    with listen(URL, channels=["orders"], token=TOKEN, last=10, on_gap=load_anew) as messages:
        for message in messages:
            print(message.id, message.channel, message.content, flush=True)
except Refused as refused:  # To come back would be no use.
    sys.exit(f"refused: {refused.status} {refused.error}: {refused.msg}")
except Closed as closed:  # Such as 4003: thrown out.
    sys.exit(str(closed))
except KeyboardInterrupt:
    pass
