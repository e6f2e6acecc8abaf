"""What a listener can ask for, and what it is told besides messages.

The names are those of the code, which a test compares; the meanings are written here.
"""

from docs.reference.language import Language
from ws_server.wire.close_codes import ALL
from ws_server.wire.gap_reasons import LOST, TOO_OLD, UNKNOWN

PARAMETERS = {
    "format": (
        "text",
        "`text` or `json`. A WebSocket can ask for the subprotocol `message-center.text` or "
        "`message-center.json` instead",
    ),
    "last_id": (
        "",
        "Go on after the message or notice that had this `id`. An `EventSource` that reconnects "
        "says it in the header `Last-Event-ID`, which wins; a polyfill says `lastEventId` in the "
        "query",
    ),
    "last": (
        "0",
        "Begin with so many of the newest messages, 1000 at most, of the newest 2000 in the log. "
        "Has no effect together with `last_id`",
    ),
    "client": (
        "",
        "For a WebSocket: the name under which it is remembered how far it is, for "
        "`CLIENT_SECONDS`: 1 to 100 letters, digits and `_.:@-`. `last_id` wins",
    ),
    "confirm": (
        "",
        "`1`: a WebSocket in JSON confirms by the [command](#notices) `confirm` what it has "
        "handled, so its pongs confirm nothing",
    ),
    "channels": (
        "",
        "The channels to listen to, besides what is for everybody: `orders,news.*`, at most "
        "`MAX_CHANNELS`. `news.*` stands for all names that begin with `news.`. A name that has a "
        'comma stands in a list: `["a,b"]`. Left out: all that the token grants; empty: none',
    ),
    "token": ("", "Says who listens, where a token is needed"),
}
NOTICES = {
    "welcome": (
        ("id", "complete", "channels", "connection"),
        "The first notice of every connection. `complete` is false if not everything after "
        "`last_id` can be sent: then a `gap` comes before it and says why. `connection` is the id "
        "of the connection, for `except` of a push. A client that is remembered gets `again`, too: "
        "messages whose `time` is not above it may have come before",
    ),
    "gap": (
        ("id", "after", "reason"),
        "Messages after the id `after` and up to `id` are missing. `reason` is for people. The "
        "connection goes on",
    ),
    "subscribed": (
        ("id", "channels"),
        "A command was carried out: for all that comes after `id`, these are all channels of the "
        "connection",
    ),
    "refreshed": (
        ("id", "channels", "expires"),
        "A newer token was taken. `expires` is in seconds since 1970, or `null`",
    ),
    "confirm": (
        (),
        "For a client that confirms by command and is remembered: say how far you are. At most "
        "once a second",
    ),
    "error": (
        ("error", "reason"),
        "A command was not carried out, and nothing has changed. `error` is `bad_command` or one "
        "of the answers above",
    ),
    "cursor": (
        ("id",),
        "Nothing up to `id` was for this client, for the time of a ping or longer: reconnect with "
        "this id. As a Server-Sent Event it is an `id:` alone, which an `EventSource` keeps by "
        "itself",
    ),
}

GAPS = {
    TOO_OLD: ("The client was away, or behind, for longer than the history reaches"),
    LOST: ("Redis was emptied or has gone back, while the client was connected"),
    UNKNOWN: ("The same, while the client was away; or this is no id of this message center"),
}


def parameters(language: Language) -> str:
    rows = [
        (
            f"`{name}`",
            f"`{default}`" if default else "",
            language.say("parameters", name, meaning),
        )
        for name, (default, meaning) in PARAMETERS.items()
    ]
    return language.table(("Parameter", "Default", "Meaning"), rows)


def notices(language: Language) -> str:
    rows = [
        (
            f"`{name}`",
            language.listed(f"`{field}`" for field in fields),
            language.say("notices", name, meaning),
        )
        for name, (fields, meaning) in NOTICES.items()
    ]
    return language.table(("`type`", "Other fields", "Meaning"), rows)


def gaps(language: Language) -> str:
    rows = [(f"`{reason}`", language.say("gaps", reason, what)) for reason, what in GAPS.items()]
    return language.table(("`reason`", "What has happened"), rows)


def close_codes(language: Language) -> str:
    rows = [
        (
            str(each.code),
            each.reason,
            language.say("words", word := "yes" if each.reconnect else "no", word),
            language.say("close codes", str(each.code), each.meaning),
        )
        for each in ALL
    ]
    return language.table(("Code", "Reason", "Reconnect?", "When"), rows)
