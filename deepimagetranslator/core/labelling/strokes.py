"""Brush, eraser and threshold brush: round strokes along a line.

A point is (y, x) in pixels of the image: the pixel of row 3 and column 5 covers 3 to 4 and 5 to 6.
A pixel is painted if its centre is at most half the diameter away from the line. The ends of the
line are put onto pixel centres for odd diameters and onto pixel corners for even ones, so that a
brush of n pixels is n pixels wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepimagetranslator.core.labelling.label_map import BACKGROUND, Edit, Mask
from deepimagetranslator.core.labelling.rect import NOTHING, Rect
from deepimagetranslator.core.labelling.values import Range, values_of
from deepimagetranslator.core.typing import Array

Point = tuple[float, float]
LARGEST = 1000
"""The largest diameter of a brush, in pixels."""
_SHAKE = 1e-4  # of rounding, in squared pixels


def brush(shape: tuple[int, int], points: Sequence[Point], diameter: int, number: int) -> Edit:
    """Paint a stroke.

    Args:
        shape: height and width of the label map.
        points: the corners of the stroke; one point paints a disc.
        diameter: in pixels, from 1.
        number: the class.
    """
    return Edit.fill(*stroke(shape, points, diameter), number)


def eraser(shape: tuple[int, int], points: Sequence[Point], diameter: int) -> Edit:
    """Make a stroke background; the arguments are those of ``brush``."""
    return brush(shape, points, diameter, BACKGROUND)


def threshold_brush(
    image: Array, points: Sequence[Point], diameter: int, number: int, chosen: Range
) -> Edit:
    """Paint the pixels of a stroke whose input value lies in a range.

    Args:
        image: the input, (height, width, 1 or 3).
        points, diameter, number: those of ``brush``.
        chosen: of the input's values.
    """
    rect, mask = stroke(image.shape[:2], points, diameter)
    if rect.empty:
        return Edit.fill(rect, mask, number)
    return Edit.fill(rect, mask & chosen.holds(values_of(image[rect.slices])), number)


def stroke(shape: tuple[int, ...], points: Sequence[Point], diameter: int) -> tuple[Rect, Mask]:
    """The pixels of a stroke: a rectangle inside the image, and a mask of its pixels."""
    ends = [_put(point, diameter) for point in points]
    across, down = [x for _, x in ends], [y for y, _ in ends]
    reach = diameter / 2
    rect = Rect(
        max(0, int(np.floor(min(down) - reach))),
        max(0, int(np.floor(min(across) - reach))),
        min(shape[0], int(np.ceil(max(down) + reach))),
        min(shape[1], int(np.ceil(max(across) + reach))),
    )
    if rect.empty:
        return NOTHING, np.zeros((0, 0), bool)
    rows = np.arange(rect.top, rect.bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    columns = np.arange(rect.left, rect.right, dtype=np.float32)[None] + np.float32(0.5)
    mask = np.zeros(rect.shape, bool)
    for first, last in zip(ends[:1] if len(ends) == 1 else ends, ends[1:] or ends, strict=False):
        mask |= _squared_distance(rows, columns, first, last) <= reach * reach + _SHAKE
    return rect, mask


def _put(point: Point, diameter: int) -> Point:
    if diameter % 2:
        return float(np.floor(point[0])) + 0.5, float(np.floor(point[1])) + 0.5
    return float(np.round(point[0])), float(np.round(point[1]))


def _squared_distance(rows: Array, columns: Array, first: Point, last: Point) -> Array:
    """The squared distance of each pixel from the line between two points, (height, width)."""
    y, x = rows - np.float32(first[0]), columns - np.float32(first[1])
    down, across = np.float32(last[0] - first[0]), np.float32(last[1] - first[1])
    length = down * down + across * across
    if not length:
        return np.asarray(y * y + x * x)
    along = np.clip((y * (down / length)) + (x * (across / length)), 0, 1)
    return np.asarray((y - along * down) ** 2 + (x - along * across) ** 2)
