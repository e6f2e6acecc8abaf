"""`python -m http_api`: the process of the HTTP API (`php think worker`)."""

from config import server


def main() -> None:
    """Serve until stopped; a bad setting ends it with a message that names the variable."""
    settings = server.load_settings("HTTP")
    options = server.options(
        settings, settings.http_host, settings.http_port, settings.http_workers
    )
    server.Server(options, "http_api.process:load", settings).run()


if __name__ == "__main__":
    main()
