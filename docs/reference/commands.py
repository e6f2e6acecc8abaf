"""The command line, as its own help says it."""

from collections.abc import Iterator

import click

from config.cli.cli import main
from docs.reference.language import Language
from ws_server.door import sign

# `message-center token` hands its options on to this one.
COMMANDS = {**main.commands, "token": sign.main}


def commands(language: Language) -> str:
    rows = [
        (
            f"`{_usage(name, command)}`",
            language.say("commands", name, " ".join((command.help or "").split())),
            f"`{(command.epilog or '').removeprefix('Example: ')}`",
        )
        for name, command in COMMANDS.items()
    ]
    options = [
        row for name, command in COMMANDS.items() for row in _options(name, command, language)
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


def _options(
    name: str, command: click.Command, language: Language
) -> Iterator[tuple[str, str, str]]:
    for each in command.params:
        if isinstance(each, click.Option):
            written = f"{name} {each.opts[0]}"
            default = f"`{each.default}`" if isinstance(each.default, int) else ""
            meaning = language.say("options", written, each.help or "")
            metavar = each.metavar or each.name.upper()
            yield f"`{written} {metavar}`", default, meaning
