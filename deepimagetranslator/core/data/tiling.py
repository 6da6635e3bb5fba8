"""Divides large images into overlapping tiles, and merges the tiles' outputs without seams.

Tiles have the network's size and overlap by half; the last one ends at the image border. An image
smaller than a tile is padded by reflection at the bottom and the right, without rescaling. Outputs
are averaged with Gaussian weights with a standard deviation of 1/8 of the tile, as in nnU-Net
(Isensee et al. 2021). At a tile's edge the weight is exp(-8): never zero, but thousands of times
smaller than that of the neighbouring tile. Towards the image border a tile keeps its full weight.
Otherwise two tiles that end close together there would both have low weights, and the edge of one
of them would be visible.

Outputs are summed in one band of rows as high as a tile, from top to bottom. Rows that no further
tile covers are yielded at once, so memory does not grow with the image's height.
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
        tile, starts: length of the tiles and their first pixels, in image pixels.
        out_length, out_tile, out_starts: length of the side and of the tiles, and the tiles' first
            pixels, in output pixels.
        weights: (tiles, out_tile); at each pixel the weights of all tiles sum to one.
    """

    tile: int
    starts: tuple[int, ...]
    out_length: int
    out_tile: int
    out_starts: tuple[int, ...]
    weights: Floats


@dataclass(frozen=True)
class TilePlan:
    """The positions of an image's tiles, and how their outputs are merged.

    Attributes:
        rows, columns: vertical and horizontal positions; the tiles are all combinations.
    """

    rows: TileAxis
    columns: TileAxis

    @property
    def count(self) -> int:
        """The number of tiles."""
        return len(self.rows.starts) * len(self.columns.starts)

    def tiles(self, image: Array) -> Iterator[Array]:
        """The tiles of an image (height, width, channels), row by row from left to right."""
        for top in self.rows.starts:
            for left in self.columns.starts:
                yield cut(image, (top, left), (self.rows.tile, self.columns.tile))

    def bands(self, outputs: Iterable[Floats]) -> Iterator[tuple[int, Floats]]:
        """The output of the whole image, in bands of rows from top to bottom.

        Args:
            outputs: (tile height, tile width, channels) of each tile, in order.

        Yields:
            The index of the band's first row, and the band (height, width, channels), which the
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
    """The smallest number of image pixels that is a whole number of output pixels.

    1 if that would be more than an eighth of a tile, as for 500 to 333 pixels; a tile's output
    may then be off by up to half a pixel.
    """
    step = tile // gcd(tile, out_tile)
    return step if step <= max(1, tile // 8) else 1


def cut(image: Array, corner: tuple[int, int], size: tuple[int, int]) -> Array:
    """A part of an image (height, width, channels), padded by reflection at the bottom and right.

    Args:
        image: the whole image.
        corner: the part's first row and column, inside the image.
        size: the part's height and width; it may exceed the image.
    """
    (top, left), (height, width) = corner, size
    part = image[top : top + height, left : left + width]
    below, right = height - part.shape[0], width - part.shape[1]
    return np.pad(part, ((0, below), (0, right), (0, 0)), "symmetric") if below or right else part


def resized_bands(image: Floats, height: int, width: int) -> Iterator[tuple[int, Floats]]:
    """An image resized bilinearly, as by ``resize``, in bands of rows from top to bottom.

    Args:
        image: (h, w, channels).
        height, width: wanted.

    Yields:
        The index of the band's first row, and the band (rows, width, channels).
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
