"""Every `error` by which a request, a handshake or a command is refused.

A name that is not here cannot be answered. docs/reference.md is written from this table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Flag, auto

from common.error_names_pusher import MEANINGS as OF_PUSHER


class Place(Flag):
    """Where an error is answered."""

    HTTP = auto()  # The port of the HTTP API.
    WS = auto()  # The WebSocket port, before there is a WebSocket.
    COMMAND = auto()  # A frame of the json format; it has no status.
    PUSHER = auto()  # Pusher's routes of the HTTP API, in words only.


@dataclass(frozen=True, slots=True)
class Error:
    """One row; `again`: the same request may be taken later, as it stands."""

    name: str
    status: int
    places: Place
    meaning: str
    again: bool


HTTP, WS, COMMAND = Place.HTTP, Place.WS, Place.COMMAND
TOO_MANY = ("bodies", "connections", "messages", "requests", "streams")
AGAIN = frozenset(("body_cut_short", "not_ready", "queue_unavailable", "unavailable")) | {
    f"too_many_{what}" for what in TOO_MANY
}


def _rows(places: Place, meanings: Mapping[tuple[str, int], str]) -> Iterator[Error]:
    for (name, status), meaning in meanings.items():
        yield Error(name, status, places, meaning, name in AGAIN)


ERRORS = (
    *_rows(
        HTTP,
        {
            ("bad_receipt", 422): (
                "`receipt` is neither 1 nor 0, or a message of a batch asks for one without an `id`"
            ),
            ("content_empty", 422): "A message of a batch has no content",
            ("content_not_text", 422): (
                "The content is `true` or `false`, came as a file, or has half of a "
                "surrogate pair. Or something else in the request is not UTF-8: a parameter, "
                "JSON, or a name in the path"
            ),
            ("content_too_large", 413): "The content is larger than `MAX_CONTENT_BYTES`",
            ("too_many_fields", 422): (
                "A query, a form or a JSON object has more than 1000 fields, or JSON holds more "
                "than 100,000 values, 10,000 of them in one content"
            ),
            ("invalid_form", 422): (
                "The body cannot be read as a form: a multipart body has no boundary or no "
                "end; or there is no `name=value`, and the body cannot be the content"
            ),
            ("invalid_json", 422): (
                "The body, or a line of NDJSON, is not valid JSON (`NaN` is not), is nested "
                "too deeply (a content: more than 50 levels), or has a number that is too large"
            ),
            ("json_not_object", 422): "`/push`, `/tokens`, `/revocations` take a JSON object only",
            ("json_not_array", 422): "`/push/batch` takes a JSON array only",
            ("empty_batch", 422): "The batch holds no message",
            ("batch_too_large", 413): (
                "The batch holds more than 10,000 messages, 100,000 lines or 500,000 values: "
                "send it in parts"
            ),
            ("unknown_field", 422): (
                "A message of a batch has a field besides `content`, `id`, `channel`, `channels`, "
                "`user`, `users`, `event`, `except` and `receipt`, or its query has one. Or a "
                "parameter looks like a slip of one that names recipients, or of `receipt`. Or a "
                "question, or the body for `/tokens` or `/revocations`, has one that there is not"
            ),
            ("bad_page", 422): (
                "A parameter of a page is wrong: `limit` or `last` is no number from 1 to 1000, "
                "`after`, `before` or `prefix` cannot be one, one stands twice, or two do not go "
                "together"
            ),
            ("bad_channel", 422): (
                "In a push, in a question of who is connected, or for a token: a channel is not "
                "1 to 200 of `A-Z a-z 0-9 _ . : @ - = , ;`, is empty, or stands twice. A wildcard "
                "ends with `.*` besides. A token grants no channel of a user"
            ),
            ("bad_user", 422): "A user is not 1 to 195 of these, is empty, or stands twice",
            (
                "bad_event",
                422,
            ): "`event` is no text of 1 to 200 characters, or has control characters",
            ("bad_except", 422): "`except` is not the id of a connection",
            ("too_many_channels", 422): (
                "The message is for more than `MAX_CHANNELS` channels and users, or a token for "
                "more channels. Or their names are too long together for a token"
            ),
            ("bad_seconds", 422): "A token is not to be valid for 1 to 86,400 whole seconds",
            ("bad_revocation", 422): "It names not one of `jti` and `user`, or a time is wrong",
            ("too_many_revocations", 409): "10,000 are kept, and all still count: take some back",
            ("cannot_sign", 403): (
                "`/tokens` signs nothing: there is no `SUBSCRIBE_SECRET`, or there are no "
                "`PUSH_TOKENS` and the request comes from elsewhere, or through a proxy"
            ),
            ("insufficient_scope", 403): (
                "`PUSH_TOKENS_FILE` does not let this token do this; `msg` says what it may not "
                "do, and what it may. Nothing was queued"
            ),
            ("bad_id", 422): (
                "The id is not 1 to 255 printable ASCII characters, the header and the parameter "
                "differ, or a batch has the header"
            ),
            ("id_reused", 422): (
                "The id was accepted with other content or for others; nothing was queued"
            ),
            ("unsupported_media_type", 415): (
                "The body is no form, no JSON and no plain text (in a batch: neither JSON nor "
                "NDJSON; for a token: not JSON), or a push in JSON that is called otherwise; is "
                "compressed, says that it is in another charset than UTF-8, or belongs to a GET"
            ),
            ("request_entity_too_large", 413): "The body is larger than `MAX_BODY_BYTES`",
            ("too_many_requests", 429): (
                "More than `TOKEN_REQUESTS_PER_SECOND` or `ADDRESS_REQUESTS_PER_SECOND`; "
                "`Retry-After` says when to try again"
            ),
            ("too_many_messages", 429): (
                "More than `TOKEN_MESSAGES_PER_SECOND` or `ADDRESS_MESSAGES_PER_SECOND`; nothing "
                "was queued"
            ),
            ("too_many_bodies", 503): (
                "The large bodies (over 64 KiB) that this process is reading take four times "
                "`MAX_BODY_BYTES`. Nothing was queued; `Retry-After` says when to try again"
            ),
            ("too_many_streams", 503): (
                "This process has as many streams of `/messages/events` as it may have, or it "
                "stops; `Retry-After` says when to try again"
            ),
            ("queue_unavailable", 503): (
                "Redis did not answer. A push may be queued all the same: try again with an "
                "id, or it can arrive twice. With `Retry-After`: many requests wait for Redis "
                "already, and this one was not begun"
            ),
            ("body_cut_short", 400): "The connection ended within the body; nothing was queued",
            ("requested_range_not_satisfiable", 416): (
                "The `Range` asked of a static file lies outside of it"
            ),
        },
    ),
    *_rows(Place.PUSHER, OF_PUSHER),
    *_rows(
        HTTP | WS,
        {
            ("not_ready", 503): (
                "`/readyz`: a worker process stands still. Of the WebSocket server also: "
                "Redis does not answer, nobody is let in, or no message reaches the clients"
            ),
            ("unauthorized", 401): (
                "`PUSH_TOKENS` or `PUSH_TOKENS_FILE` is set, and the request has none of these "
                "tokens. Or a token is needed to listen, and there is none"
            ),
            ("too_many_connections", 429): (
                "More than `CONNECTIONS_PER_ADDRESS`, on either port; the request was not read"
            ),
            ("bad_request", 400): "The request is not valid HTTP",
            ("not_found", 404): "There is no such path",
            ("method_not_allowed", 405): (
                "The path does not take this method; a WebSocket handshake is a GET"
            ),
            ("wrong_port", 400): (
                "The request belongs to the other port: a push to the HTTP port, a listener "
                "to the WebSocket port. `msg` says where"
            ),
            ("not_spoken", 400): (
                "The request is of a library of Pusher's or of Socket.IO, and `PUSHER_APPS` or "
                "`SOCKET_IO` is not set"
            ),
            ("uri_too_long", 414): (
                "The request line is longer than 8190 bytes: send the content in a body"
            ),
            ("expectation_failed", 417): "`Expect` is something other than `100-continue`",
            ("headers_too_large", 431): (
                "A header line is longer than 8190 bytes, or there are more than 100"
            ),
            ("not_implemented", 501): "`Transfer-Encoding` is something other than `chunked`",
            ("internal_error", 500): "The server failed; its log says why",
        },
    ),
    *_rows(
        WS,
        {
            ("bad_format", 400): "`format` is neither `text` nor `json`",
            ("bad_last", 400): "`last` is not a number from 0 to 1000",
            ("bad_parameter", 400): (
                "A parameter or subprotocol looks like a slip of one of ours, or is not UTF-8"
            ),
            ("origin_forbidden", 403): "The page's origin is not in `ALLOWED_ORIGINS`",
            ("upgrade_required", 426): (
                "Plain HTTP on the WebSocket port, at another path than `/events`, where a "
                "WebSocket would be taken"
            ),
            ("unsupported_version", 426): "The handshake's `Sec-WebSocket-Version` is not 13",
            ("bad_handshake", 400): (
                "The handshake is HTTP/1.0, lacks `Connection: Upgrade`, or its `Sec-WebSocket-"
                "Key` is wrong"
            ),
            ("unavailable", 503): (
                "No WebSocket is taken now: too many connections, no Redis yet, or the server "
                "stops. `Retry-After` says when to try again. `/events` answers 200 and ends "
                "instead, as only then an `EventSource` comes back"
            ),
        },
    ),
    *_rows(
        WS | COMMAND,
        {
            ("bad_channel", 400): (
                "A name in `channels` is not a channel: it has other characters, or more than "
                "200. Or `channels` is misspelled"
            ),
            ("too_many_channels", 400): "`channels` names more than `MAX_CHANNELS`",
            ("channel_forbidden", 403): (
                "The token does not grant one of `channels`. Without tokens: it is the "
                "channel of a user"
            ),
            ("bad_token", 401): (
                "It is not a token, is not signed with a key of this server, is not valid "
                "yet, or says what is not allowed; `msg` says which"
            ),
            ("token_revoked", 401): "The token was revoked (`POST /revocations`): get a new one",
            ("token_expired", 401): "The token's `exp` has passed: get a new one",
        },
    ),
    *_rows(
        COMMAND,
        {
            ("bad_command", 400): (
                "The command cannot be read: a name stands twice, there is a name besides "
                "those of commands, or a value is not what it must be"
            ),
        },
    ),
)
# `bad_channel` and `too_many_channels` have two: the usual 422 for a push, and 400 for a listener.
USUAL_STATUS = {each.name: each.status for each in reversed(ERRORS)}
