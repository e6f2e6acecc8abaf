"""What each page heard of each channel, against what the log has of it. No I/O here."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.pages.audience import Heard, Removed
from chaos.wrong import Wrong, clock

Blow = tuple[float, str]  # When, and what was done.
SKEW = 1.0  # Seconds by which one worker may be ahead of another one.
NEVER = (0.0, "nothing")


@dataclass(slots=True)
class Tally:
    """Of all pages: how much they heard, and what of it again, after what."""

    heard: int = 0
    doubled: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)  # Seconds from the first time to the blow.
    wrong: list[Wrong] = field(default_factory=list)


def check(
    heard: Iterable[Heard],
    logged: Mapping[str, Sequence[int]],
    places: Iterable[tuple[str, str]],
    blows: Sequence[Blow],
    may_double: str,
) -> Tally:
    """`places` are pages and channels that must have everything; `blows` stand in their order.

    After one named `may_double` the last messages may come again.
    """
    tally = Tally()
    by_page: dict[tuple[str, str], list[Heard]] = {place: [] for place in places}
    for each in heard:
        if (each.page, each.channel) in by_page:
            tally.heard += 1
            by_page[each.page, each.channel].append(each)
    for (page, channel), its in by_page.items():
        _check_one(tally, f"{page} on {channel}", its, logged[channel], blows, may_double)
    return tally


def last_blow(blows: Sequence[Blow], at: float) -> Blow:
    """The last one before that time."""
    after = bisect_right(blows, (at, "~"))
    return blows[after - 1] if after else NEVER


def when(blows: Sequence[Blow], at: float) -> str:
    """That time, for people."""
    then, blow = last_blow(blows, at)
    return f"at {clock(at)}, {at - then:.2f} s after {blow}"


def thought_gone(
    removed: Iterable[Removed],
    blows: Sequence[Blow],
    visitor: str,
    time_to_return: Mapping[str, float],
) -> list[Wrong]:
    """Who was said to have left although it was back, or had time still to come back.

    `time_to_return`: seconds after those blows that end connections.
    """
    return [
        Wrong("thought gone", each.who, each.page, when(blows, each.at))
        for each in removed
        if each.who != visitor and _is_here(each, last_blow(blows, each.at), time_to_return)
    ]


def _is_here(each: Removed, blow: Blow, time_to_return: Mapping[str, float]) -> bool:
    at, what = blow
    is_back = at < each.entered < each.at - SKEW
    return is_back or each.at - at < time_to_return.get(what, math.inf)


def _check_one(
    tally: Tally,
    who: str,
    its: Sequence[Heard],
    logged: Sequence[int],
    blows: Sequence[Blow],
    may_double: str,
) -> None:
    places = {number: place for place, number in enumerate(logged)}
    seen: dict[int, float] = {}  # When they were heard first.
    newest = -1
    for each in its:
        place = places.get(each.number)
        struck_at, blow = last_blow(blows, each.at)
        where = when(blows, each.at)
        if place is None:
            tally.wrong.append(Wrong("never pushed", str(each.number), who, where))
        elif each.number in seen:
            tally.doubled[blow] += 1
            tally.ages.append(struck_at - seen[each.number])
            if blow != may_double:
                tally.wrong.append(Wrong("doubled", str(each.number), who, where))
        elif place < newest:
            tally.wrong.append(Wrong("out of order", str(each.number), who, where))
        else:
            newest = place
        seen.setdefault(each.number, each.at)
    for number in logged:
        if number not in seen:
            tally.wrong.append(Wrong("missing", str(number), who))
