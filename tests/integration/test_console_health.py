"""The console's page Health, in a real browser: what it lists, and what it says is wrong."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.console import open_console, shifts
from tests.support.processes import wait_until
from tests.support.system import KEY, System

SOON = 20_000  # Milliseconds. A process that was killed is gone after 7 seconds.


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two WebSocket servers and an HTTP API."""
    with System(tmp_path_factory.mktemp("running")) as system:
        system.start_ws(system.ws_port, POLL_INTERVAL=0.05, HISTORY_SIZE=5000)
        system.start_ws(POLL_INTERVAL=0.05, HISTORY_SIZE=5000)
        system.start_http(WS_PORT=system.ws_port, POLL_INTERVAL=0.05)
        yield system


def verdict(page: Page) -> Locator:
    return page.locator("#verdict")


def finding(page: Page, name: str) -> Locator:
    return page.locator(f"#check-{name}")


def processes(page: Page) -> Locator:
    return page.locator(".processes tbody tr")


def with_stats(page: Page, change: Callable[[dict[str, Any]], None]) -> None:
    """Let the page read other figures than there are."""

    def answer(route: Route) -> None:
        stats = route.fetch().json()
        change(stats)
        route.fulfill(body=json.dumps(stats), content_type="application/json")

    page.route("**/stats", answer)


def test_every_process_of_both_kinds_is_listed(
    running: System, page: Page, problems: list[str]
) -> None:
    clients = running.connect(running.ws_port, 3)
    open_console(page, running, "health")

    expect(verdict(page)).to_have_text("All is well")
    expect(processes(page)).to_have_count(3)
    expect(finding(page, "processes")).to_contain_text("2 × ws · 1 × http")
    expect(processes(page).filter(has_text="HTTP API")).to_contain_text(["streams"])
    expect(finding(page, "clients")).to_contain_text("connected · 0 behind")
    cells = [row.locator("td").nth(2) for row in processes(page).filter(has_text="WebSocket").all()]
    expect(cells[0].or_(cells[1]).filter(has_text="3")).to_be_visible()  # In the text format.
    expect(finding(page, "redis")).to_contain_text(f"Answers at 127.0.0.1:{running.redis_port}")
    expect(finding(page, "browser")).to_contain_text(f"listen at ws://127.0.0.1:{running.ws_port}/")
    for client in clients:
        client.socket.close()
    expect(cells[0].or_(cells[1]).filter(has_text="3")).to_have_count(0, timeout=SOON)
    assert shifts(page) == []


def test_a_process_that_is_killed_keeps_its_place_until_another_takes_it(
    running: System, page: Page, problems: list[str]
) -> None:
    victim, _ = running.start_ws(POLL_INTERVAL=0.05, HISTORY_SIZE=5000)
    open_console(page, running, "health")
    expect(processes(page)).to_have_count(4)
    name = processes(page).last.locator("b").inner_text().split(" · ")[1]

    victim.kill_all()

    expect(verdict(page)).to_have_text("A process is gone", timeout=SOON)
    expect(finding(page, "processes")).to_contain_text(name)
    expect(finding(page, "processes")).to_contain_text("2 × ws")
    expect(processes(page).last).to_have_attribute("data-state", "gone")
    other, _ = running.start_ws(POLL_INTERVAL=0.05, HISTORY_SIZE=5000)
    expect(verdict(page)).to_have_text("All is well", timeout=SOON)
    expect(processes(page)).to_have_count(4)
    expect(processes(page).last).not_to_contain_text(name)
    other.stop()
    expect(processes(page).last).to_have_attribute("data-state", "gone", timeout=SOON)
    page.goto(page.url.replace("health", "who"))
    page.goto(page.url.replace("who", "health"))
    expect(processes(page)).to_have_count(3)
    assert shifts(page) == []


def test_it_says_that_redis_does_not_answer(
    running: System, page: Page, problems: list[str]
) -> None:
    open_console(page, running, "health")
    expect(verdict(page)).to_have_text("All is well")

    with running.stalled_redis():
        expect(verdict(page)).to_have_text("Redis does not answer", timeout=SOON)
        expect(finding(page, "redis")).to_contain_text(f"it runs at 127.0.0.1:{running.redis_port}")
        expect(finding(page, "queue")).to_contain_text("Nobody knows without Redis")
        expect(processes(page).last).to_have_attribute("data-state", "unknown")
        expect(processes(page)).to_have_count(3)

    expect(verdict(page)).to_have_text("All is well", timeout=SOON)
    assert shifts(page) == []


