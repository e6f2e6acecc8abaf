"""`python -m docs.picture`: draws docs/architecture.svg, the rooms of the code and a message's way.

What is drawn is read from the code: the folders, their files, and what imports what. Only the
eight stops of a message are named here, and a name that the code does not have is an error.
"""

import ast
from collections.abc import Iterator, Mapping, Set
from html import escape
from textwrap import wrap
from typing import NamedTuple

from docs.rooms import ROOT, arrows, floor_of, room_of, sources

PICTURE = ROOT / "docs" / "architecture.svg"

# Where a message comes by, in this order: the file, and the class and function in it.
STOPS = (
    ("http_api/push.py", "Push.index"),
    ("common/store/queue.py", "RedisQueue.push"),
    ("ws_server/relay/relay.py", "Relay.tick"),
    ("common/store/log.py", "RedisLog.ask_to_settle"),
    ("ws_server/clients/hub.py", "Hub.publish"),
    ("ws_server/log/feed.py", "Feed.append"),
    ("ws_server/clients/fan_out.py", "FanOut.send"),
    ("ws_server/clients/endpoint.py", "socket.send"),
)
SOCKET = "ws_server/clients/endpoint.py"  # Its `put` is the socket's own `send`.

MIDDLE, MARGIN, GAP, FLOOR_GAP = 500, 24, 22, 50
LINE, TITLE = 17, 44
COLUMN = 128
MOST_ROWS = 7  # Files in one column of a room.
COLORS = {
    "http_api": "#fdf3e1",
    "ws_server": "#e6f0fb",
    "common": "#eaf6ea",
    "config": "#f1edf7",
}


class Room(NamedTuple):
    """A room where it is drawn."""

    name: str
    purpose: list[str]
    files: list[str]
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    def towards(self, other: "Room") -> float:
        """Where an arrow to or from it begins: so those of one room do not lie on one another."""
        most = self.width / 2.5
        return self.middle + max(-most, min(most, (other.middle - self.middle) / 6))


def draw() -> str:
    """The picture, as SVG."""
    check_stops()
    rooms = {room.name: room for room in placed()}
    end = max(room.y + room.height for room in rooms.values()) + 2 * MARGIN
    height = end + LINE * 5 + MARGIN
    left = min(room.x for room in rooms.values()) - MARGIN
    width = 2 * (MIDDLE - left)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.0f} 0 {width:.0f} {height:.0f}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect x="{left:.0f}" width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#8a94a3"/></marker></defs>',
        *lines(rooms),
        *(part for room in rooms.values() for part in box(room)),
        *legend(left + MARGIN, end),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def check_stops() -> None:
    """Raises ValueError if the code has no such stop."""
    for path, stop in STOPS:
        owner, name = stop.split(".")
        if path == SOCKET:
            continue
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        owners = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner]
        named = {n.name for o in owners for n in o.body if isinstance(n, ast.FunctionDef)}
        if not owners or name not in named:
            raise ValueError(f"{path} has no {stop}: name the stop of docs/picture.py anew")


def placed() -> Iterator[Room]:
    """Below all that import from it; the rooms of a floor side by side."""
    floors: dict[int, list[str]] = {}
    found = arrows()
    above = {name: {each for each in found if name in found[each]} for name in found}
    for name in above:
        floors.setdefault(floor_of(name, above), []).append(name)  # As high as it can be.
    y = float(MARGIN)
    for floor in sorted(floors):
        names = sorted(floors[floor])
        sizes = {name: size_of(name) for name in names}
        total = sum(width for width, _ in sizes.values()) + GAP * (len(names) - 1)
        x = MIDDLE - total / 2
        for name in names:
            width, height = sizes[name]
            yield Room(name, purpose_of(name, width), files_of(name), x, y, width, height)
            x += width + GAP
        y += max(height for _, height in sizes.values()) + FLOOR_GAP


