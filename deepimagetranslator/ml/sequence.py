"""Batches of augmented pairs for Keras, prepared in threads ahead of the training step."""

from __future__ import annotations

import math
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.augmentation.sampling import CLASS_UNIT, PairSampler
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.ml.network.unet import COARSE, FINAL

BATCHES_AHEAD = 3


class PairSequence(keras.utils.PyDataset):
    """Batches of one part of a data set, for ``fit(..., shuffle=False)``.

    Set ``epoch`` when an epoch begins, and call ``close`` at the end. Its own threads make the next
    batches in advance; for training also those of the next epoch. Keras fetches the first batches
    before an epoch and then starts again with the first one. They are kept until it has passed
    them, so that their images are read only once.

    Args:
        sampler: samples the pairs.
        batch_size: images per batch; the last batch of an epoch may have fewer.
        epoch: the first epoch, from 1.
        last_epoch: the last epoch; no batches are made in advance for later ones.
        steps: batches of an epoch; 0 for as many as hold each pair once. Otherwise an epoch goes on
            where the one before ended, pass after pass over all pairs: each pass has its own order
            and its own augmentation, and all batches are full.
    """

    def __init__(
        self,
        sampler: PairSampler,
        batch_size: int,
        epoch: int = 1,
        last_epoch: float = math.inf,
        steps: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self.sampler = sampler
        self.batch_size = batch_size
        self.epoch = epoch
        self._last_epoch = last_epoch
        self._steps = steps
        self.error: Exception | None = None
        self._pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pairs")
        self._ahead: dict[tuple[int, int], Future[Any]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._steps or math.ceil(len(self.sampler.pairs) / self.batch_size)

    @property
    def images(self) -> int:
        """The images of an epoch, each as often as it is shown."""
        return self._steps * self.batch_size or len(self.sampler.pairs)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Any]:
        """Batch ``index`` of the current epoch: x (batch, height, width, channels), and y in the
        form of the network's outputs."""
        epoch = self.epoch
        try:
            with self._lock:
                self._drop_passed(epoch, index)
                for place in self._places_from(epoch, index):
                    if place not in self._ahead:
                        self._ahead[place] = self._pool.submit(self.batch, *place)
                future = self._ahead[epoch, index]
            return future.result()
        except Exception as error:
            self.error = error
            raise

    def first_inputs(self, count: int) -> np.ndarray:
        """The first inputs of the epoch, (n, height, width, channels) float32 in [0, 1].

        They are taken from the epoch's first batches.

        Args:
            count: at most ``BATCHES_AHEAD + 1``; n is lower if there are fewer images.
        """
        needed = min(len(self), math.ceil(count / self.batch_size))
        return np.concatenate([self[index][0] for index in range(needed)])[:count]

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, Any]:
        """Batch ``index`` (from 0) of ``epoch``, made in the calling thread."""
        pairs = [self.sampler.sample(*chosen) for chosen in self._chosen(epoch, index)]
        x = np.stack([pair[0] for pair in pairs])
        return x, self._as_outputs(np.stack([pair[1] for pair in pairs]))

    def inputs(self, index: int) -> list[ImageRef]:
        """The inputs of batch ``index`` of the current epoch."""
        pairs = self.sampler.pairs
        return [pairs[position].input for _, position in self._chosen(self.epoch, index)]

    def _chosen(self, epoch: int, index: int) -> list[tuple[int, int]]:
        """The pairs of a batch: of each the pass (from 1), which mostly is the epoch, and its
        position."""
        start = index * self.batch_size
        if not self._steps:
            order = self.sampler.order(epoch)[start : start + self.batch_size]
            return [(epoch, position) for position in order.tolist()]
        start += (epoch - 1) * self._steps * self.batch_size
        count = len(self.sampler.pairs)
        places = [divmod(place, count) for place in range(start, start + self.batch_size)]
        orders = {done: self.sampler.order(done + 1) for done in {done for done, _ in places}}
        return [(done + 1, int(orders[done][place])) for done, place in places]

    def close(self) -> None:
        """End the threads and release the prepared batches and cached images."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead = {}
        self.sampler.reader.forget()

    def _places_from(self, epoch: int, index: int) -> list[tuple[int, int]]:
        """The batch and those to make in advance, as (epoch, index)."""
        places = [
            (epoch + i // len(self), i % len(self)) for i in range(index, index + BATCHES_AHEAD + 1)
        ]
        last = epoch if self.sampler.validation else max(epoch, self._last_epoch)
        return [place for place in places if place[0] <= last]

    def _drop_passed(self, epoch: int, index: int) -> None:
        """Release the batches before this one, except the first ones of the epoch."""
        first = epoch, 0 if index <= BATCHES_AHEAD else index
        self._ahead = {place: made for place, made in self._ahead.items() if place >= first}

    def _as_outputs(self, y: np.ndarray) -> Any:
        dataset = self.sampler.reader.dataset
        if dataset.classes:
            y = np.rint(y * CLASS_UNIT) if dataset.sparse else one_hot(y, dataset.classes)
        return {FINAL: y, COARSE: y} if dataset.model.deep_supervision else y


def one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    """Sampled class targets (..., 1) with the classes in channels, (..., classes) float32."""
    numbers = np.rint(y[..., 0] * CLASS_UNIT).astype(np.intp)
    return np.eye(classes, dtype=np.float32)[numbers]
