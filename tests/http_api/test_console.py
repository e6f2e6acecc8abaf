"""The console as it is served: its policy, and that every file it names is there."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.console import policy_of

STATIC = Path(__file__).parents[2] / "http_api/static/console"
IMPORTED = re.compile(r'(?:from |import\(?)"(\.{1,2}/[^"]+)"')


def rules(policy: str) -> dict[str, list[str]]:
    return {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}


def test_the_console_runs_no_script_but_its_own_files(http: FlaskClient) -> None:
    response = http.get("/")
    policy = rules(response.headers["Content-Security-Policy"])

    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == ["'self'"]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert policy["trusted-types"] == policy["frame-ancestors"] == ["'none'"]
    assert not any("unsafe" in value for values in policy.values() for value in values)
    assert not re.search(
        r"<script[^>]*>[^<]|<style|\sstyle=|\son\w+=|javascript:|https?://", response.text
    )


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("", ["ws://*:2345", "http://*:2345", "wss://*:2345", "https://*:2345"]),
        ("wss://push.example.com/ws", ["wss://push.example.com", "https://push.example.com"]),
    ],
)
def test_it_connects_to_the_two_servers_only(url: str, places: list[str]) -> None:
    policy = rules(policy_of(Settings(ws_public_url=url)))

    assert policy["connect-src"] == ["'self'", *places]


def test_all_that_it_names_is_served(http: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', http.get("/").text)

    assert len(named) == 5
    for path in named:
        with http.get(f"/{path}") as response:
            assert response.status_code == 200
            assert response.data


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_a_module_imports_only_modules_that_are_there_and_is_not_too_long(path: Path) -> None:
    text = path.read_text("utf-8")

    assert text.count("\n") <= 250
    for name in IMPORTED.findall(text):
        assert (path.parent / name).is_file()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_it_is_not_heavy() -> None:
    """It is sent as it stands, each file once."""
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < 224 * 1024


def test_every_module_is_imported() -> None:
    """No file is left over from what there once was."""
    reached, new = set[Path](), {STATIC / "main.js"}
    while new:
        path = new.pop()
        reached.add(path)
        named = {(path.parent / name).resolve() for name in IMPORTED.findall(path.read_text())}
        new |= named - reached

    assert reached == set(STATIC.rglob("*.js"))
