"""The examples of the documents: every fenced block of code, and what runs it.

The blocks of a section are one `Session`. A block that starts a server, such as
`$ PUSH_TOKENS=... .venv/bin/message-center serve`, begins another one with these settings.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
)
# Their examples are the English ones; test_docs.py compares them.
CHINESE_PAGES = [name for name in DOCUMENTS if name.endswith(".zh-CN.md")]
PAGES = [name for name in DOCUMENTS if name not in CHINESE_PAGES and name != "CHANGELOG.md"]

FENCE = re.compile(r"```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SETTING = re.compile(r"\b([A-Z][A-Z_]+)=(\S+)")
START = re.compile(r"\$ (export .*|([A-Z_]+=\S+ )*(make run|\S+/message-center (serve|http|ws)))")

# Blocks by their first line. What is said here is checked: a stale entry fails a test.
RUN_BY_A_TEST_OF_ITS_OWN = {
    "curl http://127.0.0.1:2346/revocations ": (
        "test_a_revoked_token_is_closed_everywhere_and_taken_nowhere"
    ),
    "HTTP API   http://127.0.0.1:2346/          (open it: the console)": (
        "test_make_run_prints_what_the_readme_says"
    ),
    "ACL SETUSER message-center-http on >PASSWORD ~message_center ~{message_center}:*": (
        "test_the_documented_rights_are_enough_and_none_is_for_nothing"
    ),
    "const open = Pusher.Runtime.createWebSocket, had": (
        "test_a_page_can_pass_over_what_it_has_had"
    ),
    "# name:token, then what it may do": "test_the_tokens_of_the_documents_can_be_used",
    "make bench                                        # the comparison: 20 minutes": (
        "test_a_scenario_ends_with_a_table"
    ),
    "BROADCAST_CONNECTION=reverb": "test_laravel_broadcasts_with_what_its_env_has",
    'import Echo from "laravel-echo";': "test_laravel_reaches_a_page_with_echo",
    'import Pusher from "pusher-js";': "test_the_page_with_pusher_js_hears_the_backend",
    "$api = new Webman\\Push\\Api(": "test_the_page_of_webman_hears_its_backend",
    "const connection = new Push({": "test_the_page_of_webman_hears_its_backend",
    'const socket = io("http': "test_the_page_with_socket_io_client_hears_a_push",
}
NOT_RUN = {
    '{"code": 0, "msg": "success", "id": "order-1042", "state": "settled"': (
        "what is said a moment later; test_receipts.py waits for it"
    ),
    "your backend ──HTTP──▶ http_api": "a drawing",
    "Python语言消息中心: hello": "what the block before it prints, which is run",
    "docker compose up --build --detach": "needs a Docker daemon; test_compose.py reads the file",
    'echo "PUSH_TOKENS=backend:$(openssl rand -hex 24)" >> .env': "the same",
    "[2026-11-26 10:16:20 +0000] [4711] [INFO] push to news": (
        "lines of a log, whose words test_journal.py and test_flask_requests.py know"
    ),
    "docker build -t message-center .": "the same",
    "useradd --system --home-dir /opt/message-center message-center": (
        "changes the machine; the unit itself is verified in test_docs.py"
    ),
    "mkdir -p /root/check": "the same; test_doctor_command.py finds a misspelled name in .env",
    "redis-cli config set auto-aof-rewrite-percentage 0": "changes the Redis of the machine",
    ".venv/bin/message-center doctor wss://push.example.com/": "test_doctor.py looks at servers",
}
RUNNABLE = ("console", "js", "html", "php", "python")


@dataclass(frozen=True)
class Example:
    """One block; `line` is where its code begins."""

    page: str
    section: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def lines(self) -> list[str]:
        return self.code.splitlines()

    @property
    def is_conversation(self) -> bool:
        """What a client says and is told."""
        return all(line.startswith(("> ", "< ")) for line in self.lines)

    @property
    def is_settings(self) -> bool:
        """Nothing but lines for the environment."""
        return all(SETTING.fullmatch(line) for line in self.lines)

    @property
    def is_run(self) -> bool:
        """By `tests.integration.test_examples`."""
        if self.named_in(RUN_BY_A_TEST_OF_ITS_OWN):
            return False
        if self.language == "text":
            return self.is_conversation
        return self.language in RUNNABLE or (self.language == "sh" and self.is_settings)

    @property
    def is_for_browsers(self) -> bool:
        return self.language in ("js", "html")

    @property
    def is_start(self) -> bool:
        """It starts servers, for the blocks after it, and goes on."""
        return self.language == "console" and all(map(START.fullmatch, self.lines))

    def named_in(self, names: Mapping[str, str]) -> list[str]:
        """Which of these first lines is its own."""
        return [name for name in names if self.code.lstrip().startswith(name)]


@dataclass(frozen=True)
class Session:
    """Blocks of one section that are run one after the other, with the same servers."""

    page: str
    section: str
    settings: Mapping[str, str] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    def __str__(self) -> str:
        return str(self.examples[0])


def find_examples() -> Iterator[Example]:
    """All blocks of all pages, in order."""
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for block in FENCE.finditer(text):
            before = text[: block.start()]
            headings = re.findall(r"^## (.+)", before, re.MULTILINE)
            line = before.count("\n") + 2
            language = block[1] or ("console" if block[2].startswith("$ ") else "text")
            yield Example(page, headings[-1] if headings else "", line, language, block[2])


def tokens_of_the_documents() -> str:
    """The file that is shown for PUSH_TOKENS_FILE."""
    (found,) = (each for each in find_examples() if each.code.startswith("# name:token"))
    return found.code


def find_sessions(is_wanted: Callable[[Example], bool]) -> list[Session]:
    """What is to be run of what is wanted, in groups that share their servers."""
    places = groupby(find_examples(), lambda each: (each.page, each.section))
    split = [session for place, group in places for session in _split(*place, group)]
    for session in split:
        session.examples[:] = filter(is_wanted, session.examples)
    return [session for session in split if session.examples]


def _split(page: str, section: str, examples: Iterator[Example]) -> Iterator[Session]:
    session = Session(page, section)
    for example in examples:
        if example.is_start:
            yield session
            session = Session(page, section, dict(SETTING.findall(example.code)))
        if example.is_run:
            session.examples.append(example)
    yield session
