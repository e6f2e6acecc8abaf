"""Results as tables and claims, and both as Markdown. It knows no scenario."""

from dataclasses import dataclass, field
from statistics import median

Cell = float | str | None


@dataclass(frozen=True)
class Row:
    """One subject's figures; a cell is a number, a word, or None for not measured."""

    subject: str
    cells: tuple[Cell, ...]

    def named(self, subject: str) -> "Row":
        """The same figures under another name."""
        return Row(subject, self.cells)


def median_row(rows: list[Row]) -> Row:
    """Of several runs of one subject, the median of each column of numbers.

    A run that gave no figures (a peer that failed) is the answer for all of them.
    """
    for row in rows:
        if any(isinstance(cell, str) for cell in row.cells):
            return row
    columns = zip(*(row.cells for row in rows), strict=True)
    return Row(rows[0].subject, tuple(map(_median, columns)))


def medians(rounds: list[list[Row]]) -> list[Row]:
    """Each subject's median row; every round has the same subjects."""
    return [median_row(list(runs)) for runs in zip(*rounds, strict=True)]


def ratios(rounds: list[list[Row]], to: str, column: int) -> dict[str, float]:
    """Each subject compared to one of the same round, the median of the rounds.

    Only those that have the number in all rounds: nothing if `to` has not.
    """
    names = [row.subject for row in rounds[0]]
    if to not in names:
        return {}
    by_round = [[_number(row, column) for row in rows] for rows in rounds]
    least = names.index(to)
    found: dict[str, float] = {}
    for at, name in enumerate(names):
        pairs = [(numbers[at], numbers[least]) for numbers in by_round]
        each = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
        if len(each) == len(rounds):
            found[name] = median(each)
    return found


def _median(column: tuple[Cell, ...]) -> Cell:
    numbers = [cell for cell in column if isinstance(cell, float)]
    return median(numbers) if numbers else None


def _number(row: Row, column: int) -> float | None:
    cell = row.cells[column] if column < len(row.cells) else None
    return cell if isinstance(cell, float) else None


def median_ratio(rounds: list[list[Row]], row: int, to: int, column: int) -> float:
    """How one row compares to another of the same round: other rounds have other neighbours."""

    def cell(rows: list[Row], at: int) -> float:
        found = rows[at].cells[column]
        if not isinstance(found, float):
            raise TypeError(f"{rows[at].subject} has no number in column {column}")
        return found

    return median(cell(rows, row) / cell(rows, to) for rows in rounds)


@dataclass(frozen=True)
class Claim:
    """A figure that was promised, and what came out; None if it takes a peer that is missing."""

    text: str
    measured: float | None
    bound: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def verdict(self) -> str:
        """What the table says."""
        if self.measured is None:
            return "not measured"
        return "yes" if self.is_met else "**no**"


@dataclass(frozen=True)
class Table:
    """One scenario's rows; `charts` are the columns worth a plot."""

    title: str
    conditions: str
    columns: tuple[str, ...]
    rows: list[Row]
    claims: list[Claim] = field(default_factory=list)
    charts: tuple[str, ...] = ()

    def column(self, name: str) -> list[tuple[str, float]]:
        """The subjects that have a number there, with it."""
        at = self.columns.index(name)
        found = [(row.subject, row.cells[at]) for row in self.rows if at < len(row.cells)]
        return [(subject, cell) for subject, cell in found if isinstance(cell, float)]


def shown(cell: Cell) -> str:
    """A cell as it is printed: three digits are what these measurements carry."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 1000:
        return f"{float(f'{cell:.3g}'):,.0f}"
    return f"{float(f'{cell:.3g}'):g}"


def markdown(table: Table) -> str:
    """Heading, conditions and rows."""
    lines = [f"## {table.title}", "", table.conditions, ""]
    lines += [_line(["", *table.columns]), _line(["---"] * (len(table.columns) + 1))]
    blank = (None,) * len(table.columns)
    for row in table.rows:
        cells = (*row.cells, *blank)[: len(table.columns)]
        lines.append(_line([row.subject, *map(shown, cells)]))
    return "\n".join(lines) + "\n"


def claims_markdown(claims: list[Claim]) -> str:
    """The table of targets."""
    lines = ["## Targets", "", _line(["", "measured", "wanted", "met"]), _line(["---"] * 4)]
    for claim in claims:
        sign = "≥" if claim.at_least else "≤"
        wanted = f"{sign} {shown(claim.bound)}"
        lines.append(_line([claim.text, shown(claim.measured), wanted, claim.verdict]))
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
