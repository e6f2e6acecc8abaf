"""The console's modules that write code, and the real programs that run what they have written."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ROOT
from tests.support.websocket import LIMIT

CONSOLE = ROOT / "http_api/static/console"
HERE = Path(__file__).parent
NOT_EVERYWHERE = ("go", "java", "ruby")  # Of what CI runs, only these may be missing there.
AUTOLOAD = "<?php require_once 'Predis/autoload.php';"  # As composer would have written it.

Call = tuple[str, str, list[Any]]  # A file of the console, what it exports, and the arguments.


@dataclass(frozen=True)
class Runner:
    """How snippets are run: each as `command` and its `file`, the first one as people run it.

    Then `all_at_once` takes the files of all others, if it is there. `needs` is a command that ends
    well where all is there. `is_slow`: it takes seconds, so few are run.
    """

    file: str
    command: Sequence[str]
    needs: Sequence[str] = ()
    all_at_once: Sequence[str] = ()
    is_slow: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def _php(needs: str) -> Runner:
    return Runner("push.php", ["php"], ["php", "-r", f"exit({needs} ? 0 : 1);"], INCLUDE)


def _python() -> Runner:
    run_all = "import runpy, sys; [runpy.run_path(file) for file in sys.argv[1:]]"
    environment = {"PYTHONPATH": f"{ROOT}/clients/python"}
    python = [sys.executable]
    return Runner("push.py", python, [], [*python, "-c", run_all], environment=environment)


CURL_OF_PHP = "function_exists('curl_init')"
PREDIS = "stream_resolve_include_path('Predis/autoload.php')"
HTTP_OF_LARAVEL = "stream_resolve_include_path('Illuminate/Http/autoload.php')"
INCLUDE = ["php", "-r", "foreach (array_slice($argv, 1) as $file) include $file;", "--"]
IMPORT_ALL = "(async () => { for (const file of process.argv.slice(1)) await import(file); })()"
IMPORT = ["node", "-e", IMPORT_ALL]
LOAD = ["ruby", "-e", "ARGV.each { |file| load file }"]
LARAVEL = ["php", str(HERE / "php/run_laravel_snippets.php")]
THINKPHP = [
    "php",
    str(HERE / "php/run_thinkphp_snippets.php"),
]  # Not all at once: each has the same class.

RUNNERS = {
    "curl": Runner("push.sh", ["bash"], ["curl", "--version"]),
    "php": _php(CURL_OF_PHP),
    "phpredis": _php("class_exists('Redis')"),
    "predis": _php(PREDIS),
    "thinkphp": replace(_php(CURL_OF_PHP), command=THINKPHP, all_at_once=()),
    "laravel": replace(_php(HTTP_OF_LARAVEL), command=LARAVEL, all_at_once=LARAVEL),
    "python": _python(),
    "python-client": _python(),
    "node": Runner("push.mjs", ["node"], ["node", "-v"], IMPORT),
    "go": Runner("push.go", ["go", "run"], ["go", "version"], is_slow=True),
    "java": Runner("Push.java", ["java"], ["java", "-version"], is_slow=True),
    "ruby": Runner("push.rb", ["ruby"], ["ruby", "-v"], LOAD),
    "redis-cli": Runner("push.sh", ["bash"], ["redis-cli", "-v"]),
}
IN_SH = {
    f"{language} in sh": replace(RUNNERS[language], command=["sh"])
    for language in ("curl", "redis-cli")
}
RUNNERS |= IN_SH


def written(calls: Sequence[Call]) -> list[Any]:
    """What the console's modules answer, all of it by one start of Node."""
    return answers_to(asked(calls))


def asked(calls: Sequence[Call]) -> str:
    """The calls as Node is told them."""
    return json.dumps([(str(CONSOLE / file), name, given) for file, name, given in calls])


def answers_to(text: str) -> list[Any]:
    """The same, from what `asked` has answered."""
    if not shutil.which("node") and "CI" not in os.environ:
        pytest.skip("there is no Node on this machine")
    ran = subprocess.run(
        ["node", str(HERE / "modules.mjs")],
        input=text,
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    answers: list[Any] = json.loads(ran.stdout)
    return answers


@cache
def _runs_here(language: str) -> bool:
    needs = RUNNERS[language].needs
    if not needs:
        return True
    if not shutil.which(needs[0]):
        return False
    return subprocess.run(needs, check=False, capture_output=True).returncode == 0


def skip_without(language: str) -> None:
    """Skip the test where nothing runs this language; on CI that is a failure."""
    if _runs_here(language):
        return
    if "CI" in os.environ and language not in NOT_EVERYWHERE:
        pytest.fail(f"CI must have what runs {language}")
    pytest.skip(f"nothing runs {language} on this machine")


def run(language: str, snippets: Sequence[str], folder: Path, **environment: str) -> str:
    """Run them as they were copied, in their order; all that they print."""
    runner = RUNNERS[language]
    files = _written(snippets, folder, runner.file)
    (folder / "vendor").mkdir()
    (folder / "vendor/autoload.php").write_text(AUTOLOAD, "utf-8")
    starts = [[*runner.command, file] for file in files]
    if runner.all_at_once:
        starts[1:] = [[*runner.all_at_once, *files[1:]]] if files[1:] else []
    # The plainest locale: what is not ASCII must not depend on it.
    told = {**os.environ, "LC_ALL": "C", **runner.environment, **environment}
    return "".join(_run(start, folder, told) for start in starts)


def _written(snippets: Sequence[str], folder: Path, name: str) -> list[str]:
    """Each in a file of this name."""
    found = []
    for number, snippet in enumerate(snippets):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / name).write_text(snippet, "utf-8", newline="")
        found.append(str(place / name))
    return found


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    ran = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=8 * LIMIT,  # Some are compiled first.
    )
    printed = ran.stdout.decode() + ran.stderr.decode()
    assert ran.returncode == 0, printed
    return printed
