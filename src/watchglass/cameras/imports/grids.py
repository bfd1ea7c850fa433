"""Grids of cells in which a maker's camera looks for motion, as polygons."""

from collections.abc import Iterator, Sequence

from watchglass.model.polygon import MOST_POINTS, Point

Grid = Sequence[Sequence[bool]]


def hex_grid(text: str, rows: int, columns: int) -> Grid:
    """Rows of hexadecimal digits, the first column in the highest bit; empty where it is none."""
    if not text or not 0 < rows <= 256 or not 0 < columns <= 256 or len(text) % rows:
        return ()
    digits = len(text) // rows
    try:
        numbers = [int(text[at * digits : (at + 1) * digits], 16) for at in range(rows)]
    except ValueError:
        return ()
    if digits * 4 < columns:
        return ()
    return [
        [bool(number >> (digits * 4 - 1 - column) & 1) for column in range(columns)]
        for number in numbers
    ]


def polygons(grid: Grid) -> list[tuple[Point, ...]]:
    """One for each part that hangs together, from 0 to 1. A part with bays is covered whole, row by
    row; one that would have too many corners by the box around it."""
    return [_outline(part, len(grid), len(grid[0])) for part in _parts(grid)] if grid else []


def _parts(grid: Grid) -> Iterator[dict[int, tuple[int, int]]]:
    """By row, the first cell and the one after the last."""
    open_cells = {(y, x) for y, row in enumerate(grid) for x, cell in enumerate(row) if cell}
    while open_cells:
        waiting = [open_cells.pop()]
        spans: dict[int, tuple[int, int]] = {}
        while waiting:
            y, x = waiting.pop()
            left, right = spans.get(y, (x, x + 1))
            spans[y] = min(left, x), max(right, x + 1)
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if near in open_cells:
                    open_cells.remove(near)
                    waiting.append(near)
        yield spans


def _outline(spans: dict[int, tuple[int, int]], rows: int, columns: int) -> tuple[Point, ...]:
    right: list[tuple[int, int]] = []
    left: list[tuple[int, int]] = []
    for y in sorted(spans):
        first, end = spans[y]
        for side, x in ((left, first), (right, end)):
            if side and side[-1][0] == x:
                side[-1] = (x, y + 1)
            else:
                side += [(x, y), (x, y + 1)]
    corners = [*right, *reversed(left)]
    if len(corners) > MOST_POINTS:
        box = min(x for x, _ in left), max(x for x, _ in right), min(spans), max(spans) + 1
        corners = [(box[0], box[2]), (box[1], box[2]), (box[1], box[3]), (box[0], box[3])]
    return tuple((x / columns, y / rows) for x, y in corners)
