"""The settings of the place where the command is started, and the servers that they lead to."""

import os
from pathlib import Path

import click

from config import load
from config.addresses import reachable
from config.errors import SettingsError
from config.settings import Settings


def settings_here() -> tuple[dict[str, str], Settings]:
    """What is set, by name, and all settings; a bad one ends the command with its name."""
    try:
        values = load.read(os.environ, Path(".env"))
        return values, load.parse(values)
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from problem


def http_url(settings: Settings) -> str:
    """The HTTP API, as this machine reaches it."""
    return f"http://{reachable(settings.http_host)}:{settings.http_port}"


def ws_url(settings: Settings) -> str:
    """The WebSocket server, as this machine reaches it."""
    return f"ws://{reachable(settings.ws_host)}:{settings.ws_port}/"


def push_token(settings: Settings, given: str | None) -> str | None:
    """The one that is given, or else the first of PUSH_TOKENS."""
    return given or next((each[1] for each in settings.push_tokens), None)
