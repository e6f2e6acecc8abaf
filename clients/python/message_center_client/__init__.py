"""Push to message-center from a backend, and listen to it from a script.

It knows nothing of the servers: it is installed without them, and speaks HTTP and WebSocket
with them like anybody else.
"""

from message_center_client.client import Client
from message_center_client.errors import ClientError, Closed, NotConfirmed, NotUnderstood, Refused
from message_center_client.listener import Listener, listen
from message_center_client.message import Gap, Message

__all__ = [
    "Client",
    "ClientError",
    "Closed",
    "Gap",
    "Listener",
    "Message",
    "NotConfirmed",
    "NotUnderstood",
    "Refused",
    "listen",
]
