"""Finds the nearest label colour of predicted values and of blurred or JPEG-coded pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour
from deepimagetranslator.core.typing import Array

Floats = NDArray[np.float32]
# RGB to YCbCr (JFIF).
_JPEG = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32)
_SHARPNESS = (3.0, 2.6, 2.2, 1.8)
_PART = 2**14  # pixels that are compared at a time; their distances stay in the processor's cache


def nearest_colours(pixels: Array, colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """The class numbers (n,) of pixels (n, 1 or 3) of a blurred label map.

    Args:
        pixels: of any dtype.
        colours: with as many values as a pixel.
    """
    values, wide = pixels.astype(np.float32), np.array(colours, np.float32)
    if pixels.shape[1] == 3:
        # Ten times faster here than a matrix product, which starts threads.
        space = _space_of(tuple(colours))
        values, wide = (cv2.transform(part[None], space)[0] for part in (values, wide))
    return closest(values, wide)


def closest(values: Floats, colours: Floats) -> NDArray[np.uint8]:
    """The index (n,) of the nearest colour of ``values`` (n, channels), by Euclidean distance.

    Of colours that are equally near it is the first, which NaN gets too.
    """
    classes = np.empty(len(values), np.uint8)
    for first in range(0, len(values), _PART):
        part = slice(first, first + _PART)
        classes[part] = _closest(np.ascontiguousarray(values[part].T), colours)
    return classes


def _closest(planes: Floats, colours: Floats) -> NDArray[np.uint8]:
    """The same for ``planes`` (channels, n); colours share the squares of equal values."""

    @cache
    def square(channel: int, value: float) -> Floats:
        difference: Floats = planes[channel] - np.float32(value)
        return np.square(difference, out=difference)

    def distance(colour: Floats) -> Floats:
        first, *others = (square(*at) for at in enumerate(colour.tolist()))
        squared: Floats = sum(others, first)
        return squared

    classes = np.zeros(planes.shape[1], np.uint8)
    best = distance(colours[0])
    for number, colour in enumerate(colours[1:], 1):
        found = distance(colour)
        nearer = (found < best).view(np.uint8)
        np.maximum(classes, nearer * np.uint8(number), out=classes)
        best = np.minimum(best, found)
    return classes


@lru_cache(maxsize=16)
def _space_of(colours: tuple[Colour, ...]) -> Floats:
    """The matrix (3, 3) to a colour space for finding the nearest of these colours.

    JPEG keeps luma sharp and blurs chroma, so a higher weight of luma is better at edges. But the
    weight must not make a mixture of two colours, as at a smooth edge, nearest to a third one.
    """
    array = np.array(colours, np.float32)
    pairs = np.array(list(combinations(range(len(array)), 2)))
    parts = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None, None]
    mixtures = array[pairs[:, 0]] * parts + array[pairs[:, 1]] * (1 - parts)

    def strays(space: Floats) -> NDArray[np.bool_]:
        """Which mixtures are nearer to a third colour than to both of their own."""
        moved, ends = mixtures @ space.T, array @ space.T
        distances = ((moved[..., None, :] - ends) ** 2).sum(axis=3)
        own = np.minimum(*(distances[:, np.arange(len(pairs)), pairs[:, end]] for end in (0, 1)))
        result: NDArray[np.bool_] = distances.min(axis=2) < own * np.float32(0.999)
        return result

    plain = np.eye(3, dtype=np.float32)
    unavoidable = strays(plain)
    for weight in _SHARPNESS:
        space = _JPEG * np.array([[weight], [1], [1]], np.float32)
        if not (strays(space) & ~unavoidable).any():
            return space
    return plain
