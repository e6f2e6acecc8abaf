"""`python -m http_api`: the process of the HTTP API (`php think worker`)."""

import sys

from common.serving import server
from common.serving.functions import Functions
from config.anonymous import warn_of_anonymous_push
from config.errors import SettingsError
from config.settings import Settings
from http_api.access.token_file import reread, with_file_tokens

FUNCTIONS = Functions(
    load="http_api.process:load",
    share="http_api.process:share",
    plain="http_api.process:plain",
    stop="http_api.process:stop",
)


class HttpServer(server.Server):
    """The HTTP API, whose file of tokens is read again at SIGHUP."""

    def settings_at_start(self, written: Settings) -> Settings:
        try:
            return with_file_tokens(written)
        except SettingsError as problem:
            sys.exit(f"Error: {problem}")

    def settings_at_reload(self, written: Settings, now: Settings) -> Settings:
        return reread(written, now)


def main() -> None:
    """Serve until stopped; a bad setting ends it with a message that names the variable."""
    settings = server.load_settings("HTTP")
    options = server.options(
        settings, settings.http_host, settings.http_port, settings.http_workers
    )
    process = HttpServer(options, FUNCTIONS, settings)
    warn_of_anonymous_push(settings)
    process.run()


if __name__ == "__main__":
    main()
