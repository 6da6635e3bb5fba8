"""A pair as training sees it: read, scaled, augmented; the same in a batch and in a preview.

What is drawn depends only on the seed, the epoch and the position: not on the number of threads,
on a resume, or on what was looked at.

A pair is either resized to the network, or, if the data set says so, cut at a random place in full
resolution: at another one in every epoch, at a fixed one for validation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.augmentation.pipeline import augment, margin, sample_generator
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.data.crops import Frame, Size, random_crop, target_size
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.facts import FileContent, ImageChangedError, digest_of
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.imaging.pixels import resize, to_channels
from deepimagetranslator.core.typing import Array

_ORDER_DRAW = 2**32 - 1
_VALIDATION_EPOCH = 0
# Augmentation takes values in [0, 1], and its 2021 behaviour works on bytes.
CLASS_UNIT = np.float32(255)
_LARGE_BYTES = 2**27

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Kept:
    """A decoded pair, and how its input's values become [0, 1]."""

    image: Array
    target: Array
    scaling: IntensityNormalization

    @property
    def nbytes(self) -> int:
        return self.image.nbytes + self.target.nbytes


class PairReader:
    """Reads pairs and keeps them, decoded, within a memory budget; threads may share one.

    Pairs are kept at the network's size or, for crops, in full resolution. One that does not fit
    the budget is read anew for each draw, and of very large ones one at a time.

    Args:
        dataset: how the pairs are understood.
        cache_bytes: the budget.
        contents: what the files held when they were examined; each is compared at its first
            reading.
    """

    def __init__(
        self,
        dataset: Dataset,
        cache_bytes: int,
        contents: Mapping[ImageRef, FileContent] | None = None,
    ) -> None:
        self.dataset = dataset
        self._budget = cache_bytes
        self._uncompared = dict(contents or {})
        self._kept: dict[ImagePair, _Kept] = {}
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    def read(self, pair: ImagePair) -> tuple[Floats, Floats]:
        """Input and target as float32 (height, width, channels) in [0, 1] at the network's size.

        For a network with classes the target is (height, width, 1): class numbers / 255.

        Raises:
            ImageChangedError: a file holds another image than when it was examined.
            UserError: a file cannot be read or has other channels or label colours.
        """
        kept = self._decoded(pair)
        return self._in_units(kept.image, kept.target, kept.scaling, pair)

    def crop(
        self, pair: ImagePair, around: Size, rng: np.random.Generator
    ) -> tuple[tuple[Floats, Floats], tuple[Frame, Frame]]:
        """A crop of the network's size at a random place, with what lies around it.

        Args:
            pair: to cut from, in full resolution.
            around: how much is wanted around the crop, down and across.
            rng: draws the place.

        Returns:
            Input and target as ``read`` gives them, and the crop's place in each.

        Raises:
            UserError: as ``read``.
        """
        with self._turn(pair):
            kept = self._decoded(pair)
            size, model = kept.image.shape[:2], self.dataset.model
            ours, theirs = random_crop(size, model, around, rng)
            arrays = self._in_units(ours.of(kept.image), theirs.of(kept.target), kept.scaling, pair)
        return arrays, (ours.frame, theirs.frame)

    def forget(self) -> None:
        """Drop the kept images."""
        with self._lock:
            self._kept.clear()

    def _decoded(self, pair: ImagePair) -> _Kept:
        with self._lock:
            if pair in self._kept:
                return self._kept[pair]
        decoded = self._decode(pair)
        with self._lock:
            # The first images to fit stay: with a random order, replacing them would gain nothing.
            if decoded.nbytes <= self._budget and pair not in self._kept:
                self._budget -= decoded.nbytes
                self._kept[pair] = decoded
        return decoded

    def _decode(self, pair: ImagePair) -> _Kept:
        dataset, model = self.dataset, self.dataset.model
        image = self._image(pair.input)
        target = image if pair.target == pair.input else self._image(pair.target)
        if dataset.crops:
            scaling = dataset.input_scaling.for_image(image)
            size = target_size((image.shape[0], image.shape[1]), model)
        else:
            scaling = dataset.input_scaling
            image = to_channels(image, model.input_channels, pair.input.name)
            image = resize(image, model.input_height, model.input_width)
            size = model.target_height, model.target_width
            target = self._as_network_target(target, pair)
        return _Kept(image, resize(target, *size, labels=dataset.palette is not None), scaling)

    def _image(self, ref: ImageRef) -> Array:
        image = read_image(ref)
        content = self._uncompared.pop(ref, None)
        if content is not None and digest_of(image) != content.digest:
            raise ImageChangedError(ref)
        return image

    def _in_units(
        self, image: Array, target: Array, scaling: IntensityNormalization, pair: ImagePair
    ) -> tuple[Floats, Floats]:
        dataset = self.dataset
        if dataset.crops:  # kept as they are in the file: only the crop need be converted
            image = to_channels(image, dataset.model.input_channels, pair.input.name)
            target = self._as_network_target(target, pair)
        x = scaling.to_unit(image)
        if dataset.classes:
            return x, target.astype(np.float32) / CLASS_UNIT
        return x, dataset.target_scaling.to_unit(target)

    def _as_network_target(self, target: Array, pair: ImagePair) -> Array:
        """Class numbers, or values in the network's number of channels."""
        dataset = self.dataset
        if dataset.classes:
            assert dataset.palette is not None
            return dataset.palette.encode(target, pair.target.name)[..., np.newaxis]
        if dataset.palette is not None:
            target = dataset.palette.exact(target, pair.target.name)
        return to_channels(target, dataset.model.target_channels, pair.target.name)

    @contextmanager
    def _turn(self, pair: ImagePair) -> Iterator[None]:
        """Wait until no other very large pair is in memory, if this is one that is not kept."""
        with self._lock:
            kept = pair in self._kept
        with nullcontext() if kept or not _is_very_large(pair) else self._one_at_a_time:
            yield


def _is_very_large(pair: ImagePair) -> bool:
    height, width, channels, dtype = image_size(pair.input)
    return height * width * channels * np.dtype(dtype).itemsize >= _LARGE_BYTES


@dataclass(frozen=True)
class PairSampler:
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
        return sample_generator(self.seed, epoch, _ORDER_DRAW).permutation(len(self.pairs))

    def sample(self, epoch: int, position: int) -> tuple[Floats, Floats]:
        """The pair at ``position`` as augmented in ``epoch``: float32 (height, width, channels).

        For a network with classes the target is (height, width, 1): class numbers / 255.

        Raises:
            UserError: a file cannot be read or has other channels or label colours.
        """
        reader, pair, spec = self.reader, self.pairs[position], self.augmentation
        rng = sample_generator(self.seed, _VALIDATION_EPOCH if self.validation else epoch, position)
        labels, validation = reader.dataset.palette is not None, self.validation
        frames: Sequence[Frame] = ()
        if reader.dataset.crops:
            size = reader.dataset.model.input_height, reader.dataset.model.input_width
            around = margin(spec, size, label_target=labels, validation=validation)
            arrays, frames = reader.crop(pair, around, rng)
        else:
            arrays = reader.read(pair)
        x, y = augment(arrays, spec, rng, label_target=labels, validation=validation, frames=frames)
        assert y is not None
        return x, y
