"""What became of every push, from the publishers' ledgers. No I/O here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaos.content import label
from chaos.records import Acknowledged, Entry, Refused, Tried, Unsure
from chaos.wrong import Wrong


@dataclass(slots=True)
class Pushes:
    """`acknowledged` has the time of the answer; whatever else was `tried` may have been done."""

    tried: set[str] = field(default_factory=set)
    acknowledged: dict[str, float] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)

    def add(self, publisher: str, entries: Iterable[Entry]) -> None:
        """One publisher's ledger."""
        tries: dict[int, list[str]] = {}
        for entry in entries:
            match entry.record:
                case Tried(first, count, keyed):
                    tries[first] = [label(publisher, first + at) for at in range(count)]
                    self.tried.update(tries[first])
                    self.figures["keyed" if keyed else "without a key"] += count
                    self.figures["requests"] += 1
                case Acknowledged(first):
                    self.acknowledged.update(dict.fromkeys(tries[first], entry.time))
                case Unsure(_, why):
                    self.figures[f"unsure: {why}"] += 1
                case Refused(first, why):
                    self.wrong.append(Wrong("refused", tries[first][0], publisher, why))
