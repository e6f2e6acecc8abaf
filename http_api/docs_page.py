"""The API as pages that people read and try, at `/docs`: Swagger UI over `/openapi.json`.

All of it comes from this server. The package that brings Swagger UI is asked for its files only:
its own page has a script in it, which our Content-Security-Policy refuses. Where the package was
left out there are no pages.
"""

from importlib.util import find_spec
from pathlib import Path

from flask import Flask, Response, abort, render_template, send_from_directory

PACKAGE = "flask_swagger_ui"
FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_docs(app: Flask) -> None:
    """Add the routes."""

    @app.get("/docs")
    def docs() -> Response:
        response = Response(render_template("docs.html"))
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/docs/<filename>")
    def docs_file(filename: str) -> Response:
        folder = folder_of_files()
        if folder is None or filename not in FILES:
            abort(404)
        return send_from_directory(folder, filename, max_age=86_400)


def folder_of_files() -> Path | None:
    """Where Swagger UI is; None if it is not installed."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "dist"
