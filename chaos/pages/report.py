"""What came of a run, for people. No I/O here."""

from collections import Counter
from collections.abc import Iterator

from chaos.pages.run import Result

SHOWN = 12  # Wrong things that are shown, of each sort.


def report(result: Result, said: str) -> str:
    """All of it; how it is repeated stands at the end."""
    return "\n".join([*_blow_lines(result), *_age_lines(result), *_wrong_lines(result, said)])


def _blow_lines(result: Result) -> Iterator[str]:
    yield f"{result.logged} messages, {result.tally.heard} of them heard by pages"
    for kind, count in sorted(result.blows.items()):
        back = sorted(result.back.get(kind, [0.0]))
        doubled = result.tally.doubled[kind]
        yield (
            f"{count:4} x {kind:20} {doubled:5} heard twice, {doubled / count:.1f} each time; all "
            f"right again after {back[len(back) // 2]:.1f} s, {back[-1]:.1f} s at the most"
        )


def _age_lines(result: Result) -> Iterator[str]:
    ages = sorted(result.tally.ages)
    if ages:
        middle, oldest = ages[len(ages) // 2], ages[-1]
        yield (
            f"Of what was heard twice, half was heard first less than {middle * 1000:.0f} ms "
            f"before the blow, all less than {oldest * 1000:.0f} ms"
        )


def _wrong_lines(result: Result, said: str) -> Iterator[str]:
    counts = Counter(each.what for each in result.wrong)
    yield f"Wrong: {', '.join(f'{n} {what}' for what, n in counts.items()) or 'nothing'}"
    for what in counts:
        some = [each for each in result.wrong if each.what == what]
        yield from (f"  {each}" for each in some[:SHOWN])
    if counts:
        yield f"Again: python -m chaos.pages {said}"
