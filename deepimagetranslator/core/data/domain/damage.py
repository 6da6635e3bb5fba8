"""How much the output of a network suffers when its input is changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.labels.exclusive import BACKGROUND, region

Floats = NDArray[np.float32]
DICE = 0.05
"""A Dice score lower by this is a damage of 1."""
PSNR = 3.0
"""So is a PSNR lower by so many decibels, where it cannot be compared with that of the input."""
_LEAST_DICE = 0.3
_LEAST_GAIN = 0.5  # decibels
_LEAST_ERROR = 1e-10


@dataclass(frozen=True)
class Judge:
    """Compares outputs with targets.

    Attributes:
        labels: outputs are label maps, in channels or by class; else values.
        by_class: channels exclude each other, and the first one is the background.
        comparable: input and target are values of the same kind, as in denoising.
        exclusive: the channels of exclusive classes, see ``core.data.labels.exclusive``.
    """

    labels: bool
    by_class: bool = False
    comparable: bool = False
    exclusive: tuple[int, ...] = ()

    def quality(self, x: Floats, y: Floats, y_pred: Floats) -> float:
        """How good an output is; NaN if the target shows nothing.

        The mean Dice score of the labels that the target has; or the PSNR in decibels, of
        comparable images that beyond the input's own.

        Args:
            x, y, y_pred: input, target and output (height, width, channels).
        """
        if self.labels:
            return _dice(*map(self._masks, (y, y_pred)))
        return _psnr(y_pred, y) - (_psnr(x, y) if self.comparable else 0.0)

    def damage(self, before: float, after: float) -> float:
        """How much worse a quality is than before; 1 is the limit.

        For comparable images it is where the output becomes worse than the input.
        """
        if self.labels:
            return (before - after) / DICE
        return (before - after) / (before if self.comparable else PSNR)

    def suffices(self, quality: float) -> bool:
        """Whether a network of this quality is good enough to be spoilt; not for NaN."""
        if self.labels:
            return quality >= _LEAST_DICE
        return quality >= _LEAST_GAIN if self.comparable else math.isfinite(quality)

    def _masks(self, image: Floats) -> NDArray[np.bool_]:
        """Where each label is, (height, width, labels), as in a translation."""
        if self.by_class:
            numbers = image.argmax(axis=2)
            return np.asarray(numbers[..., np.newaxis] == np.arange(1, image.shape[2]))
        masks = image > 0.5
        for channel in self.exclusive:
            if channel != BACKGROUND:
                masks[..., channel] = region(image, self.exclusive, channel)
        return np.asarray(masks)


def _dice(y: NDArray[np.bool_], y_pred: NDArray[np.bool_]) -> float:
    true, found, both = (mask.sum(axis=(0, 1), dtype=float) for mask in (y, y_pred, y & y_pred))
    there = true > 0
    return float(np.mean(2 * both[there] / (true + found)[there])) if there.any() else math.nan


def _psnr(image: Floats, y: Floats) -> float:
    error = float(np.mean(np.square(np.clip(image, 0, 1) - np.clip(y, 0, 1))))
    return -10 * math.log10(max(error, _LEAST_ERROR))
