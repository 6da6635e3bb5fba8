"""Where values lie in a network's range: cumulative curves, comparable between any images.

A curve has 65 numbers, 0 to 1: number i is the fraction of the values below the range's point
i / 64; the last one is the fraction up to the range's end. So the first number is the share below
the range, and 1 minus the last one the share above it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.intensity.histogram import Counted, ValueCounts, counted
from deepimagetranslator.core.data.intensity.normalization import (
    TYPE_MAXIMUM,
    IntensityNormalization,
)

STEPS = 64
_MOST_PIXELS = 2**22  # of a larger image an even part is looked at, as counting needs memory
Floats = NDArray[np.float64]
Change = Callable[[Floats], Floats]
"""Changes the values of files."""


def has_range(scaling: IntensityNormalization) -> bool:
    """Whether the network has one range for all images; with "image" each has its own."""
    return scaling.kind != "image"


def in_range(image: NDArray[Any], scaling: IntensityNormalization) -> Counted:
    """The values of an image, 0 and 1 being the ends of the network's range; nothing is clipped.

    Args:
        image: (height, width, channels) in the file's own data type.
        scaling: the network's normalization of inputs.
    """
    low, width = _ends(image, scaling)
    step = max(1, math.isqrt(image.size // _MOST_PIXELS))
    values, counts = counted(image[::step, ::step])
    with np.errstate(over="ignore", invalid="ignore"):  # infinite: beyond the range
        places = (values - np.float32(low)) / np.float32(width)
    return places, counts


def _ends(image: NDArray[Any], scaling: IntensityNormalization) -> tuple[float, float]:
    """The lower end and the width of the network's range in values of this image's file."""
    if scaling.kind == "type":
        return 0.0, TYPE_MAXIMUM[image.dtype.name]
    return scaling.low - scaling.offset_of(image), scaling.high - scaling.low


def bins_of(values: Counted) -> Floats:
    """Numbers of values: below the range, in each of its 64 steps, and above it (66,)."""
    places, counts = values
    step = np.floor(np.nan_to_num(places.astype(np.float64)) * STEPS)
    step[places == 1] = STEPS - 1
    numbers = np.clip(step, -1, STEPS).astype(np.intp) + 1
    return np.bincount(numbers, counts, STEPS + 2).astype(np.float64)


def curve_of(bins: Floats) -> Floats:
    """The curve (65,) of the result of ``bins_of``, or of a sum of several."""
    return np.cumsum(bins)[:-1] / (bins.sum() or 1.0)


@dataclass
class SeenValues:
    """The values of some images, gathered image by image.

    Attributes:
        scaling: the network's normalization of inputs.
        highest: the highest value in the files; minus infinity before the first.
        images: the number of images, without constant ones.
    """

    scaling: IntensityNormalization
    highest: float = -np.inf
    images: int = 0
    _values: ValueCounts = field(default_factory=ValueCounts)
    _ends: tuple[float, float] = (0.0, 1.0)

    def add(self, image: NDArray[Any]) -> None:
        """Add an image (height, width, channels); a constant one tells nothing and is left out."""
        places, counts = in_range(image, self.scaling)
        if len(places) > 1:
            self.images += 1
            low, width = self._ends = _ends(image, self.scaling)
            self.highest = max(self.highest, low + width * float(places[-1]))
            self._values.add((places, counts), float(places[0]), float(places[-1]))

    def __bool__(self) -> bool:
        return self._values.low < self._values.high

    def curve(self, change: Change | None = None) -> Floats:
        """The curve of the values, or of what they become by a change of the files' values."""
        places, counts = self._values.table()
        if change is not None:
            low, width = self._ends
            changed = (change(low + width * places.astype(np.float64)) - low) / width
            with np.errstate(over="ignore"):
                places = changed.astype(np.float32)
        return curve_of(bins_of((places, counts)))

    def inverted(self) -> Floats:
        """The curve with the ends of the range exchanged."""
        places, counts = self._values.table()
        return curve_of(bins_of((1 - places, counts)))