def test_it_says_that_the_log_forgets_by_number_before_it_would_by_age(
    running: System, page: Page, problems: list[str]
) -> None:
    open_console(page, running, "health")
    expect(finding(page, "log")).to_have_attribute("data-state", "good")

    for _ in range(6):
        many = json.dumps([{"content": "one of many"}] * 1000).encode()
        assert running.call("/push/batch", many, Content_Type="application/json")[0] == 200

    expect(verdict(page)).to_have_text("The log forgets early", timeout=SOON)
    expect(finding(page, "log")).to_contain_text("reach back")
    expect(finding(page, "log")).to_contain_text("not 1 d (HISTORY_SECONDS)")
    assert shifts(page) == []


def test_without_a_websocket_server_it_says_so_and_that_messages_wait(
    system: System, page: Page, problems: list[str]
) -> None:
    ws, port = system.start_ws(POLL_INTERVAL=0.05)
    system.start_http(WS_PORT=port, POLL_INTERVAL=0.05)
    system.push("delivered")  # Without a log nobody knows how old the queue is.
    wait_until(lambda: system.redis.llen(KEY) == 0, "an empty queue")
    ws.stop()
    open_console(page, system, "health")
    expect(verdict(page)).to_contain_text("No WebSocket server runs")
    expect(finding(page, "browser")).to_contain_text("no WebSocket server says that it runs")

    system.push("waits")

    expect(verdict(page)).to_contain_text("Messages wait too long", timeout=SOON)
    expect(finding(page, "queue")).to_contain_text("waiting · oldest")
    expect(verdict(page)).to_contain_text("This browser cannot listen")
    assert shifts(page) == []


def test_without_the_http_api_it_says_so_and_greys_what_it_knew(
    system: System, page: Page, problems: list[str]
) -> None:
    system.start_ws(system.ws_port, POLL_INTERVAL=0.05)
    http = system.start_http(WS_PORT=system.ws_port, POLL_INTERVAL=0.05)
    open_console(page, system, "health")
    expect(verdict(page)).to_have_text("All is well")

    http.kill_all()

    expect(verdict(page)).to_contain_text("The HTTP API does not answer", timeout=SOON)
    expect(page.locator(".health")).to_have_attribute("data-stale", "true")
    expect(finding(page, "processes")).to_contain_text("1 × ws · 1 × http")
    assert shifts(page) == []


def two_versions(stats: dict[str, Any]) -> None:
    stats["processes"][0]["version"] = "0.1.0"


def clients_behind(stats: dict[str, Any]) -> None:
    stats["totals"]["behind"] = stats["processes"][-1]["behind"] = 7


def silence(stats: dict[str, Any]) -> None:
    stats["processes"][-1]["age"] = 6.2


def deafness(stats: dict[str, Any]) -> None:
    stats["processes"][-1]["deaf"] = True


@pytest.mark.parametrize(
    ("change", "said", "state"),
    [
        (deafness, ("A process is deaf", "processes", "not even one to itself"), "bad"),
        (two_versions, ("Processes of two versions", "processes", "Versions 0.1.0, 0."), "warn"),
        (clients_behind, ("Clients are behind", "clients", "7 take messages more slowly"), "warn"),
        (silence, ("A process is silent", "processes", "have said something after 2 s"), "warn"),
    ],
)
def test_it_says_what_else_is_wrong(
    running: System,
    page: Page,
    problems: list[str],
    change: Callable[[dict[str, Any]], None],
    said: tuple[str, str, str],
    state: str,
) -> None:
    title, name, text = said
    with_stats(page, change)
    open_console(page, running, "health")

    expect(verdict(page)).to_contain_text(title, timeout=SOON)
    expect(finding(page, name)).to_contain_text(text)
    expect(finding(page, name)).to_have_attribute("data-state", state)
