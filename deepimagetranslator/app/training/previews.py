"""The images that a training monitor shows: predictions of a few fixed images by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from deepimagetranslator.core.typing import Array

PREVIEW_SIDE = 512
PREVIEW_BYTES = 256 * 2**20


class Previews:
    """Predictions by epoch with the inputs and targets of the same images, all small and uint8.

    Attributes:
        exact: whether the targets are label maps, whose colours must stay exact.
        epochs: the predictions by epoch, always of the same images in the same order.
        inputs, targets: the images and their targets, in this order.
    """

    def __init__(self) -> None:
        self.exact = False
        self.epochs: dict[int, list[Array]] = {}
        self.inputs: list[Array] = []
        self.targets: list[Array] = []

    def set_references(self, inputs: Sequence[Array], targets: Sequence[Array]) -> None:
        """Store the inputs and targets, (height, width) or (height, width, 1 or 3) uint8."""
        self.inputs = [_small(image) for image in inputs]
        self.targets = [self._small_target(image) for image in targets]

    def add(self, epoch: int, images: Sequence[Array], best_epoch: int | None) -> None:
        """Store predictions, reduced to at most ``PREVIEW_SIDE`` pixels a side.

        Args:
            epoch: from 1.
            images: (height, width) or (height, width, 1 or 3) uint8.
            best_epoch: the epoch whose predictions are never dropped.
        """
        self.epochs[epoch] = [self._small_target(image) for image in images]
        self._thin(best_epoch)

    def keep_until(self, epoch: int) -> None:
        """Drop the predictions of later epochs."""
        self.epochs = {n: images for n, images in self.epochs.items() if n <= epoch}

    def _small_target(self, image: Array) -> Array:
        return _small(image, cv2.INTER_NEAREST if self.exact else cv2.INTER_AREA)

    def _thin(self, best_epoch: int | None) -> None:
        """Above the memory limit, drop every second epoch of the older half, except the best."""
        kept = (image for images in self.epochs.values() for image in images)
        if sum(image.nbytes for image in kept) > PREVIEW_BYTES:
            epochs = sorted(self.epochs)
            for epoch in epochs[1 : len(epochs) // 2 : 2]:
                if epoch != best_epoch:
                    del self.epochs[epoch]


def _small(image: Array, how: int = cv2.INTER_AREA) -> Array:
    """The image reduced to at most PREVIEW_SIDE pixels a side, (height, width, channels)."""
    height, width = image.shape[:2]
    factor = PREVIEW_SIDE / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        image = np.asarray(cv2.resize(image, size, interpolation=how))
    return image.reshape(*image.shape[:2], -1)
