"""Sampling of training pairs: read, normalize, augment; the same for batches and for previews.

The random values depend only on the seed, the epoch and the position of the pair, not on the
number of threads or on whether the run was resumed.

A pair is either resized to the network's size or, with crops, cut in full resolution at a random
place: a new place in each epoch for training, a fixed one for validation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from deepimagetranslator.core.data.targets import NEED_INPUT, read_target
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size, read_image
from deepimagetranslator.core.imaging.pixels import resize, to_channels
from deepimagetranslator.core.system.system_path import Stamp, file_stamp
from deepimagetranslator.core.typing import Array

_ORDER_INDEX = 2**32 - 1  # the "pair" whose generator shuffles the order of an epoch
_VALIDATION_EPOCH = 0
# Augmentation takes values in [0, 1], and the 2021 version works on bytes; class numbers are
# divided by 255 for it.
CLASS_UNIT = np.float32(255)
_LARGE_BYTES = 2**27

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Kept:
    """A decoded pair, with the normalization of its input."""

    image: Array
    target: Array
    scaling: IntensityNormalization

    @property
    def nbytes(self) -> int:
        return self.image.nbytes + self.target.nbytes


class PairReader:
    """Reads pairs and caches them, decoded, within a memory budget; thread-safe.

    Pairs are cached at the network's size or, for crops, in full resolution. A pair that does not
    fit into the budget is read again each time; very large ones are read one at a time.

    Args:
        dataset: has the network, the normalization and the label colours.
        cache_bytes: the memory budget in bytes.
        contents: the content of the files when they were checked; each file is compared with it
            when it is first read, and again whenever it has changed on disk since. None to compare
            nothing.
        measure: called with each input that is read, as it is in its file.
    """

    def __init__(
        self,
        dataset: Dataset,
        cache_bytes: int,
        contents: Mapping[ImageRef, FileContent] | None = None,
        measure: Callable[[ImageRef, Array], object] = lambda _image, _pixels: None,
    ) -> None:
        self._measure = measure
        self.dataset = dataset
        self._budget = cache_bytes
        self._digests: dict[ImageRef | ImagePair, bytes] = {
            image: content.digest for image, content in (contents or {}).items()
        }
        self._compares = contents is not None
        self._stamps: dict[ImageRef | ImagePair, Stamp | None] = {}
        self._kept: dict[ImagePair, _Kept] = {}
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()

    def read(self, pair: ImagePair) -> tuple[Floats, Floats]:
        """Input and target as float32 (height, width, channels) in [0, 1] at the network's size.

        If the network predicts classes, the target is (height, width, 1): class numbers / 255.

        Raises:
            ImageChangedError: a file has changed since it was checked.
            UserError: a file cannot be read, or its channels or label colours do not fit.
        """
        kept = self._decoded(pair)
        return self._in_units(kept.image, kept.target, kept.scaling, pair)

    def crop(
        self, pair: ImagePair, around: Size, rng: np.random.Generator
    ) -> tuple[tuple[Floats, Floats], tuple[Frame, Frame]]:
        """A crop of the network's size at a random place, with a margin around it.

        Args:
            pair: the pair to cut from, in full resolution.
            around: the margin in pixels, vertically and horizontally.
            rng: samples the place.

        Returns:
            Input and target as from ``read``, and the frame of the crop in each.

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
        """Empty the cache."""
        with self._lock:
            self._kept.clear()

    def _decoded(self, pair: ImagePair) -> _Kept:
        with self._lock:
            if pair in self._kept:
                return self._kept[pair]
        decoded = self._decode(pair)
        with self._lock:
            # The first images that fit stay: in random order, replacing them would gain nothing.
            if decoded.nbytes <= self._budget and pair not in self._kept:
                self._budget -= decoded.nbytes
                self._kept[pair] = decoded
        return decoded

    def _decode(self, pair: ImagePair) -> _Kept:
        dataset, model = self.dataset, self.dataset.model
        image = self._image(pair.input)
        self._measure(pair.input, image)
        same = pair.target == pair.input and not pair.changes
        target = image if same else self._target(pair)
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
        return self._compared(ref, ref, lambda: read_image(ref))

    def _target(self, pair: ImagePair) -> Array:
        otherwise = pair.target == pair.input or not NEED_INPUT.isdisjoint(pair.changes)
        # The same file was also read in another way when it was checked.
        key = pair if pair.changes and otherwise else pair.target
        return self._compared(key, pair.target, lambda: read_target(pair))

    def _compared(
        self, key: ImageRef | ImagePair, ref: ImageRef, read: Callable[[], Array]
    ) -> Array:
        """The image that is read, if its content is that of the check or of the first reading.

        Pixels are compared at the first reading and whenever the file's stamp has changed since.

        Args:
            key: what the content is known by.
            ref: the image.
            read: reads its pixels.

        Raises:
            ImageChangedError: the content is another one.
            UserError: by ``read``.
        """
        stamp = file_stamp(ref.file)  # before reading: a change in between is found next time
        image = read()
        if self._compares and (key not in self._stamps or self._stamps[key] != stamp):
            digest = digest_of(image)
            if self._digests.setdefault(key, digest) != digest:
                raise ImageChangedError(ref)
            self._stamps[key] = stamp
        return image

    def _in_units(
        self, image: Array, target: Array, scaling: IntensityNormalization, pair: ImagePair
    ) -> tuple[Floats, Floats]:
        dataset = self.dataset
        if dataset.crops:  # cached with the file's values: only the crop must be converted
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
        """Hold a very large pair that is not cached in memory only when no other one is."""
        with self._lock:
            kept = pair in self._kept
        with nullcontext() if kept or not _is_very_large(pair) else self._one_at_a_time:
            yield


def _is_very_large(pair: ImagePair) -> bool:
    height, width, channels, dtype = image_size(pair.input)
    return height * width * channels * np.dtype(dtype).itemsize >= _LARGE_BYTES


@dataclass(frozen=True)
class PairSampler:
    """Samples augmented pairs of one part (training or validation) of a data set.

    Attributes:
        reader: reads the pairs; both parts may share one.
        pairs: the pairs of this part; positions count in them, from 0.
        augmentation: the random operations.
        seed: the seed of all random values.
        validation: this is the validation part: fixed order, and random values that are the same
            in every epoch.
    """

    reader: PairReader
    pairs: Sequence[ImagePair]
    augmentation: AugmentationSpec
    seed: int
    validation: bool = False

    def order(self, epoch: int) -> NDArray[np.intp]:
        """The positions of the pairs in the order of ``epoch`` (from 1)."""
        if self.validation:
            return np.arange(len(self.pairs))
        return sample_generator(self.seed, epoch, _ORDER_INDEX).permutation(len(self.pairs))

    def sample(self, epoch: int, position: int) -> tuple[Floats, Floats]:
        """The pair at ``position`` as augmented in ``epoch``: float32 (height, width, channels).

        If the network predicts classes, the target is (height, width, 1): class numbers / 255.

        Raises:
            UserError: a file cannot be read, or its channels or label colours do not fit.
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
