"""Values that a scanner writes where it measured nothing: outside the round field of a CT."""

from __future__ import annotations

import math

import numpy as np

from deepimagetranslator.core.imaging.header import Header
from deepimagetranslator.core.typing import Array

_LEAST_PART = 0.01  # of the image; a few single pixels are measurements
_MOST_VALUES = 2
_LOWEST_HU, _HIGHEST_HU = -1024, 2**15 - 1


def padding_values(image: Array, header: Header) -> tuple[float, ...]:
    """The values of constant regions that touch the border and are no measurement.

    These are the header's padding values, and values below -1024 of Hounsfield units. Without a
    unit, values are taken for Hounsfield units if all the others are whole numbers from -1024 on.

    Args:
        image: (height, width, channels); colours have none.
        header: of its file.

    Returns:
        A few values, or none. Noise in such a range is not constant and is kept.
    """
    if image.shape[2] != 1 or not (header.padding or image.dtype == np.float32):
        return ()
    grey = image[..., 0]
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ranges = [*header.padding]
    if not header.unit and border.min() < _LOWEST_HU and _like_hounsfield(grey):
        ranges.append((-math.inf, _LOWEST_HU - 1))
    found: list[float] = []
    for low, high in ranges:
        inside = np.unique(border[(border >= low) & (border <= high)])
        if len(inside) <= _MOST_VALUES:
            found += map(float, inside)
    return tuple(v for v in dict.fromkeys(found) if (grey == v).mean() >= _LEAST_PART)


def _like_hounsfield(grey: Array) -> bool:
    """Whether the values but the lowest one are whole numbers from -1024 to 32,767."""
    others = grey[grey != grey.min()]
    if not others.size or others.min() < _LOWEST_HU or others.max() > _HIGHEST_HU:
        return False
    return bool((others == np.rint(others)).all())
