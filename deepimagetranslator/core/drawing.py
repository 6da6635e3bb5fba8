"""A pair as training sees it: read, scaled, augmented; the same in a batch and in a preview.

What is drawn depends only on the seed, the epoch and the position: not on the number of threads,
on a resume, or on what was looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.augment import augment, draw_generator
from deepimagetranslator.core.dataset import Dataset
from deepimagetranslator.core.images import read_image
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.pixels import Array, resize, to_channels
from deepimagetranslator.core.specs import AugmentationSpec

_ORDER_DRAW = 2**32 - 1
_VALIDATION_EPOCH = 0
# Augmentation takes values in [0, 1], and its 2021 behaviour works on bytes.
CLASS_UNIT = np.float32(255)

Floats = NDArray[np.float32]


class PairReader:
    """Reads pairs at the network's size and keeps them, decoded, within a memory budget.

    Threads may share one reader.
    """

    def __init__(self, dataset: Dataset, cache_bytes: int) -> None:
        self.dataset = dataset
        self._budget = cache_bytes
        self._kept: dict[ImagePair, tuple[Array, Array]] = {}
        self._lock = threading.Lock()

    def read(self, pair: ImagePair) -> tuple[Floats, Floats]:
        """Input and target as float32 (height, width, channels) in [0, 1] at the network's size.

        For a network with classes the target is (height, width, 1): class numbers / 255.

        Raises:
            UserError: a file cannot be read or has other channels or label colours.
        """
        image, target = self._native(pair)
        dataset = self.dataset
        x = dataset.input_scaling.to_unit(image)
        if dataset.classes:
            return x, target.astype(np.float32) / CLASS_UNIT
        return x, dataset.target_scaling.to_unit(target)

    def forget(self) -> None:
        """Drop the kept images."""
        with self._lock:
            self._kept.clear()

    def _native(self, pair: ImagePair) -> tuple[Array, Array]:
        with self._lock:
            if pair in self._kept:
                return self._kept[pair]
        arrays = self._decode(pair)
        size = sum(array.nbytes for array in arrays)
        with self._lock:
            # The first images to fit stay: with a random order, replacing them would gain nothing.
            if size <= self._budget and pair not in self._kept:
                self._budget -= size
                self._kept[pair] = arrays
        return arrays

    def _decode(self, pair: ImagePair) -> tuple[Array, Array]:
        dataset, model = self.dataset, self.dataset.model
        image = to_channels(read_image(pair.input), model.input_channels, pair.input.name)
        image = resize(image, model.input_height, model.input_width)
        target = read_image(pair.target)
        if dataset.classes:
            assert dataset.palette is not None
            target = dataset.palette.encode(target, pair.target.name)[..., np.newaxis]
        else:
            target = to_channels(target, model.target_channels, pair.target.name)
        labels = dataset.palette is not None
        return image, resize(target, model.target_height, model.target_width, labels=labels)


@dataclass(frozen=True)
class PairDrawer:
    """One part of a data set with its augmentation: which pair comes when, and how it looks.

    Attributes:
        reader: where the pairs are read; parts may share one.
        pairs: of this part; a position counts in them, from 0.
        augmentation: the random operations.
        seed: of every draw.
        validation: this is the validation part: its own order, one fixed draw per image.
    """

    reader: PairReader
    pairs: Sequence[ImagePair]
    augmentation: AugmentationSpec
    seed: int
    validation: bool = False

    def order(self, epoch: int) -> NDArray[np.intp]:
        """The positions in the order of ``epoch`` (from 1)."""
        if self.validation:
            return np.arange(len(self.pairs))
        return draw_generator(self.seed, epoch, _ORDER_DRAW).permutation(len(self.pairs))

    def draw(self, epoch: int, position: int) -> tuple[Floats, Floats]:
        """The pair at ``position`` as augmented in ``epoch``: float32 (height, width, channels).

        For a network with classes the target is (height, width, 1): class numbers / 255.

        Raises:
            UserError: a file cannot be read or has other channels or label colours.
        """
        x, y = augment(
            self.reader.read(self.pairs[position]),
            self.augmentation,
            draw_generator(self.seed, _VALIDATION_EPOCH if self.validation else epoch, position),
            label_target=self.reader.dataset.palette is not None,
            validation=self.validation,
        )
        assert y is not None
        return x, y
