"""Tools for the borders of a class: smoothing them, and moving them in or out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.labelling.label_map import BACKGROUND, Classes, Edit, Mask
from deepimagetranslator.core.labelling.progress import Progress, silent
from deepimagetranslator.core.labelling.rect import whole
from deepimagetranslator.core.labelling.regions import of_map


def smooth(classes: Classes, number: int, reach: int, progress: Progress = silent) -> Edit:
    """Smooth the borders of a class by a majority filter.

    A pixel gets the class that most pixels of a square around it have, beyond the image's edges
    those at the edge; of several its own, else the first. Only pixels that leave the class or come
    to it change.

    Args:
        classes: the label map.
        number: the class.
        reach: the square has 2 ``reach`` + 1 rows and columns.
        progress: told the part that is done.
    """
    side = 2 * reach + 1
    most = np.full(classes.shape, -1, np.int32)
    winner = np.zeros(classes.shape, np.uint8)
    own = np.zeros(classes.shape, np.int32)
    present = np.unique(classes)
    for done, one in enumerate(present):
        here = classes == one
        amounts = cv2.boxFilter(
            here.astype(np.uint8),
            cv2.CV_32S,
            (side, side),
            normalize=False,
            borderType=cv2.BORDER_REPLICATE,
        )
        own[here] = amounts[here]
        more = amounts > most
        most[more], winner[more] = amounts[more], one
        progress((done + 1) / len(present))
    changed = (own < most) & ((classes == number) | (winner == number))
    return of_map(classes, np.where(changed, winner, classes))


def move_border(classes: Classes, number: int, pixels: int, progress: Progress = silent) -> Edit:
    """Move the border of a class outwards, or inwards if ``pixels`` is negative.

    Distances are those of pixel centres. Outwards, pixels at most so many pixels away get the
    class. Inwards, pixels of the class at most so far from another class get the nearest one; of
    several the first.

    Args:
        classes: the label map.
        number: the class.
        pixels: how far.
        progress: told the part that is done.
    """
    inside = classes == number
    if pixels >= 0 or not inside.any():
        near = squared_distance(inside) <= pixels * pixels
        return Edit.fill(whole(classes), near & ~inside, number)
    lost = inside & (squared_distance(~inside) <= pixels * pixels)
    nearest = np.full(classes.shape, np.inf, np.float32)
    winner = np.full(classes.shape, BACKGROUND, np.uint8)
    others = [int(one) for one in np.unique(classes) if one != number]
    for done, one in enumerate(others):
        distance = squared_distance(classes == one)
        closer = distance < nearest
        nearest[closer], winner[closer] = distance[closer], one
        progress((done + 1) / len(others))
    return of_map(classes, np.where(lost, winner, classes))


def squared_distance(mask: Mask) -> NDArray[np.float32]:
    """The squared distance from each pixel's centre to the nearest one of a mask, rounded to the
    integer that it is; infinity if the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    outside = (~mask).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.rint(np.square(distance)), np.float32)
