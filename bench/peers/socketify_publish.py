"""socketify (uWebSockets): every connection subscribes to one topic, a push publishes to it.

Run with two ports; the pushes come to the second one.
"""

import sys
from typing import Any

from socketify import App, AppListenOptions, CompressOptions, OpCode

TOPIC = "all"


def main(port: int, push_port: int) -> None:
    """Serve until killed."""
    app = App()

    async def push(res: Any, _req: Any) -> None:
        text = await res.get_text()
        app.publish(TOPIC, text, OpCode.TEXT)
        res.end("ok")

    app.ws(
        "/*",
        {
            "compression": CompressOptions.DISABLED,
            "idle_timeout": 0,
            "max_backpressure": 1 << 30,
            "open": lambda ws: ws.subscribe(TOPIC),
        },
    )
    app.post("/push", push)
    for each in (port, push_port):
        app.listen(AppListenOptions(host="127.0.0.1", port=each))
    app.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
