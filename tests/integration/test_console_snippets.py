"""The code that the console shows pushes what was meant, run as it was copied by the real programs.

What entered the log is read back from it. Go, Java and Ruby are skipped where they are not.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from config.redis_place import RedisPlace
from tests.support.certificate import make_certificate
from tests.support.processes import wait_until
from tests.support.redis_servers import Server, cluster, sentinels
from tests.support.snippets import RUNNERS, answers_to, asked, run, skip_without, written
from tests.support.system import System
from tests.support.tls_proxy import tls_proxy

EVERYBODY = {"kind": "everybody", "names": []}
TO = (
    EVERYBODY,
    {"kind": "channels", "names": ["orders", "news.eu"]},
    {"kind": "users", "names": ["42", "a@b.c:d"]},
)
TEXTS = (
    "订单 1024 已付款 🎉",
    'it\'s a "test" of `id` $HOME ${HOME} $(id) #{1+1} #$0 {$a} %s %PATH% !! \\ \\n \\u0041 \\',
    "line one\nline two\n",
    "@/etc/passwd",
    "-d --help",
    "\r\n\ttabs\tand\r returns",
    "a\0001\0b\x01\x1b[31m\x7f\x85",
    "\u2028 \u2029 \u202e \ufeff \u200b \u00ad",
    '\x1e{"content": "forged"}',
    "  at the edges  ",
    '{"looks": "like JSON"}',
    "👨‍👩‍👧 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "*/ ?> <?php </script> <!-- // # -- ''' \"\"\" EOF",
    "0",
    "a+b&c=d;e%41%00#f?g",
    "长" * 20_000,
)
VALUES: tuple[Any, ...] = (
    {
        "order": 1024,
        "state": "已付款",
        "price": 19.9,
        "large": 1e21,
        "none": None,
        "flags": [True, False],
        "empty": [{}, [], ""],
        "__proto__": {"x": 1},
        'it\'s $5 "q" `\\`': "\u2028\0\t'",
    },
    [],
    {},
    {"0": "a", "1": "b"},
    [[1, [2, -3]], "a"],
)
# The worst of each kind, for languages that take long.
FEW = (("".join(TEXTS[:9]), TO[1]), (VALUES[0], TO[2]))
ALL = [(content, TO[at % 3]) for at, content in enumerate([*TEXTS, *VALUES])]
TOKEN = "7hYcqS3fEx4mpleT0ken"
PASSWORD = "it's a $ecret"
USER = "push'er"
REDIS_LANGUAGES = ("phpredis", "predis", "redis-cli")
WITHOUT_ID = (*REDIS_LANGUAGES, "python-client")  # The last one prints nothing but an id.

Case = tuple[Any, Mapping[str, Any]]


class Place(NamedTuple):
    """Servers to push to, and what the console knows of them."""

    system: System
    server: dict[str, Any]

    def read(self, path: str) -> Any:
        answer = self.system.call(path, Authorization=f"Bearer {self.server['token']}")
        assert answer[0] == 200
        return answer[1]


def place(system: System, token: str = "", **settings: object) -> Place:
    """Both servers, ready."""
    told: Any = {"DELIVERY": "instant", "POLL_INTERVAL": 0.05, **settings}
    system.start_ws(system.ws_port, **told)
    system.start_http(**told)
    found = Place(system, {"token": token})
    about = found.read("/about")
    api = f"http://127.0.0.1:{system.http_port}"
    found.server.update(api=api, redis=about["redis"], key=about["key"])
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with System(tmp_path_factory.mktemp("usual")) as system:
        yield place(system)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a token, a user and a password of Redis, another database, and an odd key."""
    folder = tmp_path_factory.mktemp("secured")
    with ExitStack() as stack:
        redis = Server(folder / "redis", f'unixsocket "{folder}/redis\'s.sock"')
        stack.callback(redis.close)
        redis.redis.acl_setuser(
            USER, True, passwords=[f"+{PASSWORD}"], keys=["*"], channels=["*"], commands=["+@all"]
        )
        url = f"redis://push%27er:it%27s%20a%20%24ecret@{redis.address}/3"
        system = stack.enter_context(System(folder, url))
        redis.redis.acl_setuser("default", False)
        key = 'center:it\'s-"$5"'
        yield place(system, TOKEN, PUSH_TOKENS=f"test:{TOKEN}", MESSAGE_CENTER_KEY=key)


def snippets(runner: str, cases: Sequence[Case], server: Mapping[str, Any]) -> list[str]:
    language = runner.partition(" in ")[0]
    pushes = [{"content": content, "to": to, "receipt": asks(to)} for content, to in cases]
    return written([("snippets.js", "snippet", [language, push, server]) for push in pushes])


def asks(to: Mapping[str, Any]) -> bool:
    """Whether a receipt is asked for."""
    return bool(to["kind"] == "users")


def channels(to: Mapping[str, Any]) -> list[str]:
    prefix = "user:" if to["kind"] == "users" else ""
    return [prefix + name for name in to["names"]]


