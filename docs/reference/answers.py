"""What can be asked of both ports, and every answer that refuses."""

import json

from common.error_names import ERRORS, USUAL_STATUS, Error, Place
from docs.reference.language import Language
from docs.rooms import ROOT

OPENAPI = ROOT / "http_api" / "openapi.json"
# The WebSocket port has no document of its own.
WS_ROUTES = {
    "WebSocket /…": "Listen, at any path: a text frame, or a JSON object, for each message",
    "GET /events": "Listen: Server-Sent Events",
    "GET /client.js": "The JavaScript client, as a module",
    "GET /healthz": "Is the process up?",
    "GET /readyz": "Do messages reach the clients, and is a connection taken?",
}

PLACES = {
    Place.HTTP: "HTTP",
    Place.WS: "WebSocket",
    Place.COMMAND: "command",
    Place.PUSHER: "Pusher",
}


def routes(language: Language) -> str:
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"]
    http = {
        f"{method.upper()} {path}": operation["summary"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    rows = [
        (f"`{route}`", language.say("words", port, port), language.say(port, route, summary))
        for port, all_routes in (("HTTP", http), ("WebSocket", WS_ROUTES))
        for route, summary in all_routes.items()
    ]
    return language.table(("Route", "Port", "Meaning"), rows)


def table(language: Language) -> str:
    rows = [
        (
            f"`{each.name}`",
            "" if each.places is Place.COMMAND else str(each.status),  # A command has no status.
            _places(each, language),
            language.say("words", "yes", "yes") if each.again else "",
            language.say("errors", _key(each), each.meaning),
        )
        for each in ERRORS
    ]
    return language.table(("`error`", "Status", "Answered", "Try again?", "Meaning"), rows)


def _places(error: Error, language: Language) -> str:
    words = [word for place, word in PLACES.items() if place in error.places]
    return language.listed(language.say("words", word, word) for word in words)


def _key(error: Error) -> str:
    """Two errors have a second status, with a meaning of its own."""
    is_usual = error.status == USUAL_STATUS[error.name]
    return error.name if is_usual else f"{error.name} {error.status}"
