"""The settings in their groups, as tables."""

from config.checks import Number, OneOf, plain
from config.setting import Description, describe_group
from config.settings import GROUPS
from docs.reference.language import Language


def tables(language: Language) -> str:
    return "\n\n".join(_group(group, language) for group in GROUPS)


def _group(group: type, language: Language) -> str:
    title = language.say("groups", group.__name__, title_of(group))
    rows = [
        (
            f"`{each.name}`",
            f"`{each.default}`" if each.default else "",
            allowed(each, language),
            language.say("settings", each.name, each.meaning),
        )
        for each in describe_group(group)
    ]
    return f"### {title}\n\n{language.table(('Name', 'Default', 'Allowed', 'Meaning'), rows)}"


def title_of(group: type) -> str:
    return group.__doc__ or group.__name__


def allowed(setting: Description, language: Language) -> str:
    match setting.check:
        case Number(low=low, high=high, unit=unit, or_zero=or_zero):
            zero = language.say("words", "or zero", "0, or ") if or_zero else ""
            bounds = zero + language.say("words", "bounds", "{} to {}").format(
                _long(low), _long(high)
            )
            return f"{bounds} {language.say('words', unit.name, unit.name)}" if unit else bounds
        case OneOf(words=words):
            return language.listed(f"`{word}`" for word in words)
    return ""


def _long(number: float) -> str:
    return f"{int(number):,}" if number >= 100_000 else plain(number)