def arrived(where: Place, after: str) -> list[tuple[Any, list[str]]]:
    """Contents and recipients of what was pushed until now."""
    form = b"content=the%20end"
    where.system.call("/push", form, Authorization=f"Bearer {where.server['token']}")
    found: list[tuple[Any, list[str]]] = []

    def has_all() -> bool:
        page = where.read(f"/messages?after={after}")
        found[:] = [(each["content"], each["to"]) for each in page["messages"]]
        return found[-1:] == [("the end", [])]

    wait_until(has_all, "the end in the log")
    return found[:-1]


def check(language: str, cases: Sequence[Case], where: Place, folder: Path, **env: str) -> str:
    """Push all of them, and compare what has entered the log; what the programs printed."""
    skip_without(language)
    after = where.read("/messages?last=1")["next"]
    code = snippets(language, cases, where.server)
    printed = run(language, code, folder / language, REDIS_PASSWORD=PASSWORD, **env)
    wanted = [(content, channels(to)) for content, to in cases]
    assert arrived(where, after) == wanted, printed
    if any(asks(to) for _, to in cases) and not language.startswith(WITHOUT_ID):
        assert '"id"' in printed  # Of the receipt.
    return printed


def test_there_is_a_way_to_run_each_language() -> None:
    (languages,) = written([("snippets.js", "LANGUAGES", [])])

    assert [each["id"] for each in languages] == [each for each in RUNNERS if " in " not in each]


def test_what_is_nested_too_deeply_is_told_instead_of_an_error() -> None:
    push = {"content": "deep", "to": EVERYBODY}
    text = asked(
        [("snippets.js", "snippet", [each, push, {"api": ""}]) for each in ("curl", "php")]
    )
    codes = answers_to(text.replace('"deep"', "[" * 3000 + "]" * 3000))

    assert all("too deeply" in code for code in codes)


@pytest.mark.parametrize("language", RUNNERS)
def test_a_snippet_pushes_exactly_what_was_meant(
    language: str, usual: Place, tmp_path: Path
) -> None:
    check(language, FEW[1:] if RUNNERS[language].is_slow else ALL, usual, tmp_path)


@pytest.mark.parametrize("language", RUNNERS)
def test_a_snippet_brings_its_token_and_its_password(
    language: str, secured: Place, tmp_path: Path
) -> None:
    cases = FEW[:1] if RUNNERS[language].is_slow else FEW
    printed = check(language, cases, secured, tmp_path)

    assert PASSWORD not in "".join(snippets(language, cases, secured.server))
    assert printed


class At(NamedTuple):
    """Where Redis is, how the list is looked at, and what programs find in their environment."""

    url: str
    redis: Any
    environment: Mapping[str, str] = {}


@contextmanager
def a_socket(folder: Path) -> Iterator[At]:
    redis = Server(folder / "redis", f'unixsocket "{folder}/redis\'s.sock"')
    redis.redis.config_set("requirepass", PASSWORD)  # This connection has been let in before.
    with closing(redis):
        yield At(f"unix://:{quote(PASSWORD)}@{folder}/redis's.sock?db=0", redis.redis)


@contextmanager
def tls(folder: Path) -> Iterator[At]:
    certificate = make_certificate(folder, "localhost")
    trusted = {"SSL_CERT_FILE": str(certificate.path)}
    with (
        closing(Server(folder / "redis")) as redis,
        tls_proxy(redis.port, certificate) as port,
    ):
        yield At(f"rediss://localhost:{port}/0", redis.redis, trusted)


@contextmanager
def a_cluster(folder: Path) -> Iterator[At]:
    """The first node is not the one that has the list."""
    with cluster(folder) as pair:
        yield At(pair.url, pair.master.redis)


@contextmanager
def a_sentinel(folder: Path) -> Iterator[At]:
    with sentinels(folder) as pair:
        _nobody, others = pair.url.split(",", 1)
        yield At(f"redis+sentinel://{others}", pair.master.redis)


@pytest.mark.parametrize("kind", [a_socket, tls, a_cluster, a_sentinel])
def test_a_snippet_finds_redis(
    kind: Callable[[Path], AbstractContextManager[At]], tmp_path: Path
) -> None:
    cases: list[Case] = [("plain text", EVERYBODY), ("for some", TO[1])]
    wanted = [b"plain text", {"content": "for some", "channels": ["orders", "news.eu"]}]
    with kind(tmp_path) as at:
        server = {"api": "", "token": "", "redis": asdict(RedisPlace.of(at.url)), "key": "key"}
        for language in REDIS_LANGUAGES:
            skip_without(language)
            code = snippets(language, cases, server)
            environment = {"REDIS_PASSWORD": PASSWORD, **at.environment}
            printed = run(language, code, tmp_path / language, **environment)
            plain, enveloped = at.redis.rpop("key"), at.redis.rpop("key")
            assert enveloped, printed
            assert [plain, json.loads(enveloped.removeprefix(b"\x1e"))] == wanted
            assert at.redis.rpop("key") is None
