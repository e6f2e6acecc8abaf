"""How an example of the documents is run: commands, programs and conversations."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from threading import Event, Thread, Timer

from config.load import parse
from tests.support.examples import SETTING, Example
from tests.support.stage import Stage, comparable
from tests.support.websocket import LIMIT, TEXT

PUSH_AGAIN = 0.25  # Seconds until a listener that was not connected yet gets another message.


class Missing(Exception):
    """The program that an example is for is not on this machine."""


def run_console(example: Example, stage: Stage) -> None:
    """Commands, and what each prints."""
    code = stage.local(example.code)
    commands = [line.removeprefix("$ ") for line in code.splitlines() if line.startswith("$ ")]
    expected = [line for line in comparable(code) if not line.startswith("$ ")]
    if "redis-cli" in code and not shutil.which("redis-cli"):
        raise Missing("redis-cli")
    if re.search(r"curl -N| listen\b", commands[0]):
        run_stream(commands[0], expected, stage)
        return
    said = comparable(bash("\n".join(commands), stage))
    if "curl -i" in code:  # The document leaves out most headers.
        said = [line for line in said if line in expected]
    assert said == (expected or [""])


def bash(script: str, stage: Stage) -> str:
    """All that it prints."""
    return subprocess.run(
        ["bash", "-c", f'curl() {{ command curl --silent "$@"; }}\n{script}'],
        check=False,
        env=stage.environment,
        cwd=stage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * LIMIT,
    ).stdout


def run_stream(command: str, expected: list[str], stage: Stage) -> None:
    """A command that goes on: when it has said its first line, its message is pushed."""
    content = re.findall(r'消息中心: (.+)|"content":"(.+?)"', expected[-1])[0]
    process = subprocess.Popen(
        ["bash", "-c", command.replace("curl", "curl --silent")],
        env=stage.environment,
        cwd=stage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    timer = Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        with process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            stage.push("".join(content))
            lines += [process.stdout.readline() for _ in expected[1:]]
            os.killpg(process.pid, signal.SIGKILL)
    finally:
        timer.cancel()
        timer.join()
    assert comparable("".join(lines)) == expected


def run_listener(example: Example, stage: Stage) -> None:
    """A program that prints what is pushed, from when it is connected."""
    ended = Event()

    def push() -> None:
        while not ended.wait(PUSH_AGAIN):
            stage.push("seen")

    process = subprocess.Popen(
        [sys.executable, "-u", "-c", stage.local(example.code)],
        env=stage.environment,
        cwd=stage.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pushing, timer = Thread(target=push), Timer(LIMIT, process.kill)
    pushing.start()
    timer.start()
    try:
        with process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.kill()
    finally:
        ended.set()
        timer.cancel()
        pushing.join()
        timer.join()
    assert comparable(line)[0] == "ID None seen"


def run_conversation(example: Example, stage: Stage) -> None:
    """What a client says, and what it is told."""
    is_json = example.code.startswith("> {")
    with stage.listener("/?format=json" if is_json else "/") as client:
        if is_json:
            client.texts(1)  # The welcome.
        for line in example.lines:
            direction, text = line[0], line[2:]
            if direction == ">":
                client.send(TEXT, text.encode())
            else:
                assert comparable(client.texts(1)[0]) == comparable(text)


def run_settings(example: Example, _stage: Stage) -> None:
    """Each line is a setting that the start would take."""
    for line in example.lines:
        parse(dict(SETTING.findall(line)))


def run_php(example: Example, stage: Stage) -> None:
    """What it pushes arrives; a token that it prints lets one listen."""
    if not shutil.which("php"):
        raise Missing("php")
    if "Predis" in example.code and not php(r"echo class_exists('Predis\Client');", stage):
        raise Missing("predis")
    run_program(example, stage, php)


def run_python(example: Example, stage: Stage) -> None:
    """It ends well, and what it prints is right; one that listens goes on instead."""
    if "listen(" in example.code:
        run_listener(example, stage)
        return
    run_program(example, stage, python)


def run_program(example: Example, stage: Stage, interpreter: Callable[[str, Stage], str]) -> None:
    with stage.listener("/?channels=orders", stage.token(channels=["orders"])) as client:
        printed = interpreter(stage.local(example.code), stage)
        pushed = re.search(r"'(订单 \d+ 已付款)'", example.code)
        if pushed:
            assert client.texts(1)[0].endswith(pushed[1])
    if "$token" in example.code or "token =" in example.code:
        with stage.listener("/?channels=orders,news.eu", printed.strip()):
            pass


def php(code: str, stage: Stage) -> str:
    autoload = "@include 'Predis/autoload.php'; @include 'Predis/Autoloader.php';"
    known = "if (class_exists('Predis\\Autoloader')) Predis\\Autoloader::register();"
    return interpret(["php", "-r", f"{autoload} {known}\n{code}"], stage)


def python(code: str, stage: Stage) -> str:
    return interpret([sys.executable, "-c", code], stage)


def interpret(command: list[str], stage: Stage) -> str:
    ran = subprocess.run(
        command,
        check=False,
        env=stage.environment,
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


RUNNERS: dict[str, Callable[[Example, Stage], None]] = {
    "console": run_console,
    "php": run_php,
    "python": run_python,
    "sh": run_settings,
    "text": run_conversation,
}
