"""Augmentation that imitates other scanners: offset, gain, gamma and low resolution.

Values are in [0, 1], so amounts are fractions of the intensity window: in a CT window of 500 HU an
offset of 0.04 is 20 HU. Values of exactly 0 and 1 stay, as most of them lie far outside the window:
air stays black when a scanner is 20 HU brighter, and so does what rotation moves in.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.augmentation.intensity import (
    Array,
    FactorOperation,
    PairOperation,
    Size,
    by_channels,
)

_MIDDLE = np.float32(0.5)


class Offset(PairOperation):
    """Adds a value from -``amount`` to ``amount``; the result is clipped to [0, 1]."""

    def sample(self, rng: np.random.Generator, size: Size) -> np.float32:
        return np.float32(rng.uniform(-1, 1) * self.amount)

    def change(self, image: Array, values: np.float32) -> Array:
        return _within_window(image + values, image)


class Gain(FactorOperation):
    """Scales each value's difference from the window's middle; the result is clipped to [0, 1]."""

    def change(self, image: Array, values: np.float32) -> Array:
        changed = image * values
        changed += _MIDDLE * (1 - values)
        return _within_window(changed, image)


class Gamma(FactorOperation):
    """Raises each value to the power of the factor: darker above 1, brighter below."""

    def change(self, image: Array, values: np.float32) -> Array:
        changed = np.clip(image, 0, 1, order="C")  # a view can be flat only in this order
        flat = changed.reshape(len(changed), -1)
        cv2.pow(flat, float(values), dst=flat)
        return changed


class LowResolution(PairOperation):
    """Reduces the image by a factor from 1 to ``amount``, and enlarges it again.

    Pixels of the small image are means of areas; between them it is interpolated bilinearly.
    """

    def sample(self, rng: np.random.Generator, size: Size) -> float:
        return 1 + rng.random() * (self.amount - 1)

    def change(self, image: Array, values: float) -> Array:
        height, width = image.shape[:2]
        small = max(1, round(width / values)), max(1, round(height / values))
        if small == (width, height):
            return image

        def coarse(part: Array) -> Array:
            reduced = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
            return cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)

        return by_channels(coarse, image)


def _within_window(changed: Array, image: Array) -> Array:
    """The changed values clipped to [0, 1]; those that were 0 and 1 in ``image`` stay."""
    np.clip(changed, 0, 1, out=changed)
    np.copyto(changed, image, where=(image <= 0) | (image >= 1))
    return changed
