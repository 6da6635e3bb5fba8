"""The values of an input image by which tools choose pixels, and ranges of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.labelling.label_map import Mask
from deepimagetranslator.core.typing import Array

Values = NDArray[np.float32]
"""One value for each pixel, (height, width)."""
_OUTLIERS = 1.0  # per cent at each end of a sample
_COUNTED = 2**18  # pixels; of larger images an even sample is counted


@dataclass(frozen=True)
class Range:
    """Values from ``low`` to ``high``, both included."""

    low: float
    high: float

    def holds(self, values: Values) -> Mask:
        """Which values lie in the range; NaN never does."""
        found: Mask = (values >= self.low) & (values <= self.high)
        return found


def values_of(image: Array) -> Values:
    """One float32 value for each pixel of an image (height, width, 1 or 3): its grey value, or the
    luma of its colour (ITU-R BT.601)."""
    values = np.ascontiguousarray(image, np.float32)
    if image.shape[2] == 1:
        return values[..., 0]
    return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2GRAY))


def range_of(sample: Array) -> Range | None:
    """The range of a sample of values without its outliers, 1 per cent at each end; None if no
    value of it is finite."""
    finite = sample[np.isfinite(sample)]
    if not finite.size:
        return None
    low, high = np.percentile(finite, (_OUTLIERS, 100 - _OUTLIERS))
    return Range(float(low), float(high))


def distribution_of(image: Array) -> Distribution | None:
    """How the values of an image (height, width, 1 or 3) are distributed; None if none is finite.

    Of images with more than 262,144 pixels an even sample is counted; the extremes are exact.
    """
    every = values_of(image)
    step = int(np.ceil(np.sqrt(every.size / _COUNTED)))
    counted = every[::step, ::step]
    counted = counted[np.isfinite(counted)]
    if not counted.size:
        return None
    values, counts = np.unique(counted, return_counts=True)
    inside = every[np.isfinite(every)]
    return Distribution(values, counts * step**2, float(inside.min()), float(inside.max()))
