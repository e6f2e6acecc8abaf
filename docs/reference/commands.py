"""The command line, as its own help says it."""

import re
from collections.abc import Iterator

import click

from config.cli.cli import main
from docs.reference.language import Language
from ws_server.door import sign

NAMES = ("serve", "http", "ws", "token", "push", "listen", "status", "top", "doctor")


def _found() -> dict[str, click.Command]:
    context = click.Context(main)
    assert {*NAMES} == {*main.list_commands(context)}  # noqa: S101
    found = {name: main.get_command(context, name) for name in NAMES}
    # `message-center token` hands its options on to this one.
    return {**{name: each for name, each in found.items() if each}, "token": sign.main}


COMMANDS = _found()


def commands(language: Language) -> str:
    rows = [
        (
            f"`{_usage(name, command)}`",
            language.say("commands", name, _help(command)),
            f"`{(command.epilog or '').removeprefix('Example: ')}`",
        )
        for name, command in COMMANDS.items()
    ]
    options = [
        row
        for name, command in [("", main), *COMMANDS.items()]
        for row in _options(name, command, language)
    ]
    return "\n\n".join(
        [
            language.table(("Command", "Meaning", "Example"), rows),
            language.table(("Option", "Default", "Meaning"), options),
        ]
    )


def _usage(name: str, command: click.Command) -> str:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    context = click.Context(command, info_name=name)
    return " ".join([name, *(each.make_metavar(context) for each in arguments)])


def _help(command: click.Command) -> str:
    """On one line, with the names of settings as code."""
    text = " ".join((command.help or "").split())
    return re.sub(r"\b[A-Z]+(_[A-Z]+)+\b", r"`\g<0>`", text)


def _options(
    name: str, command: click.Command, language: Language
) -> Iterator[tuple[str, str, str]]:
    for each in command.params:
        if isinstance(each, click.Option):
            written = f"{name} {each.opts[0]}".strip()
            default = f"`{each.default}`" if type(each.default) is int else ""
            meaning = language.say("options", written, each.help or "")
            value = "" if each.is_flag else f" {each.metavar or each.name.upper()}"
            yield f"`{written}{value}`", default, meaning