def size_of(name: str) -> tuple[float, float]:
    files = files_of(name)
    columns = -(-len(files) // MOST_ROWS)
    width = max(columns * COLUMN + 20, 190)
    rows = -(-len(files) // columns)
    return width, TITLE + LINE * (len(purpose_of(name, width)) + rows - 1) + 8


def files_of(name: str) -> list[str]:
    paths = [path for path in sources() if room_of(path) == name]
    return [path.stem for path in paths if not path.stem.startswith("__")]


def purpose_of(name: str, width: float) -> list[str]:
    source = ROOT.joinpath(*name.split("."), "__init__.py").read_text("utf-8")
    return wrap(ast.get_docstring(ast.parse(source)) or "", int(width / 6.6))


def lines(rooms: dict[str, Room]) -> Iterator[str]:
    """An arrow from each room down to those that it imports from."""
    for name, belows in direct(arrows()).items():
        for below in belows:
            one, two = rooms[name], rooms[below]
            start, end = one.y + one.height, two.y - 2
            bend = (end - start) / 2
            x1, x2 = one.towards(two), two.towards(one)
            yield (
                f'<path d="M{x1:.0f} {start:.0f}C{x1:.0f} {start + bend:.0f} {x2:.0f} '
                f'{end - bend:.0f} {x2:.0f} {end:.0f}" fill="none" stroke="#8a94a3" '
                'stroke-width="1" opacity="0.7" marker-end="url(#tip)"/>'
            )


def direct(arrows: Mapping[str, Set[str]]) -> dict[str, list[str]]:
    """The arrows without those to a room that is reached through another one, too."""

    def reached(name: str) -> set[str]:
        return {*arrows[name]}.union(*map(reached, arrows[name]))

    return {
        name: sorted(belows - set[str]().union(*map(reached, belows)))
        for name, belows in arrows.items()
    }


def box(room: Room) -> Iterator[str]:
    color = COLORS[room.name.partition(".")[0]]
    yield (
        f'<rect x="{room.x:.0f}" y="{room.y:.0f}" width="{room.width:.0f}" '
        f'height="{room.height:.0f}" rx="8" fill="{color}" stroke="#5b6573"/>'
    )
    title = room.name.replace(".", "/")
    yield text(room.x + 12, room.y + 20, title, 'font-weight="700" font-size="14"')
    for row, part in enumerate(room.purpose):
        yield text(room.x + 12, room.y + 37 + 15 * row, part, 'fill="#5b6573" font-size="11"')
    top = room.y + TITLE + LINE * len(room.purpose) - 6
    rows = -(-len(room.files) // -(-len(room.files) // MOST_ROWS))
    for at, file in enumerate(room.files):
        column, row = divmod(at, rows)
        yield from entry(room, file, room.x + 12 + column * COLUMN, top + LINE * row + 6)


def entry(room: Room, file: str, x: float, y: float) -> Iterator[str]:
    """A file, and the numbers of the message's stops in it."""
    path = f"{room.name.replace('.', '/')}/{file}.py"
    stops = [number for number, (at, _) in enumerate(STOPS, 1) if at == path]
    yield text(x, y, file, 'font-weight="700"' if stops else "")
    for place, number in enumerate(stops):
        yield from stop_number(x + 7.6 * len(file) + 14 + 20 * place, y, number)


def legend(left: float, y: float) -> Iterator[str]:
    """The names of the stops, and what an arrow is."""
    yield text(left, y, "The way of a message", 'font-weight="700"')
    for at, (_, stop) in enumerate(STOPS):
        column, row = divmod(at, 4)
        x, line = left + 250 * column, y + LINE * (row + 1) + 6
        yield from stop_number(x + 8, line, at + 1)
        yield text(x + 24, line, stop)
    x = left + 560
    yield text(x, y, "Arrows", 'font-weight="700"')
    yield text(x, y + LINE + 6, "A room imports from those below it to which an arrow leads,")
    yield text(x, y + 2 * LINE + 6, "and from some of those that are reached through them.")


def stop_number(x: float, y: float, number: int) -> Iterator[str]:
    """In a circle."""
    yield f'<circle cx="{x:.0f}" cy="{y - 4:.0f}" r="8" fill="#c2410c"/>'
    yield text(x, y, str(number), 'fill="#fff" font-weight="700" text-anchor="middle"')


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(words)}</text>'


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
