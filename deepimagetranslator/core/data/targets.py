"""Reads targets with the changes that the user has chosen for them.

Everything that needs a target's pixels reads them here: the data check, training, evaluation and
the window. To add a change, give its name to a group in ``core.config.target_changes``, and its
function to ``_CHANGED`` (from the target's pixels) or to ``_READ`` (reads the pixels itself).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from deepimagetranslator.core.config.target_changes import GEOMETRY, GROUPS
from deepimagetranslator.core.data import places
from deepimagetranslator.core.data.labels.outlines import objects_with_outlines
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_alpha, read_image
from deepimagetranslator.core.imaging.pixels import turned
from deepimagetranslator.core.typing import Array

NEED_INPUT = frozenset(GROUPS[GEOMETRY])
"""The changes that depend on the input's file too."""


def read_target(target: ImagePair | ImageRef) -> Array:
    """A target's pixels, as ``read_image`` returns them, after the pair's changes.

    Args:
        target: a pair, whose target is read; or a target without changes.

    Raises:
        UserError: as ``read_image``, or a change does not fit the target.
    """
    if isinstance(target, ImageRef):
        return read_image(target)
    changes = list(target.changes)
    readers = [_READ[name] for name in changes if name in _READ]
    image = readers[0](target) if readers else read_image(target.target)
    for name in changes:
        if name in _CHANGED:
            image = np.ascontiguousarray(_CHANGED[name](image))
    return image


def target_size(target: ImagePair | ImageRef) -> tuple[int, int, int, str]:
    """Height, width, channels and dtype of what ``read_target`` returns. The pixels are decoded
    only if the target has changes.

    Raises:
        UserError: as ``read_target``.
    """
    if isinstance(target, ImageRef):
        return image_size(target)
    if not target.changes:
        return image_size(target.target)
    image = read_target(target)
    height, width, channels = image.shape
    return height, width, channels, image.dtype.name


def _inverted(image: Array) -> Array:
    """Dark for bright: the two colours of a mask are exchanged; a mask of one colour becomes 0, and
    one of 0 becomes 1; any other integer image is inverted within its type's range, a float image
    within its own."""
    first = image[:1, :1]
    differs = (image != first).any(axis=2)
    if not differs.any():
        return np.full_like(image, 0 if first.any() else 1)
    if (image[differs] == image[differs][0]).all():
        return np.where(differs[..., None], first, image[differs][0])
    low, high = image.min(), image.max()
    if image.dtype.kind == "u":
        low, high = image.dtype.type(0), image.dtype.type(np.iinfo(image.dtype).max)
    inverted: Array = (high - (image - low)).astype(image.dtype)
    return inverted


def _from_transparency(pair: ImagePair) -> Array:
    alpha = read_alpha(pair.target)
    if alpha is None:
        raise UserError(f"{pair.target} has no transparency to read a mask from; read it as it is.")
    return alpha


ORIENTATIONS = {
    "mirror_x": 2,
    "turn_180": 3,
    "mirror_y": 4,
    "transpose": 5,
    "turn_270": 6,
    "transpose_180": 7,
    "turn_90": 8,
}
"""By change, the EXIF orientation that does the same."""

_CHANGED: Mapping[str, Callable[[Array], Array]] = {
    **{name: partial(turned, orientation=number) for name, number in ORIENTATIONS.items()},
    "inverted": _inverted,
    "objects_outline": objects_with_outlines,
}
"""From a target's pixels (height, width, channels) to the changed ones."""


def turned_further(first: str, second: str) -> str:
    """The change of orientation that does two of them, one after the other; "" if the second one
    undoes the first."""
    grid = np.arange(6).reshape(2, 3, 1)
    both = _CHANGED[second](_CHANGED[first](grid))
    alike = (name for name in ORIENTATIONS if np.array_equal(_CHANGED[name](grid), both))
    return next(alike, "")


_READ: Mapping[str, Callable[[ImagePair], Array]] = {
    "transparency": _from_transparency,
    "array_order": places.read_in_array_order,
    "other_form": places.read_by_other_form,
    "resampled": places.read_resampled,
}
"""Reads a pair's target otherwise than ``read_image``."""

LABELS = {
    "array_order": "in the order of their input's voxels, without regard to their own place",
    "other_form": "at the place that the other of qform and sform states",
    "resampled": "at the places of their input's pixels (nearest neighbour)",
    "turn_90": "turned by 90 degrees to the left",
    "turn_180": "turned by 180 degrees",
    "turn_270": "turned by 90 degrees to the right",
    "mirror_x": "mirrored left to right",
    "mirror_y": "mirrored top to bottom",
    "transpose": "with rows and columns exchanged",
    "transpose_180": "with rows and columns exchanged, then turned by 180 degrees",
    "inverted": "inverted",
    "transparency": "from the transparency",
    "objects_outline": "as objects, their outlines and background",
}
"""Each change as a clause after "are read" in messages."""
