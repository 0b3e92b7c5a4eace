"""UV atlases: islands of several surfaces on ground that is none; drawn for `augment`, laid out by `islands`.

Numbers only, of a few hundred bytes a sample. A game's texture is seldom one that tiles: it is the unwrapped parts of
a thing, each a piece of some material, turned and often mirrored, with margins and unused space around them.
"""

from math import cos, pi, sin
from typing import Final, NamedTuple

import numpy as np

from unbake.data.turn import Turn

_MATERIALS: Final = (0.15, 0.35, 0.3, 0.2)
"""Chances of one to four materials in an atlas."""

_MOST_CELLS: Final = 12
_LEAST_CELL: Final = 6
"""Texels a side."""

_EMPTY: Final = 0.12
"""Chance that a cell stays unused."""


class Rounded(NamedTuple):
    """A rectangle with round corners. radius: in shorter sides; 0.5 makes discs and capsules."""

    radius: float


class Outline(NamedTuple):
    """A polygon. points: its corners in order, (down, right) in sides of its box."""

    points: tuple[tuple[float, float], ...]


class Box(NamedTuple):
    """A rectangle of texels."""

    top: int
    left: int
    height: int
    width: int


class Island(NamedTuple):
    """A piece of a surface in an atlas.

    layer: number of the surface. source: the piece of it that is shown. shape: of the piece, within `source`. turn: of
    the piece and its shape, before they are laid at (top, left).
    """

    layer: int
    source: Box
    shape: Rounded | Outline
    turn: Turn
    top: int
    left: int

    @property
    def place(self) -> Box:
        """The texels of the atlas that it lies in."""
        _, _, height, width = self.source
        sides = (width, height) if self.turn.quarters % 2 else (height, width)
        return Box(self.top, self.left, *sides)


class Ground(NamedTuple):
    """What lies between the islands in a picture and its masks; normals are flat there.

    colour: sRGB in [0, 1], as networks read it. mask: value of the masks. reach: texels that the borders of islands are
    bled over it, 0 for none.
    """

    colour: tuple[float, float, float]
    mask: float
    reach: int


class Atlas(NamedTuple):
    """Where islands lie, and on what.

    mirrors: gain of the environment mask of islands that are no metal, where others are: its artist marks metal first.
    """

    islands: tuple[Island, ...]
    ground: Ground
    mirrors: float = 1.0


def draw_materials(rng: np.random.Generator) -> int:
    """How many surfaces an atlas shows, one to four."""
    return 1 + int(rng.choice(len(_MATERIALS), p=_MATERIALS))


