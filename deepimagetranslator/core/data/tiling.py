"""Large images in overlapping tiles, and the outputs of these put together without seams.

Tiles have the network's size and lie half a tile apart; the last one ends where the image ends. An
image that is smaller than a tile is continued by its mirror image, below and to the right: the
scale stays what it is. Each tile counts most in its middle: by a Gaussian with a standard
deviation of 1/8 of the tile, as nnU-Net weighs its patches (Isensee et al. 2021). At a tile's edge
that is exp(-8): no pixel is without a weight, and what another tile says there weighs thousands of
times more. Only towards the image's own border a tile keeps its full weight, or two tiles that end
there close together would both count little, and the edge of one of them would show.

Outputs are summed in one band of rows as high as a tile, from top to bottom. Rows that no further
tile reaches are handed over at once, so memory does not grow with the image's height.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.typing import Array

Floats = NDArray[np.float32]
_BAND_VALUES = 2**24


@dataclass(frozen=True)
class TileAxis:
    """The tiles along one side of an image.

    Attributes:
        tile, starts: length of the tiles and their first pixels, in pixels of the image.
        out_length, out_tile, out_starts: length of the side, of the tiles, and their first pixels,
            in pixels of the output.
        weights: (tiles, out_tile); those of all tiles over a pixel add up to one.
    """

    tile: int
    starts: tuple[int, ...]
    out_length: int
    out_tile: int
    out_starts: tuple[int, ...]
    weights: Floats


@dataclass(frozen=True)
class TilePlan:
    """Where the tiles of an image lie, and how their outputs become the image's.

    Attributes:
        rows, columns: the tiles down and across; each of the one goes with each of the other.
    """

    rows: TileAxis
    columns: TileAxis

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return len(self.rows.starts) * len(self.columns.starts)

    def tiles(self, image: Array) -> Iterator[Array]:
        """The tiles of an image (height, width, channels), row by row, each from left to right."""
        for top in self.rows.starts:
            for left in self.columns.starts:
                yield cut(image, (top, left), (self.rows.tile, self.columns.tile))

    def bands(self, outputs: Iterable[Floats]) -> Iterator[tuple[int, Floats]]:
        """The output of the whole image, in bands of rows from top to bottom.

        Args:
            outputs: (out_tile down, out_tile across, channels) of each tile, in order.

        Yields:
            The number of the band's first row, and its rows (height, width, channels), which the
            next step overwrites.
        """
        rows, columns = self.rows, self.columns
        coming = iter(outputs)
        band: Floats | None = None
        for i, first in enumerate(rows.out_starts):
            for j, left in enumerate(columns.out_starts):
                output = next(coming)
                if band is None:
                    width = columns.out_starts[-1] + columns.out_tile
                    band = np.zeros((rows.out_tile, width, output.shape[2]), np.float32)
                weights = np.outer(rows.weights[i], columns.weights[j])[..., np.newaxis]
                band[:, left : left + columns.out_tile] += output * weights
            assert band is not None
            last = i + 1 == len(rows.out_starts)
            done = (rows.out_length if last else rows.out_starts[i + 1]) - first
            yield first, band[:done, : columns.out_length]
            if not last:
                band[: rows.out_tile - done] = band[done:]
                band[rows.out_tile - done :] = 0


def plan_tiles(
    image_size: tuple[int, int], tile_size: tuple[int, int], output_size: tuple[int, int]
) -> TilePlan:
    """The tiles of an image.

    Args:
        image_size: height and width in pixels.
        tile_size: height and width of the network's input.
        output_size: height and width of the network's output for a tile.
    """
    return TilePlan(*map(_plan_axis, image_size, tile_size, output_size))


def whole_step(tile: int, out_tile: int) -> int:
    """So many pixels of an image are a whole number of pixels of its output.

    1 where that would be more than an eighth of a tile, as for 500 to 333 pixels: the output of
    a tile may then lie up to half a pixel beside its place.
    """
    step = tile // gcd(tile, out_tile)
    return step if step <= max(1, tile // 8) else 1


def cut(image: Array, corner: tuple[int, int], size: tuple[int, int]) -> Array:
    """A part of an image (height, width, channels), continued by its mirror image below and right.

    Args:
        image: the whole.
        corner: the part's first row and column, inside the image.
        size: the part's height and width; it may reach beyond the image.
    """
    (top, left), (height, width) = corner, size
    part = image[top : top + height, left : left + width]
    below, right = height - part.shape[0], width - part.shape[1]
    return np.pad(part, ((0, below), (0, right), (0, 0)), "symmetric") if below or right else part


def resized_bands(image: Floats, height: int, width: int) -> Iterator[tuple[int, Floats]]:
    """What ``resize`` makes of an image, in bands of rows from top to bottom.

    Args:
        image: (h, w, channels).
        height, width: wanted.

    Yields:
        The number of the band's first row, and its rows (rows, width, channels).
    """
    before, channels = image.shape[0], image.shape[2]
    step = max(1, _BAND_VALUES // (width * channels))
    if height <= max(before, step):
        yield 0, resize(image, height, width)
        return
    for first in range(0, height, step):
        last = min(first + step, height)
        places = np.clip((np.arange(first, last) + 0.5) * (before / height) - 0.5, 0, before - 1)
        above = np.minimum(places.astype(np.intp), max(0, before - 2))
        part = (places - above).astype(np.float32)[:, None, None]
        rows = image[above] * (1 - part) + image[np.minimum(above + 1, before - 1)] * part
        yield first, resize(rows, last - first, width)


def _plan_axis(length: int, tile: int, out_tile: int) -> TileAxis:
    whole = whole_step(tile, out_tile)
    step = max(whole, tile // 2 // whole * whole)
    last = -(-max(0, length - tile) // whole) * whole
    starts = (*range(0, last, step), last)
    out_length = max(1, round(length * out_tile / tile))
    out_starts = [round(start * out_tile / tile) for start in starts]
    out_starts[-1] = max(out_starts[-1], out_length - out_tile)
    middle, deviation = (out_tile - 1) / 2, out_tile / 8
    place = np.arange(out_tile) - middle
    weights = np.tile(np.exp(-0.5 * (place / deviation) ** 2), (len(starts), 1))
    weights[0, place < 0] = weights[-1, place > 0] = 1
    total = np.zeros(out_starts[-1] + out_tile)
    for start, weight in zip(out_starts, weights, strict=True):
        total[start : start + out_tile] += weight
    for start, weight in zip(out_starts, weights, strict=True):
        weight /= total[start : start + out_tile]
    return TileAxis(
        tile, starts, out_length, out_tile, tuple(out_starts), weights.astype(np.float32)
    )
