import pytest

from config.redis_url import Login, Nodes, redis_url, without_password

NOBODY = Login()


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://:secret@redis.example",
        "rediss://user:secret@redis.example:6380/3?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_the_address_of_one_redis_names_no_nodes(url: str) -> None:
    assert redis_url(url) == url
    assert Nodes.parse(url) is None


@pytest.mark.parametrize(
    ("url", "nodes"),
    [
        (
            "redis+sentinel://a:1,b:2,c/mymaster",
            Nodes((("a", 1), ("b", 2), ("c", 26379)), NOBODY, NOBODY, "mymaster"),
        ),
        (
            "redis+sentinel://user:p%40ss@[::1]:1/my%20master/3",
            Nodes((("::1", 1),), Login("user", "p@ss"), NOBODY, "my master", 3),
        ),
        (
            "redis+sentinel://:pass@a:1/m/?sentinel_username=watch&sentinel_password=p%26ss",
            Nodes((("a", 1),), Login(None, "pass"), Login("watch", "p&ss"), "m"),
        ),
        ("redis+cluster://a,b:2", Nodes((("a", 6379), ("b", 2)), NOBODY, NOBODY)),
        (
            "redis+cluster://user:pass@a:1/0",
            Nodes((("a", 1),), Login("user", "pass"), Login("user", "pass")),
        ),
    ],
)
def test_nodes_are_read_from_the_address(url: str, nodes: Nodes) -> None:
    assert redis_url(url) == url
    assert Nodes.parse(url) == nodes


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("redis+sentinel://secret:1", "host:port/service"),
        ("redis+sentinel://secret:1/", "host:port/service"),
        ("redis+sentinel:///secret", "host:port/service"),
        ("redis+sentinel://secret:1,/m", "host:port/service"),
        ("redis+sentinel://secret:port/m", "host:port/service"),
        ("redis+sentinel://secret:0/m", "host:port/service"),
        ("redis+sentinel://secret:70000/m", "host:port/service"),
        ("redis+sentinel://secret:1/m/one", "service/db"),
        ("redis+sentinel://secret:1/m/-1", "service/db"),
        ("redis+sentinel://secret:1/m/0/0", "service/db"),
        ("redis+sentinel://secret:1/m?db=1", "host:port/service"),
        ("redis+sentinel://secret:1/m?sentinel_password", "host:port/service"),
        ("redis+cluster://", "host:port,host:port"),
        ("redis+cluster://secret:1/1", "no other database than 0"),
        ("redis+cluster://secret:1?ssl_certfile=a", "host:port,host:port"),
        ("redis+cluster://secret:1;secret:2", "host:port,host:port"),
        ("redis://secret:1,secret:2", "redis+cluster://"),
        ("rediss+sentinel://secret:1/m", "redis+sentinel://"),
        ("sentinel://secret:1/m", "redis+sentinel://"),
    ],
)
def test_a_wrong_address_is_told_its_right_form_and_is_not_shown(url: str, form: str) -> None:
    with pytest.raises(ValueError, match="must be ") as refused:
        redis_url(url)

    assert form in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_empty_address_is_told_from_none() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        redis_url("")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@a:1/0", "redis://:***@a:1/0"),
        ("redis+cluster://user:secret@a:1,b:2", "redis+cluster://user:***@a:1,b:2"),
        (
            "redis+sentinel://a:1,b:2/m?sentinel_password=secret&sentinel_username=b",
            "redis+sentinel://a:1,b:2/m?sentinel_password=***&sentinel_username=b",
        ),
    ],
)
def test_people_see_no_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_what_is_printed_of_nodes_holds_no_password() -> None:
    url = "redis+sentinel://:secret@a:1/m?sentinel_password=secret"

    assert "secret" not in repr(Nodes.parse(url))
