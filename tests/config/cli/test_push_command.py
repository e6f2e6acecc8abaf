import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from config.cli import push_command
from tests.support.commands import ENCODINGS, Recorder, command, piped, run
from tests.support.scripted_api import CUT, Reply, ScriptedApi, answering, refuses


@pytest.mark.integration
def test_a_push_to_nobody_fails_with_the_address(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # And nobody listens at it.
        port = taken.getsockname()[1]
        result = run("push", "hello", HTTP_HOST="127.0.0.1", HTTP_PORT=str(port))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: no answer from http://127.0.0.1:{port}/push: ")


@pytest.mark.integration
def test_a_push_carries_the_first_token(folder: Path, api: dict[str, str]) -> None:
    tokens = "one:0123456789abcdef-1,two:0123456789abcdef-2"

    assert run("push", "hello", PUSH_TOKENS=tokens, **api).exit_code == 0
    assert run("push", "hello", **api).exit_code == 0
    assert Recorder.seen == [
        ("Bearer 0123456789abcdef-1", {"content": ["hello"]}),
        (None, {"content": ["hello"]}),
    ]


@pytest.mark.integration
def test_a_push_does_not_go_through_a_proxy(folder: Path, api: dict[str, str]) -> None:
    """Its owner would get the token and the content. Here nobody listens at it."""
    environ = dict.fromkeys(("http_proxy", "all_proxy"), "http://127.0.0.1:1")

    assert run("push", "hello", **api, **environ).exit_code == 0


@pytest.mark.integration
def test_a_push_can_be_addressed(folder: Path, api: dict[str, str]) -> None:
    named = ["--channel", "orders", "--channel", "news", "--user", "42", "--user", "43"]

    assert run("push", *named, "hello", **api).exit_code == 0
    assert [form for _, form in Recorder.seen] == [
        {"content": ["hello"], "channels": ["orders,news"], "users": ["42,43"]}
    ]


@pytest.mark.integration
@pytest.mark.parametrize("environ", ENCODINGS)
def test_a_push_is_of_utf_8_whatever_the_terminal_is(
    folder: Path, api: dict[str, str], environ: dict[str, str]
) -> None:
    done = command("push", "已付款 🎉".encode(), **api, **environ)

    assert (done.returncode, done.stderr) == (0, b"")
    assert Recorder.seen == [(None, {"content": ["已付款 🎉"]})]
    assert done.stdout.decode("gbk", "replace").startswith('{"code":0,"msg":"success')


@pytest.mark.integration
@pytest.mark.parametrize("shell", ['"$@" | true', '"$@" >/dev/full', '"$@" >&-'])
def test_a_push_has_succeeded_where_nobody_reads_that(
    folder: Path, api: dict[str, str], shell: str
) -> None:
    push = [sys.executable, "-P", "-m", "config.cli", "push", "hello"]
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell, "-", *push],
        env={**os.environ, **api},
        capture_output=True,
        timeout=90,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert Recorder.seen == [(None, {"content": ["hello"]})]


