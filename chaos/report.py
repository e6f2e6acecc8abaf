"""What came of a run, as a table for people. No I/O here."""

from collections import Counter
from collections.abc import Iterator, Sequence

from chaos.check import Tally
from chaos.plan import Act
from chaos.run import Result

SHOWN = 12  # Wrong things that are shown, of each sort.
COLUMNS = (
    ("connections", "connections"),
    ("read", "read"),
    ("missing", "missing"),
    ("doubled", "doubled"),
    ("out of order", "out of order"),
    ("never pushed", "made up"),
    ("gaps", "gaps told"),
    ("inside gaps", "inside gaps"),
    ("vanished", "lost later"),
)


def report(result: Result, seed: str) -> str:
    """All of it; the seed again, so that it stands next to what it led to."""
    parts = [
        _table(("Strikes", *Act, "all"), _strike_rows(result)),
        _push_lines(result),
        _table(("Readers", *(title for _, title in COLUMNS)), _reader_rows(result.tallies)),
        _ends(result.tallies),
        "\n".join(["Scenes:", *(f"  {line}" for line in result.scenes or ["none"])]),
        "\n".join(_wrong_lines(result, seed)),
    ]
    return "\n\n".join(parts)


def _strike_rows(result: Result) -> Iterator[list[str]]:
    for kind in sorted({kind for kind, _ in result.strikes}):
        counts = [result.strikes[kind, act] for act in Act]
        yield [kind, *(str(each or "") for each in counts), str(sum(counts))]


def _push_lines(result: Result) -> str:
    pushes, figures = result.pushes, result.pushes.figures
    unsure = [
        f"{count} {why.removeprefix('unsure: ')}"
        for why, count in figures.items()
        if why.startswith("unsure: ")
    ]
    return "\n".join(
        [
            f"Pushed: {len(pushes.tried)} messages in {figures['requests']} requests, "
            f"{figures['keyed']} of them with a key; {len(pushes.acknowledged)} acknowledged, "
            f"{len(pushes.tried) - len(pushes.acknowledged)} unacknowledged",
            f"Requests without an answer that counts: {', '.join(unsure) or 'none'}",
            f"In the log: {result.logged}. Acknowledged, and lost by Valkey before it was on disk, "
            f"or thrown away: {result.lost_by_valkey}",
            f"Starts refused because a port was still taken: {result.refused_starts}",
        ]
    )


def _reader_rows(tallies: Sequence[Tally]) -> Iterator[list[str]]:
    kinds: dict[str, Counter[str]] = {}
    for tally in tallies:
        kind = kinds.setdefault(tally.name.split(".")[1], Counter())
        kind["readers"] += 1
        kind.update(tally.figures)
    for name, figures in kinds.items():
        yield [f"{name} ({figures['readers']})", *(str(figures[key]) for key, _ in COLUMNS)]


def _ends(tallies: Sequence[Tally]) -> str:
    ends: Counter[str] = sum((tally.ends for tally in tallies), Counter())
    told = ", ".join(f"{count} {why}" for why, count in ends.most_common())
    return f"Connections ended: {told or 'none'}"


def _wrong_lines(result: Result, seed: str) -> Iterator[str]:
    sorts: dict[str, int] = Counter(each.what for each in result.wrong)
    for what in sorts:
        some = [each for each in result.wrong if each.what == what]
        yield from map(str, some[:SHOWN])
        if len(some) > SHOWN:
            yield f"{what}: {len(some) - SHOWN} more"
    if result.wrong:
        yield f"WRONG ({seed}): " + ", ".join(f"{n} {what}" for what, n in sorts.items())
    else:
        yield f"Nothing is wrong ({seed})"


def _table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    """Columns as wide as they need to be, numbers to the right."""
    lines = [list(head), *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    )
