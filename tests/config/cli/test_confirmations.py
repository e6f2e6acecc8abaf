from pathlib import Path
from typing import Any

import click
import pytest

from config.cli import confirmations
from config.cli.confirmations import is_final, told, wait_for_receipt
from message_center_client import Client
from tests.support.commands import Recorder, run
from tests.support.scripted_api import Reply, answering

SETTLED: dict[str, Any] = {
    "state": "settled",
    "to": 3,
    "written": 3,
    "confirmed": 3,
    "behind": 0,
    "missed": 0,
    "unknown": 0,
    "waiting": 0,
}
LATE = {**SETTLED, "confirmed": 1}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmations, "PAUSE", 0)


@pytest.mark.parametrize(
    ("more", "is_it"),
    [
        ({}, True),
        ({"confirmed": 2}, False),
        ({"confirmed": 2, "missed": 1}, True),
        ({"waiting": 1}, False),
        ({"to": 0, "confirmed": 0}, True),
        ({"state": "queued"}, False),
    ],
)
def test_a_receipt_is_final_when_nothing_is_left_to_come(more: dict[str, Any], is_it: bool) -> None:
    assert is_final({**SETTLED, **more}) is is_it


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({}, "confirmed by 3 of 3"),
        ({"to": 4, "missed": 1}, "confirmed by 3 of 4, missed: 1"),
        ({"confirmed": 1, "behind": 1, "unknown": 1}, "confirmed by 1 of 3, behind: 1, unknown: 1"),
        ({"state": "queued"}, "no numbers yet: its state is queued"),
    ],
)
def test_a_receipt_is_told_in_a_line(more: dict[str, Any], line: str) -> None:
    assert told({**SETTLED, **more}) == line


def test_that_nobody_knows_how_many_there_were_is_said() -> None:
    assert "was killed" in told({**SETTLED, "unknown": None})


def test_it_is_asked_for_until_it_is_final() -> None:
    answers = iter(({"state": "queued"}, LATE, SETTLED))

    assert wait_for_receipt(lambda: next(answers)) == "confirmed by 3 of 3"


def test_it_is_told_as_it_is_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmations, "PATIENCE", 0)

    assert wait_for_receipt(lambda: LATE) == "confirmed by 1 of 3"


def test_who_may_not_read_is_told_that_it_is_pushed() -> None:
    with answering(Reply(403, '{"code":-1,"error":"insufficient_scope","msg":"no"}')) as api:
        client = Client(api.url)
        with client, pytest.raises(click.ClickException) as raised:
            wait_for_receipt(lambda: client.receipt("p"))

    assert raised.value.message.startswith("it is pushed, but there is no receipt: 403")


@pytest.mark.integration
@pytest.mark.parametrize("kind", [[], ["--json"]])
def test_a_receipt_is_asked_for_with_the_push(
    folder: Path, api: dict[str, str], kind: list[str]
) -> None:
    result = run("push", "{}", "--receipt", *kind, **api)

    assert [form["receipt"] for _, form in Recorder.seen] == [True if kind else ["1"]]
    assert result.exit_code == 1
    assert "it is pushed, but this server gives no receipts" in result.stderr


def test_lines_have_no_receipt(folder: Path) -> None:
    result = run("push", "-", "--receipt")

    assert result.exit_code == 2
    assert "--receipt is for one message, not for lines" in result.stderr
