"""Secrets stay where they were put: in no repository, no image and nothing printed of settings.

That they are in no log is for the tests of what logs.
"""

import re
from dataclasses import fields

from config.settings import Settings
from tests.support.processes import ROOT

SECRET = "k3ep-th1s-secret-0123456789-0123456789"


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def published_ports(service: str) -> list[str]:
    """What docker-compose.yml publishes of a service."""
    _, _, rest = text("docker-compose.yml").partition(f"\n  {service}:\n")
    assert rest
    body = re.split(r"^(?:  )?\w", rest, maxsplit=1, flags=re.MULTILINE)[0]
    _, _, ports = body.partition("\n    ports:\n")
    return re.findall(
        r"^      - (.+)", re.split(r"^    \w", ports, flags=re.MULTILINE)[0], re.MULTILINE
    )


def test_the_file_of_settings_gets_into_no_repository_and_no_image() -> None:
    let_in = [line for line in text(".dockerignore").splitlines() if line.startswith("!")]

    assert ".env" in text(".gitignore").splitlines()
    assert "*" in text(".dockerignore").splitlines()
    assert [line for line in let_in if ".env" in line] == []
    assert "COPY . " not in text("Dockerfile")


def test_compose_publishes_the_http_api_on_loopback_and_redis_not_at_all() -> None:
    assert published_ports("redis") == []
    assert published_ports("http") == [
        '"${HTTP_PUBLISH:-127.0.0.1}:${HTTP_PORT:-2346}:2346"'  # Elsewhere it wants tokens.
    ]
    assert published_ports("ws") == ['"${WS_PORT:-2345}:2345"']  # Found where there is one.


def test_settings_that_are_printed_show_no_secret() -> None:
    settings = Settings(push_tokens=(("backend", SECRET),), subscribe_secret=SECRET)

    assert SECRET not in repr(settings)


def test_every_setting_that_is_named_a_secret_or_a_token_is_kept_from_print() -> None:
    named = {
        each.name
        for each in fields(Settings)
        if re.search(r"secret$|tokens?$|apps$|webhooks$", each.name)
    }

    assert named == {each.name for each in fields(Settings) if not each.repr}
