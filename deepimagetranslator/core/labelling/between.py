"""Label maps from others: copies, and what lies between two labelled slices.

The interpolation is shape-based (Raya and Udupa 1990, IEEE Trans Med Imaging 9:32-42): each class
has a signed distance from its border, positive inside. It is weighted between the two slices, and a
pixel gets the class with the largest one. So the result is exactly the one slice at position 0 and
the other at position 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.borders import squared_distance
from deepimagetranslator.core.labelling.label_map import Classes, Edit, Mask
from deepimagetranslator.core.labelling.progress import Progress, silent
from deepimagetranslator.core.labelling.rect import whole
from deepimagetranslator.core.labelling.regions import of_map


def copy(classes: Classes, other: Classes, whose: str, only: int | None = None) -> Edit:
    """Copy another label map, such as a prediction or that of the next slice.

    Args:
        classes: the label map to change.
        other: the one to copy.
        whose: the other one's name, for the message.
        only: the only class that is copied; None copies all, and the background too.

    Raises:
        UserError: they differ in size.
    """
    _require_size(classes, other, whose)
    if only is None:
        return of_map(classes, other)
    return Edit.fill(whole(classes), other == only, only)


def interpolate(
    classes: Classes,
    before: Classes,
    after: Classes,
    position: float,
    progress: Progress = silent,
) -> Edit:
    """Replace a label map by what lies between two others.

    Args:
        classes: the label map to change.
        before, after: those of a slice before and after it.
        position: 0 at ``before``, 1 at ``after``.
        progress: told the part that is done.

    Raises:
        UserError: they differ in size.
    """
    _require_size(classes, before, "The slice before")
    _require_size(classes, after, "The slice after")
    best = np.full(classes.shape, -np.inf, np.float32)
    winner = np.zeros(classes.shape, np.uint8)
    present = np.union1d(before, after)
    for done, one in enumerate(present):
        parts = (before == one, 1 - position), (after == one, position)
        inner = sum(
            np.float32(part) * _signed_distance(mask) for mask, part in parts if part
        ) + np.zeros_like(best)
        larger = inner > best
        best[larger], winner[larger] = inner[larger], one
        progress((done + 1) / len(present))
    return of_map(classes, winner)


def _signed_distance(mask: Mask) -> NDArray[np.float32]:
    """The distance in pixels to the nearest pixel outside the mask, for those outside minus that to
    the nearest one inside; at most the image's height and width together."""
    longest = np.float32(sum(mask.shape))
    outside, inside = (
        np.minimum(np.sqrt(squared_distance(side)), longest) for side in (~mask, mask)
    )
    return np.asarray(np.where(mask, outside, -inside), np.float32)


def _require_size(classes: Classes, other: Classes, whose: str) -> None:
    if classes.shape != other.shape:
        (high, wide), (height, width) = other.shape, classes.shape
        raise UserError(
            f"{whose} has {wide} x {high} pixels and this image {width} x {height}; only label "
            "maps of the same size can be copied."
        )
