"""Tools for connected pixels: bucket, growing from seeds, islands, holes and specks.

The bucket and growing take pixels that touch at edges (4-connected), so that they do not slip
through a closed line of diagonal pixels. An island is 8-connected and a hole 4-connected, as in the
clean-up (``core.data.labels.clean_up``), which also fills holes and removes specks.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.config.clean_up import HOLES, ISLANDS
from deepimagetranslator.core.data.labels.clean_up import CleanUp, CleanUpStep
from deepimagetranslator.core.labelling.label_map import BACKGROUND, Classes, Edit, Mask
from deepimagetranslator.core.labelling.rect import NOTHING, Rect, whole
from deepimagetranslator.core.labelling.values import Range, Values

Pixel = tuple[int, int]
"""Row and column."""
_NONE = Edit.fill(NOTHING, np.zeros((0, 0), bool), BACKGROUND)


def bucket(
    values: Values, start: Pixel, tolerance: float, number: int, walls: Mask | None = None
) -> Edit:
    """Fill the connected pixels whose values differ by at most a tolerance from the first one's.

    Args:
        values: of the input.
        start: the first pixel. If its value is not finite, nothing is filled.
        tolerance: in units of the values, from 0.
        number: the class.
        walls: pixels that the region does not enter.
    """
    if not np.isfinite(values[start]) or (walls is not None and walls[start]):
        return _NONE
    # Left from a wall, OpenCV's mask has a frame of one pixel.
    height, width = values.shape
    mask = np.zeros((height + 2, width + 2), np.uint8)
    if walls is not None:
        mask[1:-1, 1:-1] = walls
    unknown = ~np.isfinite(values)
    if unknown.any():
        mask[1:-1, 1:-1] |= unknown
        values = np.where(unknown, np.float32(0), values)
    flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (2 << 8)
    limits = (tolerance,), (tolerance,)
    *_, box = cv2.floodFill(values, mask, start[::-1], (0,), *limits, flags)
    left, top, wide, high = box
    rect = Rect(top, left, top + high, left + wide)
    filled = mask[1:-1, 1:-1][rect.slices] == 2
    return Edit.fill(rect, filled, number)


def grow(classes: Classes, values: Values, number: int, chosen: Range) -> Edit:
    """Let a class grow from its pixels into the background, as far as the input's values lie in a
    range; other classes stop it.

    Args:
        classes: the label map.
        values: of the input.
        number: the class.
        chosen: the range of the values.
    """
    seeds = classes == number
    room = ((classes == BACKGROUND) & chosen.holds(values)) | seeds
    count, labels = cv2.connectedComponents(room.astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    reached[labels[seeds]] = True
    reached[0] = False
    return Edit.fill(whole(classes), reached[labels], number)


def remove_island(classes: Classes, pixel: Pixel) -> Edit:
    """Make the island of a pixel background: the connected pixels of its class."""
    return Edit.fill(whole(classes), _island(classes, pixel), BACKGROUND)


def keep_island(classes: Classes, pixel: Pixel) -> Edit:
    """Make all other pixels of a pixel's class background."""
    others = (classes == classes[pixel]) & ~_island(classes, pixel)
    return Edit.fill(whole(classes), others, BACKGROUND)


def fill_holes(classes: Classes, number: int) -> Edit:
    """Give the holes in a class, which touch no edge of the image, that class."""
    return _cleaned(classes, CleanUpStep(HOLES, number))


def remove_specks(classes: Classes, number: int, pixels: int) -> Edit:
    """Give islands of a class of fewer than ``pixels`` pixels the class that most of the pixels
    around them have."""
    return _cleaned(classes, CleanUpStep(ISLANDS, number, pixels))


def _cleaned(classes: Classes, step: CleanUpStep) -> Edit:
    return of_map(classes, CleanUp((step,), BACKGROUND)(classes))


def of_map(classes: Classes, changed: Classes) -> Edit:
    """The edit that turns a label map into another one of its size."""
    return Edit(whole(classes), classes != changed, changed)


def _island(classes: Classes, pixel: Pixel) -> Mask:
    own = (classes == classes[pixel]).astype(np.uint8)
    _, labels = cv2.connectedComponents(own, connectivity=8)
    return np.asarray(labels == labels[pixel])
