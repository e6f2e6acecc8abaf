"""`python -m ws_server`: the process of the WebSocket server (`php think worker:server`)."""

from common.serving import server
from common.serving.functions import Functions

FUNCTIONS = Functions(
    load="ws_server.process:load",
    share="ws_server.process:share",
    plain="ws_server.process:plain",
    announce="ws_server.process:announce",
    stop="ws_server.process:stop",
)


def main() -> None:
    """Serve until stopped; a bad setting ends it with a message that names the variable."""
    settings = server.load_settings("WS")
    options = server.options(settings, settings.ws_host, settings.ws_port, settings.ws_workers)
    server.Server(options, FUNCTIONS, settings).run()


if __name__ == "__main__":
    main()
