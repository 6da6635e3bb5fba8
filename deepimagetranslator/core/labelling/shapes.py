"""Polygon and freehand outline, filled by the even-odd rule.

A pixel is inside if a line from its centre to the right crosses the outline an odd number of times,
so what lies inside two loops of one outline stays free. The outline is closed by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepimagetranslator.core.labelling.label_map import Edit, Mask
from deepimagetranslator.core.labelling.rect import NOTHING, Rect
from deepimagetranslator.core.labelling.strokes import Point


def polygon(shape: tuple[int, int], corners: Sequence[Point], number: int) -> Edit:
    """Fill an outline with a class.

    Args:
        shape: height and width of the label map.
        corners: of the outline, (y, x) as in ``strokes``; they may lie outside the image. Fewer
            than three fill nothing.
        number: the class.
    """
    return Edit.fill(*inside(shape, corners), number)


def inside(shape: tuple[int, int], corners: Sequence[Point]) -> tuple[Rect, Mask]:
    """The pixels inside an outline: a rectangle of the image, and a mask of its pixels."""
    points = np.asarray(corners, np.float64).reshape(-1, 2)
    if len(points) < 3:
        return NOTHING, np.zeros((0, 0), bool)
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    top, left = (int(value) for value in np.maximum(low, 0))
    bottom, right = (int(value) for value in np.minimum(high, shape))
    rect = Rect(top, left, bottom, right)
    if rect.empty:
        return NOTHING, np.zeros((0, 0), bool)
    height, width = rect.shape
    crossings = np.zeros((height, width + 1), np.uint8)
    for (y0, x0), (y1, x1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        # The centres y with upper <= y < lower, so that a corner is crossed once.
        upper, lower = min(y0, y1), max(y0, y1)
        first = max(rect.top, int(np.ceil(upper - 0.5)))
        last = min(rect.bottom, int(np.ceil(lower - 0.5)))
        if last <= first:
            continue
        rows = np.arange(first, last)
        at = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        columns = np.clip(np.ceil(at - 0.5).astype(np.int64) - rect.left, 0, width)
        crossings[rows - rect.top, columns] ^= 1
    return rect, np.bitwise_xor.accumulate(crossings, axis=1)[:, :width].astype(bool)
