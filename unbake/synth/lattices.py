"""Periodic cell lattices (bricks, Voronoi stones, threads, rings) that procedural materials are laid out on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unbake.image.arrays import Reals
from unbake.synth.layers import Rng


@dataclass(frozen=True, slots=True)
class Cells:
    """The cell of each texel and the place in it, each (H, W).

    cell: number of the cell, 0 to count - 1, to look its own colour or height up.
    edge: distance to the border of the cell, in sides of the texture.
    u, v: position from the middle of the cell, right and down; a brick's own border is at -1 and 1.
    """

    cell: NDArray[np.int32]
    count: int
    edge: Reals
    u: Reals
    v: Reals

    def own(self, rng: Rng) -> Reals:
        """A number of its own for each cell, (H, W), uniform in [0, 1)."""
        return rng.random(self.count, dtype=np.float32)[self.cell]


def bricks(x: Reals, y: Reals, rows: int, columns: int, shifts: Reals) -> Cells:
    """Courses of bricks over coordinates (H, W) of period 1; shifts (rows,) move each course, in bricks.

    >>> x, y = np.meshgrid([0.1, 0.6], [0.1, 0.6])
    >>> bricks(x, y, 2, 2, np.zeros(2)).cell.tolist()
    [[0, 1], [2, 3]]
    """
    down = (y % 1) * rows
    row = np.minimum(down.astype(np.int32), rows - 1)
    along = (x % 1) * columns + shifts[row].astype(np.float32)
    column = np.floor(along)
    u, v = 2 * (along - column) - 1, 2 * (down - row) - 1
    edge = np.minimum((1 - np.abs(u)) / (2 * columns), (1 - np.abs(v)) / (2 * rows))
    cell = row * columns + column.astype(np.int32) % columns
    return Cells(cell, rows * columns, np.maximum(edge, 0), u, v)


def stones(x: Reals, y: Reals, rng: Rng, across: int, jitter: float = 0.8) -> Cells:
    """Voronoi cells over coordinates (H, W) of period 1: `across`² seeds, jittered off a square grid.

    Worley 1996, "A cellular texture basis function", on the torus. `edge` is the distance to the bisector.
    """
    seeds = (0.5 + jitter * (rng.random((2, across, across), dtype=np.float32) - 0.5)).astype(np.float32)
    px, py = (x % 1) * across, (y % 1) * across
    column, row = px.astype(np.int32), py.astype(np.int32)
    best = np.full(x.shape, np.inf, np.float32)
    near_u, near_v = np.zeros_like(best), np.zeros_like(best)
    cell = np.zeros(x.shape, np.int32)
    offsets = []
    for step in range(9):
        r, c = row + step // 3 - 1, column + step % 3 - 1
        wrapped = (r % across) * across + c % across
        du = px - c - seeds[0].ravel()[wrapped]
        dv = py - r - seeds[1].ravel()[wrapped]
        offsets.append((du, dv))
        distance = du * du + dv * dv
        closer = distance < best
        best = np.where(closer, distance, best)
        near_u, near_v = np.where(closer, du, near_u), np.where(closer, dv, near_v)
        cell = np.where(closer, wrapped, cell)
    edge = np.full(x.shape, np.inf, np.float32)
    for du, dv in offsets:
        # From the texel to the line halfway between its seed and another one.
        apart_u, apart_v = near_u - du, near_v - dv
        apart = np.sqrt(apart_u * apart_u + apart_v * apart_v)
        middle_u, middle_v = (near_u + du) / 2, (near_v + dv) / 2
        across_line = (middle_u * apart_u + middle_v * apart_v) / np.maximum(apart, 1e-6)
        edge = np.where(apart > 1e-4, np.minimum(edge, np.abs(across_line)), edge)
    return Cells(cell, across * across, edge / across, near_u, near_v)


def threads(x: Reals, y: Reals, count: int) -> tuple[Reals, NDArray[np.bool_], NDArray[np.int32]]:
    """A plain weave of `count` (even) threads each way: height (H, W) in [0, 1], warp on top?, thread number."""
    px, py = (x % 1) * count, (y % 1) * count
    column, row = np.floor(px), np.floor(py)
    u, v = px - column - 0.5, py - row - 0.5
    odd = (column + row) % 2
    # A thread is round across, and dives under its neighbour half a thread further on.
    warp = np.cos(np.pi * u) * (0.5 + 0.5 * np.cos(np.pi * v) * (1 - 2 * odd))
    weft = np.cos(np.pi * v) * (0.5 + 0.5 * np.cos(np.pi * u) * (2 * odd - 1))
    on_top = warp > weft
    number = np.where(on_top, column, count + row).astype(np.int32)
    return np.maximum(warp, weft), on_top, number


def rings(x: Reals, y: Reals, count: int) -> Reals:
    """Mail of rings, `count` across: height (H, W) in [0, 1], 0 where there is no wire.

    Two square lattices of rings, half a step apart both ways, lean to opposite sides, so that each ring passes
    over one side and under the other side of the four around it.
    """
    height = np.zeros(x.shape, np.float32)
    radius, wire = 0.4, 0.1
    for shift, lean in ((0.0, 0.9), (0.5, -0.9)):
        px, py = x * count + shift, y * count + shift
        for near_x, near_y in ((0, 0), (0, 1), (1, 0), (1, 1)):
            u, v = px - np.floor(px) - near_x, py - np.floor(py) - near_y
            off = np.hypot(u, v) - radius
            bow = np.sqrt(np.maximum(1 - (off / wire) ** 2, 0))
            height = np.maximum(height, np.where(bow > 0, 0.3 * bow + 0.7 * (0.5 + lean * u), 0))
    return height
