"""The settings of other protocols that are spoken besides our own; see `config.groups`."""

from dataclasses import dataclass

from config.checks import flag
from config.pusher_apps import pusher_apps
from config.pusher_webhooks import pusher_webhooks
from config.setting import setting


@dataclass(frozen=True, kw_only=True)
class DialectSettings:
    """Other protocols"""

    pusher_apps: tuple[tuple[str, str, str], ...] = setting(
        (),
        "The applications that speak Pusher's protocol, as `id:key:secret,id:key:secret`. If "
        "unset, it is not spoken",
        pusher_apps,
        secret=True,
    )
    pusher_webhooks: tuple[tuple[str, str], ...] = setting(
        (),
        "Where these applications are told who comes and goes, as `id:https://…,id:https://…`. "
        "If unset, they are not",
        pusher_webhooks,
        secret=True,
    )
    socket_io: bool = setting(
        False,
        "`1`: pages may listen with socket.io-client, at `/socket.io/` of the port for listening",
        flag,
    )
