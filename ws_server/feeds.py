"""What is sent to the clients of each format, in this process: one feed of the log for each."""

from common.store.log import Log
from config.settings import Settings
from ws_server.door.policy import Policy
from ws_server.door.pusher_listen import FORMAT as PUSHER
from ws_server.door.socketio_listen import FORMAT as SOCKETIO
from ws_server.door.socketio_listen import FORMAT_3 as SOCKETIO_3
from ws_server.log.feed import Feed
from ws_server.pusher.frames import PusherFrames, shown_by
from ws_server.socketio.frames import Opening, SocketFrames, SocketFrames3
from ws_server.wire.formats import all_formats


def make_feeds(settings: Settings, source: Log, policy: Policy) -> dict[str, Feed]:
    """By the name of the format: our own, and those of the dialects that are spoken."""
    formats = dict(all_formats(settings.message_prefix))
    if policy.apps is not None:
        formats[PUSHER] = PusherFrames(shown_by(policy.apps))
    if policy.socket_io:
        opening = Opening(settings.ping_interval, settings.max_client_message_bytes)
        formats |= {SOCKETIO: SocketFrames(), SOCKETIO_3: SocketFrames3(opening)}
    return {name: Feed(source, form, settings.window_bytes) for name, form in formats.items()}
