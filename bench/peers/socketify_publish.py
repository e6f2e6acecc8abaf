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

    def push(res: Any, _req: Any) -> None:
        body = bytearray()

        def take(res: Any, chunk: bytes | None, is_last: bool) -> None:
            body.extend(chunk or b"")
            if is_last:
                app.publish(TOPIC, body.decode(), OpCode.TEXT)
                res.end("ok")

        # Not `await res.get_text()`: with many connections that ends the process (0.0.31).
        res.on_data(take)

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
