"""One run, as a list of steps: start, strike, calm down, push a marker, read the ledgers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from chaos.cast import Cast
from chaos.check import Check, Tally, check_all
from chaos.kept import read_kept
from chaos.ledger import entries
from chaos.marker import Markers, without_marker
from chaos.plan import HTTP_APIS, PUBLISHERS, READERS, SCENE_SECONDS, SCENES, Act, Strike
from chaos.pushes import Pushes
from chaos.reader import WITHOUT_IDS
from chaos.scenes import Scenes
from chaos.stage import Stage
from chaos.truth import Truth
from chaos.wrong import Wrong

MARKER_TIMEOUT = 60.0  # Seconds for a last message to reach every reader.
LOOK = 0.5  # Seconds between two looks into the ledgers.


@dataclass(slots=True)
class Result:
    """What came of a run."""

    strikes: Counter[tuple[str, Act]]
    refused_starts: int = 0
    pushes: Pushes = field(default_factory=Pushes)
    logged: int = 0
    lost_by_valkey: int = 0
    tallies: list[Tally] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    scenes: list[str] = field(default_factory=list)  # What was measured in each.


def run(
    folder: Path,
    strikes: Iterable[Strike],
    seconds: float,
    say: Callable[[str], None],
    **settings: object,
) -> Result:
    """Play it all, and check it; leaves no process behind.

    Raises:
        StartFailed: there is nothing to strike.
    """
    cast = Cast(folder, settings)
    stage = Stage(cast)
    scenes = Scenes(stage, folder)
    try:
        say("starting ...")
        stage.start()
        say(f"striking for {seconds:.0f} s ...")
        _strike(stage, scenes, strikes, seconds)
        say("calming down ...")
        stage.calm()
        stage.end(PUBLISHERS)
        markers = _wait_for_readers(stage, cast.ledgers, [cast.ports[name] for name in HTTP_APIS])
        stage.end(READERS)
    finally:
        stage.end_all()
    stage.note_tracebacks()
    say("checking ...")
    result = _check(stage, cast, markers)
    result.scenes = scenes.figures
    return result


def _strike(stage: Stage, scenes: Scenes, strikes: Iterable[Strike], seconds: float) -> None:
    begin = monotonic()
    for strike in strikes:
        stage.tend_for(begin + strike.at - monotonic())
        if strike.act in SCENES:
            start = monotonic()
            scenes.play(strike)
            # The others keep their distance from each other, however long it took.
            begin += max(0.0, monotonic() - start - SCENE_SECONDS)
        else:
            stage.strike(strike)
    stage.tend_for(begin + seconds - monotonic())


def _wait_for_readers(stage: Stage, ledgers: Path, ports: list[int]) -> Markers:
    """Push markers until everybody has read one: those without ids may be away at the first."""
    markers, waiting = Markers(ports), _readers(ledgers)

    def is_done() -> bool:
        markers.push()
        stage.tend_for(LOOK)
        waiting[:] = without_marker(waiting)
        return not waiting and bool(markers.first)

    is_in_time = stage.tend_until(is_done, MARKER_TIMEOUT)
    markers.close()
    if not is_in_time:
        names = ", ".join(path.stem for path in waiting) or "the log"
        stage.wrong.append(Wrong("missing", "a marker", names, "it does not arrive"))
    return markers


def _check(stage: Stage, cast: Cast, markers: Markers) -> Result:
    pushes = _pushes(cast.ledgers)
    markers.add_to(pushes)
    kept = read_kept(cast.valkey_data)
    truth = Truth(kept, pushes, stage.valkey_kills, markers.first)
    ledgers = ((path.stem, entries(path)) for path in _readers(cast.ledgers))
    wrong = [*stage.wrong, *pushes.wrong, *truth.check()]
    tallies = list(check_all(ledgers, truth, WITHOUT_IDS))
    tallies += [
        Check(path.stem, truth, leaves=True).follow(entries(path))
        for path in sorted(cast.ledgers.glob("crowd*.ledger"))
    ]
    return Result(
        stage.strikes,
        sum(actor.refused_starts for actor in stage.actors.values()),
        pushes,
        len(kept.log),
        truth.lost_by_valkey,
        tallies,
        wrong + [each for tally in tallies for each in tally.wrong],
    )


def _pushes(ledgers: Path) -> Pushes:
    pushes = Pushes()
    for path in _ledgers(ledgers, PUBLISHERS):
        pushes.add(path.stem, entries(path))
    return pushes


def _readers(ledgers: Path) -> list[Path]:
    return list(_ledgers(ledgers, READERS))


def _ledgers(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        yield from sorted(folder.glob(f"{name}.*.ledger"))
