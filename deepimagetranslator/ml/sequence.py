"""Reproducible batches of augmented pairs, made ahead of the training step.

What a batch holds depends only on the seed, the epoch and the index: not on the number of
threads, on a resume or on what was shown in a preview.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.augment import augment, draw_generator
from deepimagetranslator.core.dataset import Dataset
from deepimagetranslator.core.images import read_image, resize, to_channels
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.specs import AugmentationSpec
from deepimagetranslator.ml.unet import COARSE, FINAL

BATCHES_AHEAD = 3
_ORDER_DRAW = 2**32 - 1
_VALIDATION_EPOCH = 0
# Augmentation takes values in [0, 1], and its 2021 behaviour works on bytes.
_CLASS_UNIT = np.float32(255)


class PairReader:
    """Reads pairs at the network's size and keeps them, decoded, within a memory budget.

    Threads may share one reader.
    """

    def __init__(self, dataset: Dataset, cache_bytes: int) -> None:
        self.dataset = dataset
        self._budget = cache_bytes
        self._kept: OrderedDict[ImagePair, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, pair: ImagePair) -> tuple[np.ndarray, np.ndarray]:
        """Input and target as float32 (height, width, channels) in [0, 1] at the network's size.

        For a network with classes the target is (height, width, 1): class numbers / 255.

        Raises:
            UserError: a file cannot be read or has other channels or label colours.
        """
        image, target = self._native(pair)
        dataset = self.dataset
        x = dataset.input_scaling.to_unit(image)
        if dataset.classes:
            return x, target.astype(np.float32) / _CLASS_UNIT
        return x, dataset.target_scaling.to_unit(target)

    def forget(self) -> None:
        """Drop the kept images."""
        with self._lock:
            self._kept.clear()

    def _native(self, pair: ImagePair) -> tuple[np.ndarray, np.ndarray]:
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

    def _decode(self, pair: ImagePair) -> tuple[np.ndarray, np.ndarray]:
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


class PairSequence(keras.utils.PyDataset):
    """Batches of one part of a data set, for ``fit(..., shuffle=False)``.

    Set ``epoch`` as each epoch begins and call ``close`` when done. Batches ahead of the one
    asked for are made by threads of its own.
    """

    def __init__(
        self,
        reader: PairReader,
        pairs: Sequence[ImagePair],
        augmentation: AugmentationSpec,
        *,
        batch_size: int,
        seed: int,
        epoch: int = 1,
        validation: bool = False,
    ) -> None:
        super().__init__(workers=1)
        self.reader = reader
        self.pairs = list(pairs)
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch
        self.validation = validation
        self.error: Exception | None = None
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pairs")
        self._ahead: dict[tuple[int, int], Future[Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return math.ceil(len(self.pairs) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Any]:
        """Batch ``index`` of the current epoch: x, and y as the network's outputs want it."""
        epoch = self.epoch
        try:
            with self._lock:
                wanted = [self._place(epoch, index + i) for i in range(BATCHES_AHEAD + 1)]
                self._ahead = {
                    place: self._ahead.get(place) or self._pool.submit(self.batch, *place)
                    for place in wanted
                }
                future = self._ahead[wanted[0]]
            return future.result()
        except Exception as error:
            self.error = error
            raise

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, Any]:
        """Batch ``index`` (from 0) of ``epoch``, made in the calling thread."""
        order = self.order(epoch)
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        drawn = [self.draw(epoch, int(position)) for position in chosen]
        x = np.stack([pair[0] for pair in drawn])
        return x, self._as_outputs(np.stack([pair[1] for pair in drawn]))

    def draw(self, epoch: int, position: int) -> tuple[np.ndarray, np.ndarray]:
        """The pair at ``position`` (in ``pairs``) as augmented in ``epoch``: x and y."""
        pair = self.reader.read(self.pairs[position])
        epoch = _VALIDATION_EPOCH if self.validation else epoch
        rng = draw_generator(self.seed, epoch, position)
        x, y = augment(
            pair,
            self.augmentation,
            rng,
            label_target=self.reader.dataset.palette is not None,
            validation=self.validation,
        )
        assert y is not None
        return x, y

    def order(self, epoch: int) -> np.ndarray:
        """Positions in the order of ``epoch``; validation keeps its own."""
        if self.validation:
            return np.arange(len(self.pairs))
        return draw_generator(self.seed, epoch, _ORDER_DRAW).permutation(len(self.pairs))

    def close(self) -> None:
        """End the threads and drop what they made."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead = {}
        self.reader.forget()

    def _place(self, epoch: int, index: int) -> tuple[int, int]:
        return epoch + index // len(self), index % len(self)

    def _as_outputs(self, y: np.ndarray) -> Any:
        dataset = self.reader.dataset
        if dataset.classes:
            y = np.rint(y * _CLASS_UNIT)
        if dataset.classes and not dataset.sparse:
            y = np.eye(dataset.classes, dtype=np.float32)[y[..., 0].astype(np.intp)]
        return {FINAL: y, COARSE: y} if dataset.model.deep_supervision else y
