"""Random crops of full-resolution pairs, to train on parts of large images.

A crop has the network's size; the target is cropped at the same place. Images are not rescaled: an
image smaller than the crop is padded by reflection, as in ``tiling``. A crop has a margin of the
same image around it, so that rotation and translation bring in image pixels instead of black
corners. The margin ends at the image border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.tiling import cut, whole_step
from deepimagetranslator.core.typing import Array

LARGEST_DEFAULT = 512

Size = tuple[int, int]
"""Height and width, in pixels."""


@dataclass(frozen=True)
class Frame:
    """A rectangle in an image: first row and column, height and width, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> Size:
        """Height and width."""
        return self.height, self.width

    def of(self, image: Array) -> Array:
        """The part of an image (height, width, channels); the frame must be inside the image."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Crop:
    """A crop with its margin, in pixels of one side of a pair.

    Attributes:
        window: crop and margin, relative to the image; it may exceed a small image.
        frame: the crop, relative to the window.
    """

    window: Frame
    frame: Frame

    def of(self, image: Array) -> Array:
        """Crop and margin of an image (height, width, channels)."""
        return cut(image, (self.window.top, self.window.left), self.window.size)


def default_side(sizes: Sequence[Size], depth: int) -> int:
    """The side of the crops if none is chosen, in pixels: 512 or the shortest side of all images.

    It is rounded down to a multiple of 2 ** (depth - 1), and is at least that.
    """
    step = 1 << (depth - 1)
    shortest = min(LARGEST_DEFAULT, *(min(size) for size in sizes))
    return max(step, shortest // step * step)


def default_shapes(
    shapes: tuple[tuple[int, int, int], tuple[int, int, int]], depth: int
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Height, width and channels of a crop and its target if none is chosen, from a pair's own."""
    (height, width, channels), (target_height, target_width, target_channels) = shapes
    side = default_side([(height, width)], depth)
    return (side, side, channels), (
        max(1, round(side * target_height / height)),
        max(1, round(side * target_width / width)),
        target_channels,
    )


def target_size(size: Size, model: ModelSpec) -> Size:
    """The target size (height, width) of an image of ``size``, at the network's output ratio."""
    height, width = size
    return (
        max(1, round(height * model.target_height / model.input_height)),
        max(1, round(width * model.target_width / model.input_width)),
    )


def random_crop(
    size: Size, model: ModelSpec, margin: Size, rng: np.random.Generator
) -> tuple[Crop, Crop]:
    """A crop of an input and of its target at a uniformly random place.

    Args:
        size: height and width of the input.
        model: its input and target sizes are the sizes of the crops.
        margin: wanted margin around the crop, vertical and horizontal, in pixels.
        rng: gives two random numbers.
    """
    return _crop(size, model, margin, rng.random(2).tolist())


def middle_crop(size: Size, model: ModelSpec) -> tuple[Crop, Crop]:
    """The centre crop of an input and of its target, without a margin."""
    return _crop(size, model, (0, 0), (0.5, 0.5))


def _crop(size: Size, model: ModelSpec, margin: Size, parts: Sequence[float]) -> tuple[Crop, Crop]:
    """``parts``, each in [0, 1), select the vertical and the horizontal position."""
    down, across = (
        _axis(length, tile, out_tile, wanted, part)
        for length, tile, out_tile, wanted, part in zip(
            size,
            (model.input_height, model.input_width),
            (model.target_height, model.target_width),
            margin,
            parts,
            strict=True,
        )
    )
    ours, theirs = (
        Crop(Frame(y[0], x[0], y[1], x[1]), Frame(y[2], x[2], y[3], x[3]))
        for y, x in zip(down, across, strict=True)
    )
    return ours, theirs


_Span = tuple[int, int, int, int]


def _axis(length: int, tile: int, out_tile: int, margin: int, part: float) -> tuple[_Span, _Span]:
    """Start and length of the window and of the frame in it, for the input and the target."""
    step = whole_step(tile, out_tile)
    start = int(part * (max(0, length - tile) // step + 1)) * step
    low = max(0, start - margin) // step * step
    high = max(start + tile, min(length, start + tile + margin))

    def out(place: int) -> int:
        return round(place * out_tile / tile)

    at = out(start) - out(low)
    out_length = max(out(high) - out(low), at + out_tile)
    return (low, high - low, start - low, tile), (out(low), out_length, at, out_tile)