@pytest.mark.integration
def test_a_push_to_what_speaks_no_http_fails_in_words(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        answering = threading.Thread(target=answer_nonsense, args=[other])
        answering.start()
        port = str(other.getsockname()[1])
        done = command("push", "x", HTTP_HOST="127.0.0.1", HTTP_PORT=port)
        answering.join()

    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: no answer from http://127.0.0.1:")


def answer_nonsense(listener: socket.socket) -> None:
    client, _ = listener.accept()
    with client:
        client.recv(65536)
        client.sendall(b"-ERR unknown command\r\n")  # As Redis does.


@pytest.mark.integration
def test_a_push_to_an_empty_name_is_sent_as_one_to_be_refused(
    folder: Path, api: dict[str, str]
) -> None:
    """Left out, it would be a push to everybody."""
    run("push", "--user", "", "hello", **api)
    run("push", "--channel", "", "--user=", "hello", **api)

    assert [form for _, form in Recorder.seen] == [
        {"content": ["hello"], "users": [""]},
        {"content": ["hello"], "channels": [""], "users": [""]},
    ]


@pytest.mark.integration
def test_a_push_takes_an_id_and_a_token(folder: Path, api: dict[str, str]) -> None:
    run("push", "hello", "--id", "order-1", "--token", "mine", **api)

    assert Recorder.seen == [("Bearer mine", {"content": ["hello"], "id": ["order-1"]})]


@pytest.mark.integration
def test_a_push_takes_an_event_and_names_with_commas(folder: Path, api: dict[str, str]) -> None:
    more = ["--event", "made", "--except", "1.2"]
    run("push", "hello", *more, "--channel", '["a,b"]', "--channel", "c,d", **api)
    run("push", "--json", "{}", *more, "--user", "1,2", **api)

    said = {"event": "made", "except": "1.2"}
    names = {"channels": ['["a,b","c","d"]']}
    assert [form for _, form in Recorder.seen] == [
        {"content": ["hello"], **{name: [text] for name, text in said.items()}, **names},
        {"content": {}, **said, "users": ["1", "2"], "id": None},
    ]


def test_what_begins_like_a_list_and_is_none_is_refused(folder: Path) -> None:
    result = run("push", "hello", "--channel", '["a"')

    assert result.exit_code == 2
    assert "--channel" in result.stderr


@pytest.mark.integration
def test_json_is_pushed_as_json_only_if_that_is_said(folder: Path, api: dict[str, str]) -> None:
    text = '{"订": [1.0]}'
    named = ["--channel", "orders", "--user", "42", "--id", "1", "--token", "mine"]
    to = {"channels": ["orders"], "users": ["42"], "id": "1"}

    assert run("push", text, **api).exit_code == 0
    assert run("push", "--json", text, **api).exit_code == 0
    assert run("push", "--json", *named, text, **api).exit_code == 0
    assert Recorder.seen == [
        (None, {"content": [text]}),
        (None, {"content": {"订": [1.0]}, "id": None}),
        ("Bearer mine", {"content": {"订": [1.0]}, **to}),
    ]


@pytest.mark.parametrize("text", ["hello", "{", '"hello"', "1", "[" * 5000])
def test_what_is_no_json_is_not_pushed_as_json(folder: Path, text: str) -> None:
    result = run("push", text, "--json")

    assert result.exit_code == 2
    assert "Invalid value for TEXT: it is n" in result.stderr


def settings_of(api: ScriptedApi) -> dict[str, str]:
    return {"HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(api.server_port)}


@pytest.mark.integration
def test_lines_are_pushed_and_counted(folder: Path) -> None:
    with answering() as api:
        told = ["--user", "42", "--id", "run", "--token", "mine"]
        done = piped("订单\n\nb".encode(), "push", "-", *told, **settings_of(api))

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b'{"code":0,"count":2,"msg":"success"}\n'
    (asked,) = api.asked
    assert (asked.path, asked.authorization) == ("/push/batch", "Bearer mine")
    assert asked.body == [
        {"content": "订单", "users": ["42"], "id": "run-1"},
        {"content": "b", "users": ["42"], "id": "run-3"},
    ]


@pytest.mark.integration
def test_lines_of_json_say_for_whom_they_are(folder: Path) -> None:
    said = b'"a"\n{"content":"b","user":7}\n'
    with answering() as api:
        done = piped(said, "push", "-", "--json", "--channel", "c", **settings_of(api))

    assert done.returncode == 0
    first, second = api.asked[0].body
    assert (first["content"], first["channels"]) == ("a", ["c"])
    assert (second["user"], "channels" in second) == (7, False)


@pytest.mark.integration
def test_a_refused_line_is_named_and_the_status_is_1(folder: Path) -> None:
    with answering(refuses(422, "bad_id", index=1), Reply()) as api:
        done = piped(b"a\nb\nc\n", "push", "-", **settings_of(api))

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == (
        b"Error: line 2: 422: bad_id: in words: bad_id; lines pushed: 1, and none after them\n"
    )


@pytest.mark.integration
def test_what_is_not_confirmed_can_be_pushed_again_under_the_same_id(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(push_command, "PATIENCE", 0.1)
    (tmp_path / "lines").write_bytes(b"a\nb\n")
    with (tmp_path / "lines").open() as lines, answering(CUT) as api:
        monkeypatch.setattr("sys.stdin", lines)
        monkeypatch.setenv("HTTP_PORT", str(api.server_port))
        asked = push_command.Asked("my run", None, (), ())
        with pytest.raises(click.ClickException, match="lines pushed: 0; to go on") as raised:
            push_command._push_lines(asked, is_json=False)

    assert raised.value.message.endswith("push the same lines with --id 'my run'")


@pytest.mark.integration
def test_a_token_that_fits_no_header_is_refused(folder: Path) -> None:
    done = piped(b"a\n", "push", "-", "--token", "a b")

    assert done.returncode == 2
    assert b"--token: a token has printable ASCII" in done.stderr