def draw_atlas(rng: np.random.Generator, side: int, layers: int) -> Atlas:
    """An atlas of side × side texels, 16 or more, that shows each of so many surfaces, at most four, at least once."""
    margin = int(rng.integers(1, 2 + side // 48))
    least = max(_LEAST_CELL, side // 12) + 2 * margin
    wanted = int(rng.integers(max(2, layers), _MOST_CELLS + 1))
    cells = sorted(_cells(rng, side, wanted, layers, least), key=lambda cell: -cell.height * cell.width)
    shares = rng.dirichlet(np.full(layers, 1.5))
    islands: list[Island] = []
    for number, cell in enumerate(cells):
        if number >= layers and rng.random() < _EMPTY:
            continue
        layer = number if number < layers else int(rng.choice(layers, p=shares))
        inner = Box(cell.top + margin, cell.left + margin, cell.height - 2 * margin, cell.width - 2 * margin)
        islands += _islands(rng, side, layer, inner)
    mirrors = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.3 else 0.0
    return Atlas(tuple(islands), _ground(rng, side), mirrors)


def _cells(rng: np.random.Generator, side: int, wanted: int, needed: int, least: int) -> list[Box]:
    """The square cut into rectangles until there are `wanted`, or `needed` and no more of `least` texels a side."""
    cells = [Box(0, 0, side, side)]
    while len(cells) < wanted:
        sizes = np.array([cell.height * cell.width * float(rng.uniform(0.3, 1)) for cell in cells])
        cell = cells.pop(int(sizes.argmax()))
        longer = cell.height if cell.height >= cell.width else cell.width
        if longer < 2 * least and len(cells) + 1 >= needed:
            return [*cells, cell]
        down = cell.height > cell.width if cell.height != cell.width else rng.random() < 0.5
        cut = round(longer * rng.uniform(0.25, 0.75))
        cut = min(max(cut, min(least, longer // 2)), longer - min(least, longer // 2))
        top, left, height, width = cell
        if down:
            cells += [Box(top, left, cut, width), Box(top + cut, left, height - cut, width)]
        else:
            cells += [Box(top, left, height, cut), Box(top, left + cut, height, width - cut)]
    return cells


def _islands(rng: np.random.Generator, side: int, layer: int, cell: Box) -> list[Island]:
    """What lies in a cell: a rectangle, strip, disc or polygon of one piece, or two that mirror each other."""
    if rng.random() < 0.3 and max(cell.height, cell.width) >= 2 * _LEAST_CELL:
        return _halves(rng, side, layer, cell)
    turn = Turn(int(rng.integers(4)) if rng.random() < 0.5 else 0, rng.random() < 0.3)
    chance = rng.random()
    shape: Rounded | Outline
    if chance < 0.45:
        shape = Rounded(float(rng.choice((0.0, rng.uniform(0.02, 0.25)))))
    elif chance < 0.6:
        shape = Rounded(0.5)
    else:
        shape = Outline(_around(rng))
    sides = (cell.width, cell.height) if turn.quarters % 2 else (cell.height, cell.width)
    return [Island(layer, _piece(rng, side, *sides), shape, turn, cell.top, cell.left)]


def _halves(rng: np.random.Generator, side: int, layer: int, cell: Box) -> list[Island]:
    """A piece and its mirror image, on both sides of a seam across the longer side of a cell."""
    longer = max(cell.height, cell.width)
    gap = int(rng.integers(1, 3)) if rng.random() < 0.3 else 0
    half = (longer - gap) // 2
    away = half + gap
    shape = Outline(_half_around(rng)) if rng.random() < 0.6 else Rounded(float(rng.uniform(0, 0.1)))
    if cell.width >= cell.height:  # a piece's own seam is its left side
        source = _piece(rng, side, cell.height, half)
        return [
            Island(layer, source, shape, Turn(0, True), cell.top, cell.left),
            Island(layer, source, shape, Turn(0, False), cell.top, cell.left + away),
        ]
    source = _piece(rng, side, cell.width, half)
    return [
        Island(layer, source, shape, Turn(3, True), cell.top, cell.left),
        Island(layer, source, shape, Turn(3, False), cell.top + away, cell.left),
    ]


def _piece(rng: np.random.Generator, side: int, height: int, width: int) -> Box:
    """A piece of these sides from anywhere in a surface."""
    top, left = (int(rng.integers(side - extent + 1)) for extent in (height, width))
    return Box(top, left, height, width)


def _around(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Corners of a polygon that nearly fills its box, some of them cut round."""
    count = int(rng.integers(5, 11))
    angles = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * (2 * pi / count)
    points = [_from_middle(angle, rng.uniform(0.7, 1.0)) for angle in angles.tolist()]
    corners = np.array([(0.5 + down / 2, 0.5 + right / 2) for down, right in points])
    closed = np.concatenate([corners, corners[:1]])
    for _ in range(int(rng.integers(3))):
        closed = _cut_round(closed)
        closed = np.concatenate([closed, closed[:1]])
    return _pairs(closed[:-1])


def _half_around(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Corners of half a polygon, to the right of a seam that is the left side of its box."""
    inner = int(rng.integers(2, 6))
    angles = (np.arange(inner) + 0.5 + rng.uniform(-0.3, 0.3, inner)) * (pi / inner) - pi / 2
    rest = [_from_middle(angle, rng.uniform(0.65, 1.0)) for angle in angles.tolist()]
    # The ends of the seam: about as far out as what is beside them, so that no slit opens there.
    up, down = (
        max(abs(end), rng.uniform(0.5, 1)) * rng.uniform(0.85, 1) for end in (rest[0][0], rest[-1][0])
    )
    points = [(-up, 0.0), *rest, (down, 0.0)]
    line = np.array([(0.5 + down / 2, right) for down, right in points])
    for _ in range(int(rng.integers(3))):
        line = np.concatenate([line[:1], _cut_round(line), line[-1:]])
    return _pairs(line)


def _from_middle(angle: float, reach: float) -> tuple[float, float]:
    """A point (down, right) from the middle of a square of sides 2 towards an angle; reach 1 lies on its border."""
    down, right = sin(angle), cos(angle)
    scale = reach / max(abs(down), abs(right))
    return down * scale, right * scale


def _cut_round(line: np.ndarray) -> np.ndarray:
    """A line (N, 2) whose inner corners are cut off: two points on each of its N - 1 edges, (2 N - 2, 2)."""
    before, after = line[:-1], line[1:]
    return np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1).reshape(-1, 2)


def _pairs(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((float(down), float(right)) for down, right in points)


def _ground(rng: np.random.Generator, side: int) -> Ground:
    """Black, grey, tinted or white, often with the islands' borders bled over some or all of it."""
    chance = rng.random()
    if chance < 0.55:
        colour = np.zeros(3)
    elif chance < 0.8:
        colour = np.full(3, rng.uniform(0.1, 0.6))
    elif chance < 0.95:
        colour = rng.uniform(0.0, 0.4, 3)
    else:
        colour = np.ones(3)
    bled = rng.random()
    reach = 0 if bled < 0.4 else side if bled > 0.75 else int(rng.integers(1, 2 + side // 16))
    mask = float(rng.random()) if rng.random() < 0.3 else 0.0
    red, green, blue = colour.tolist()
    return Ground((red, green, blue), mask, reach)
