"""A page with push.js of webman/push, unchanged, in a browser, and the backend that lets it in."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from playwright.sync_api import Page, Route
from pusher import Pusher

from tests.support.programs import need_folder

# Each tab subscribes at its own server; `heard` has what comes, and who has heard it.
CONNECT = """({ports, key, channels}) => {
  window.heard = []
  window.tabs = ports.map((port, at) => {
    const url = `ws://127.0.0.1:${port}`
    const push = new Push({url, app_key: key, auth: `/auth?user=${at + 1}`})
    for (const name of channels) {
      const channel = push.subscribe(name)
      for (const event of ['pusher:subscription_succeeded', 'said', 'client-x']) {
        channel.on(event, (data) => heard.push([at + 1, name, event, data]))
      }
    }
    return push
  })
}"""
HAS_HEARD = "([count]) => heard.length >= count"


class WebmanPage:
    """WEBMAN_PUSH is the folder `src` of the library."""

    def __init__(self, page: Page, backend: Pusher, address: str) -> None:
        need_folder("WEBMAN_PUSH")
        self._page = page
        self._backend = backend
        # A page that is only made up may not reach servers of this machine.
        page.goto(f"{address}/up")
        page.add_script_tag(path=Path(os.environ["WEBMAN_PUSH"]) / "push.js")
        page.route("**/auth?*", self._authorise)

    def connect(self, ports: tuple[int, int], key: str, channels: list[str]) -> None:
        """Two tabs at two servers, each in all channels."""
        given = {"ports": ports, "key": key, "channels": channels}
        self._page.evaluate(CONNECT, given)

    def take(self, count: int) -> list[Any]:
        """The next so many that have come, in an order that does not depend on the tabs."""
        self._page.wait_for_function(HAS_HEARD, arg=[count])
        found: list[Any] = self._page.evaluate("() => heard.splice(0)")
        return sorted(found, key=str)

    def say(self, tab: int, channel: str, data: object) -> None:
        """An event of a client."""
        script = "([at, name, data]) => tabs[at - 1].channels[name].trigger('client-x', data)"
        self._page.evaluate(script, [tab, channel, data])

    def socket_id(self, tab: int) -> str:
        found: str = self._page.evaluate("(at) => tabs[at - 1].connection.socket_id", tab)
        return found

    def _authorise(self, route: Route) -> None:
        asked = parse_qs(route.request.post_data or "")
        (channel,), (socket_id,) = asked["channel_name"], asked["socket_id"]
        user = {"user_id": route.request.url[-1]} if channel.startswith("presence-") else None
        route.fulfill(json=self._backend.authenticate(channel, socket_id, user))
