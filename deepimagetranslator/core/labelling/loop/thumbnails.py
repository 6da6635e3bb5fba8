"""How unlike the images that are done the others are, by their thumbnails.

Labelling the least like again and again is the greedy algorithm for the k-centre problem (Gonzalez
1985, Theoretical Computer Science 38), which chooses core sets (Sener and Savarese 2018,
arXiv 1708.00489), here without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.labelling.loop.states import KnownImage
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.values import values_of
from deepimagetranslator.core.messages.events import FilesRead, Report, ignore
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.typing import Array

SIDE = 32  # pixels of a thumbnail, whatever the image's aspect

Thumbnail = NDArray[np.float64]
"""Mean grey values of the parts of an image, (1024,)."""


def thumbnail(image: Array) -> Thumbnail:
    """The thumbnail of an image (height, width, 1 or 3) of any dtype, in the values of the file."""
    values = np.nan_to_num(values_of(image), posinf=0.0, neginf=0.0)
    small = cv2.resize(values, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64).ravel()


def distances(
    images: Sequence[KnownImage],
    read: Callable[[ImageRef], Array] = read_image,
    report: Report = ignore,
    control: JobControl | None = None,
) -> dict[ImageRef, float]:
    """The Euclidean distance of each image that is not done to the nearest one that is.

    Args:
        images: all images of the project.
        read: reads one; an image for which it raises ``UserError`` is left out.
        report: called with ``FilesRead``.
        control: cancels it.

    Returns:
        By image, in the values of the files; empty if no image is done.

    Raises:
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    small: dict[ImageRef, Thumbnail] = {}
    done = [one.image for one in images if one.state == DONE]
    if not done:
        return {}
    for position, one in enumerate(images, 1):
        control.raise_if_cancelled()
        with suppress(UserError):
            small[one.image] = thumbnail(read(one.image))
        report(FilesRead(position, len(images)))
    centres = [small[image] for image in done if image in small]
    left = [one.image for one in images if one.state != DONE and one.image in small]
    if not centres:
        return {}
    return {
        image: min(float(np.linalg.norm(small[image] - centre)) for centre in centres)
        for image in left
    }
