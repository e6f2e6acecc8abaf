"""The libraries of other protocols in a browser, and the examples of the documents that use them.

They are some of `tests/support/npm`. Those for PHP are in no package that can be had, so variables
of the environment name their folders.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.examples import Example, find_examples
from tests.support.programs import need
from tests.support.stage import Stage

# Each, and its file for pages without a bundler.
FILES = {
    "pusher-js": "dist/web/pusher.js",
    "laravel-echo": "dist/echo.iife.js",
    "socket.io-client": "dist/socket.io.js",
}


def php_library(name: str) -> Path:
    """The folder of a library for PHP, which this variable of the environment names."""
    need("php")
    if name not in os.environ:
        pytest.skip(f"{name} does not name the folder of its library")
    return Path(os.environ[name])


def example(page: str, first: str) -> Example:
    """The one of a document that begins so."""
    (found,) = (
        each for each in find_examples() if each.page == page and each.code.startswith(first)
    )
    return found


def open_page(page: Page, stage: Stage, *scripts: Path) -> None:
    """A page of the HTTP API that has no policy of its own, with these scripts."""
    page.goto(f"{stage.console}healthz")
    for script in scripts:
        page.add_script_tag(path=script)
    page.evaluate("() => { window.Echo = window.Echo?.default }")  # As an import has it.


def run_in(page: Page, stage: Stage, code: str) -> None:
    """Run an example as a bundler would have made it: the libraries are there already."""
    without_imports = re.sub(r"^import .*\n", "", stage.local(code), flags=re.MULTILINE)
    page.evaluate(f"() => {{ {without_imports} }}")
