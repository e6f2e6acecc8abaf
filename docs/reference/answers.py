"""What can be asked of both ports."""

import json

from docs.reference.language import Language
from docs.rooms import ROOT

OPENAPI = ROOT / "http_api" / "openapi.json"
# The WebSocket port has no document of its own.
WS_ROUTES = {
    "WebSocket, any path": "Listen: a text frame, or a JSON object, for each message",
    "GET /events": "Listen: Server-Sent Events",
    "GET /healthz": "Is the process up?",
    "GET /readyz": "Does Redis answer, and is a connection taken?",
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
