"""Where Redis is, of every form of REDIS_URL."""

from dataclasses import asdict
from typing import Any

import pytest

from config.redis_place import RedisPlace
from config.redis_url import redis_url

LOCAL = {"host": "127.0.0.1", "port": 6379}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:6379/0", LOCAL),
        ("redis://127.0.0.1", LOCAL),
        ("redis://127.0.0.1/", LOCAL),
        ("redis://me@[::1]:7000/3", {"host": "::1", "port": 7000, "db": 3, "username": "me"}),
        ("redis://:s3cret@127.0.0.1", {**LOCAL, "password": True}),
        (
            "rediss://a%40b:s3cret%2F@redis.example:6380/3?ssl_ca_certs=/etc/ca.pem",
            {
                "host": "redis.example",
                "port": 6380,
                "db": 3,
                "username": "a@b",
                "password": True,
                "tls": True,
            },
        ),
        ("unix:///run/redis.sock", {"socket": "/run/redis.sock"}),
        (
            "unix://me:s3cret@/run/my%20redis.sock?db=2",
            {"socket": "/run/my redis.sock", "db": 2, "username": "me", "password": True},
        ),
        (
            "redis+sentinel://a:1,b:2/mymaster/4?sentinel_username=w&sentinel_password=s3cret",
            {"kind": "sentinel", "host": "a", "port": 1, "db": 4},
        ),
        (
            "redis+sentinel://me:s3cret@a,b:2/mymaster",
            {"kind": "sentinel", "host": "a", "port": 26379, "username": "me", "password": True},
        ),
        (
            "redis+cluster://:s3cret@[::1],b:2/0",
            {"kind": "cluster", "host": "::1", "port": 6379, "password": True},
        ),
    ],
)
def test_it_is_told_without_a_password(url: str, told: dict[str, Any]) -> None:
    place = asdict(RedisPlace.of(redis_url(url)))
    usual = {
        "kind": "server",
        "host": None,
        "port": None,
        "db": 0,
        "socket": None,
        "username": None,
        "password": False,
        "tls": False,
    }

    assert place == {**usual, **told, "url": url.replace(_secret_in(url), "***")}
    assert "s3cret" not in str(place)


def _secret_in(url: str) -> str:
    return "s3cret%2F" if "s3cret%2F" in url else "s3cret"
