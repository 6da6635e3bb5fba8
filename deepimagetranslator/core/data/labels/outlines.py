"""Objects with their outlines as classes, from label maps that number their objects.

A network that learns the outlines as a class of their own keeps touching objects apart
(Ronneberger et al. 2015, Caicedo et al. 2019).
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.typing import Array

BACKGROUND, OBJECT, OUTLINE = (0, 0, 0), (255, 0, 0), (0, 255, 0)
_SIDES_PER_PIXEL = 256


def objects_with_outlines(image: Array) -> Array:
    """A label map of numbered objects in the three colours above, (height, width, 3), uint8.

    The outline lies inside its object: the pixels within a distance of another number. The
    distance is one pixel for each 256 of the shorter side, so that it survives the resizing to the
    network's size. The border of the image is no outline.

    Args:
        image: (height, width, 1) of any dtype; 0 is background. The colours of a (height, width,
            3) image are numbers too.
    """
    reach = max(1, round(min(image.shape[:2]) / _SIDES_PER_PIXEL))
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    highest, lowest = (method(image, window) for method in (cv2.dilate, cv2.erode))
    near_another = (highest != lowest).reshape(*image.shape[:2], -1).any(axis=2)
    result = np.zeros((*image.shape[:2], 3), np.uint8)
    objects = image.any(axis=2)
    result[objects] = OBJECT
    result[objects & near_another] = OUTLINE
    return result
