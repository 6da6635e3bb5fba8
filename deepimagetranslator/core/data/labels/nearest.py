"""The nearest of a few colours, for predicted values and for pixels that blur or JPEG changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour
from deepimagetranslator.core.typing import Array

Floats = NDArray[np.float32]
# Brightness, blueness and redness of red, green and blue, as JPEG keeps them.
_JPEG = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32)
_SHARPNESS = (3.0, 2.6, 2.2, 1.8)


def nearest_colours(pixels: Array, colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """For pixels (n, 1 or 3) of a blurred label map the numbers of their colours, (n,).

    Args:
        pixels: of any type.
        colours: of as many values as a pixel.
    """
    values, wide = pixels.astype(np.float32), np.array(colours, np.float32)
    if pixels.shape[1] == 3:
        # Ten times faster here than a product of matrices, which starts threads.
        space = _space_of(tuple(colours))
        values, wide = (cv2.transform(part[None], space)[0] for part in (values, wide))
    return closest(values, wide)


def closest(values: Floats, colours: Floats) -> NDArray[np.uint8]:
    """For each of ``values`` (n, channels) the number of the nearest colour, (n,)."""
    planes = np.ascontiguousarray(values.T)
    classes = np.zeros(len(values), np.uint8)
    best = np.full(len(values), np.inf, np.float32)
    for number, colour in enumerate(colours):
        distance = np.zeros_like(best)
        for plane, value in zip(planes, colour, strict=True):
            distance += (plane - value) ** 2
        np.copyto(classes, np.uint8(number), where=distance < best)
        np.minimum(best, distance, out=best)
    return classes


@lru_cache(maxsize=16)
def _space_of(colours: tuple[Colour, ...]) -> Floats:
    """The matrix to a space in which the nearest of these colours is the right one at an edge.

    JPEG keeps brightness sharp and blurs colour: the more brightness weighs, the better. But a
    mixture of two colours, as at a smooth edge, must not come near a third because of that.
    """
    array = np.array(colours, np.float32)
    pairs = np.array(list(combinations(range(len(array)), 2)))
    parts = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None, None]
    mixtures = array[pairs[:, 0]] * parts + array[pairs[:, 1]] * (1 - parts)

    def strays(space: Floats) -> NDArray[np.bool_]:
        """Which mixtures are nearer to a third colour than to both of theirs."""
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
