"""The console at `/`: one page whose modules are in `static/console`.

The page itself holds nothing of anybody: what it shows it asks for, with the token that it was
given. Its policy lets it run our own files only, make no HTML of any text, and connect to this
server and to the WebSocket server.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, render_template

from config.settings import Settings


def add_console(app: Flask, settings: Settings) -> None:
    """Add the route."""
    policy = policy_of(settings)

    @app.get("/")
    def console() -> Response:
        response = Response(render_template("console.html"))
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-cache"
        return response


def policy_of(settings: Settings) -> str:
    """The Content-Security-Policy. By which name a browser knows this host, only it knows."""
    url = settings.ws_public_url
    places = f"{urlsplit(url).netloc}" if url else f"*:{settings.ws_port}"
    schemes = "wss https" if url.startswith("wss:") else "ws http wss https"
    listeners = " ".join(f"{scheme}://{places}" for scheme in schemes.split())
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {listeners}; "
        "require-trusted-types-for 'script'; trusted-types 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
