"""`python -m http_api`: the process of the HTTP API (`php think worker`)."""

from common.serving import server
from config.anonymous import warn_of_anonymous_push


def main() -> None:
    """Serve until stopped; a bad setting ends it with a message that names the variable."""
    settings = server.load_settings("HTTP")
    options = server.options(
        settings, settings.http_host, settings.http_port, settings.http_workers
    )
    process = server.Server(
        options,
        "http_api.process:load",
        settings,
        stop="http_api.process:stop",
        plain="http_api.process:plain",
    )
    warn_of_anonymous_push(settings)
    process.run()


if __name__ == "__main__":
    main()
