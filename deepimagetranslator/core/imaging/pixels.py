"""Bring the pixels of an image to a given number of channels, size and orientation.

An image is an array (height, width, channels) with 1 (grey) or 3 (red, green, blue) channels and
dtype uint8, uint16 or float32; values are those of the file, not normalized.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array


def to_channels(image: Array, channels: int, name: str) -> Array:
    """Grey to RGB by repetition, RGB to grey by luma (ITU-R BT.601); the dtype is kept.

    Args:
        image: (height, width, channels).
        channels: wanted number of channels.
        name: the file's name, for the message.

    Raises:
        UserError: neither 1 nor 3 channels, and another number is wanted.
    """
    if image.shape[2] == channels:
        return image
    if image.shape[2] == 1 and channels == 3:
        return np.repeat(image, 3, axis=2)
    if image.shape[2] == 3 and channels == 1:
        grey: Array = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return grey[..., None]
    message = f"{name} has {image.shape[2]} channels where {channels} are expected; convert it."
    raise UserError(message)


def resize(image: Array, height: int, width: int, labels: bool = False) -> Array:
    """An image (h, w, channels) in another size; dtype kept, the same array if the size is equal.

    Label maps use nearest-neighbour sampling, so no colours are mixed. For other images a side
    that shrinks is averaged over areas and a side that grows is interpolated bilinearly.
    """
    if image.shape[:2] == (height, width):
        return image
    if labels:
        rows, columns = (
            (2 * np.arange(new) + 1) * old // (2 * new)
            for new, old in zip((height, width), image.shape[:2], strict=True)
        )
        nearest: Array = image[rows].take(columns, axis=1)
        return nearest
    smaller = min(width, image.shape[1]), min(height, image.shape[0])
    result = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(result).reshape(height, width, image.shape[2])


def within(image: Array, side: int) -> Array:
    """An image reduced so that no side exceeds ``side`` pixels; the same array if it fits."""
    longest = max(image.shape[:2])
    if longest <= side:
        return image
    height, width = (max(1, round(length * side / longest)) for length in image.shape[:2])
    return resize(image, height, width)


def turned(image: Array, orientation: int) -> Array:
    """An image (height, width, ...) with its EXIF orientation, 1 to 8, applied."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image
