"""How much of an image is left in view after augmentation; the rest is black."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.specs import AugmentationSpec

Points = NDArray[np.float32]
LITTLE = 0.35
"""Below this share of an image, in one of ten examples, little is left."""
_EXAMPLES = 100
_PART = 0.1
_MOST_MOVED = 0.24  # of a side, the most that the perspective transform moves a corner


@lru_cache(64)
def share_left(spec: AugmentationSpec, height: int, width: int) -> float:
    """The share of an input image, 0 to 1, that one of ten augmented examples has at most.

    Args:
        spec: the augmentation; operations that change no place, and elastic ones, are left out.
        height, width: of the network's input, in pixels.
    """
    rng = np.random.default_rng(1)
    return float(np.quantile([_example(spec, height, width, rng) for _ in range(_EXAMPLES)], _PART))


def leaves_little(spec: AugmentationSpec, height: int, width: int) -> bool:
    """Whether an augmentation leaves little of some images of this size."""
    return share_left(spec, height, width) < LITTLE


def _example(spec: AugmentationSpec, height: int, width: int, rng: np.random.Generator) -> float:
    """The share of the image that a random example has."""
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    factors = spec.stretch ** rng.spawn(1)[0].uniform(-1, 1, 2)
    turn, shift, corners = rng.uniform(-1, 1), rng.uniform(-1, 1, 2), rng.uniform(-1, 1, (4, 2))
    points: Points = frame
    if spec.rotation_input:
        centre = width / 2, height / 2
        matrix = cv2.getRotationMatrix2D(centre, turn * spec.rotation, 1.0)
        points = cv2.transform(points[None], matrix)[0]
    if spec.stretch_input and spec.behaviour != "2021":
        points = ((points - frame[2] / 2) * factors + frame[2] / 2).astype(np.float32)
    if spec.scaling_input:
        most = np.minimum(spec.scaling, _MOST_MOVED * np.array([width, height]))
        moved = (frame + corners * most).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(moved, frame)
        points = cv2.perspectiveTransform(points[None], matrix)[0]
    if spec.translation_input:
        points = points + (shift * spec.translation).astype(np.float32)
    inside, _ = cv2.intersectConvexConvex(points, frame)
    return float(inside) / (height * width) * _not_dropped(spec, height, width, rng)


def _not_dropped(
    spec: AugmentationSpec, height: int, width: int, rng: np.random.Generator
) -> float:
    """The share of an image that random black rectangles leave, on average."""
    count, sides = rng.random() * spec.drop_count, rng.random(2)
    if not spec.drop_input:
        return 1.0
    rectangle = np.minimum(sides * spec.drop, (height, width))
    return float((1 - rectangle.prod() / (height * width)) ** count)
