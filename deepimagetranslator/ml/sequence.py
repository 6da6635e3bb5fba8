"""Batches of augmented pairs for Keras, made ahead of the training step."""

from __future__ import annotations

import math
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.augmentation.sampling import CLASS_UNIT, PairSampler
from deepimagetranslator.ml.unet import COARSE, FINAL

BATCHES_AHEAD = 3


class PairSequence(keras.utils.PyDataset):
    """Batches of one part of a data set, for ``fit(..., shuffle=False)``.

    Set ``epoch`` as each epoch begins and call ``close`` when done. Batches ahead of the one
    asked for are made by threads of its own.
    """

    def __init__(self, sampler: PairSampler, batch_size: int, epoch: int = 1) -> None:
        super().__init__(workers=1)
        self.sampler = sampler
        self.batch_size = batch_size
        self.epoch = epoch
        self.error: Exception | None = None
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pairs")
        self._ahead: dict[tuple[int, int], Future[Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return math.ceil(len(self.sampler.pairs) / self.batch_size)

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
        order = self.sampler.order(epoch)
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        drawn = [self.sampler.sample(epoch, int(position)) for position in chosen]
        x = np.stack([pair[0] for pair in drawn])
        return x, self._as_outputs(np.stack([pair[1] for pair in drawn]))

    def close(self) -> None:
        """End the threads and drop what they made."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead = {}
        self.sampler.reader.forget()

    def _place(self, epoch: int, index: int) -> tuple[int, int]:
        return epoch + index // len(self), index % len(self)

    def _as_outputs(self, y: np.ndarray) -> Any:
        dataset = self.sampler.reader.dataset
        if dataset.classes:
            y = np.rint(y * CLASS_UNIT)
        if dataset.classes and not dataset.sparse:
            y = np.eye(dataset.classes, dtype=np.float32)[y[..., 0].astype(np.intp)]
        return {FINAL: y, COARSE: y} if dataset.model.deep_supervision else y
