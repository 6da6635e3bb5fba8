"""Translate images with the network of a weights file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from deepimagetranslator.core.data.domain.sample import Seen
from deepimagetranslator.core.data.intensity.normalization import TYPE_WORDS, IntensityNormalization
from deepimagetranslator.core.data.tiling import Floats, plan_tiles, resized_bands
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.confidence import Confidence, mirrored
from deepimagetranslator.core.export.encodings import Network, OutputEncoding, choose_encoding
from deepimagetranslator.core.export.plan import CONFIDENCE
from deepimagetranslator.core.imaging.header import MAX_PIXELS
from deepimagetranslator.core.imaging.pixels import resize, to_channels
from deepimagetranslator.core.system.machine import bytes_in_words
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.loaded_networks import LoadedNetworks
from deepimagetranslator.ml.network.embedding import outputs_of

UNKNOWN_SIZE_TILE = 512
"""Height and width of the tiles in pixels, for weights without a fixed image size."""
_LARGE_VALUES = 2**24
_MUCH = 2**30  # bytes; a network that needs more is not run on a tiny image
_TINY = 256  # the network's pixels for one of the image
_OVERSHOOT = 0.05  # tolerance for floats that should lie in [0, 1]

FLIPS = ((), (1,), (2,), (1, 2))
"""The axes of a batch to flip for test-time augmentation; the first is the image itself."""

Between = Callable[[int, int], None]
"""Called with the number of finished parts of an image and of all parts; may raise to cancel."""
Watch = Callable[[int, Seen], object]
"""Called with the position of an image among those given, and with what the network saw of it:
once, or for each of its tiles."""
OnRows = Callable[[Floats], None]
"""Called with some rows of a prediction, from top to bottom, before they are encoded."""


def _ignored(*_: object) -> None:
    """A ``Between``, ``Watch`` or ``OnRows`` that does nothing."""


class Translator:
    """Translates images with the network of a weights file.

    If the file has no fixed image size (2021 weights), a network is built for each image size, and
    the last few are kept.

    Images larger than the network's input are resized to it, or translated in overlapping tiles
    (``core.data.tiling``). For a network trained on crops, tiles are used for smaller images too.

    Attributes:
        network: the network's output.
        encoding: the encoding of outputs as images.
        confidence: makes confidence maps.
        with_confidence: whether predictions have what the maps are made from, which takes four
            times as long: they then have twice the channels.
        beside: the kind of the map beside each translated image, see ``core.export.plan``; empty
            for none.
    """

    def __init__(
        self,
        weights_path: Path,
        output: str = "automatic",
        value_type: str = "automatic",
        large_images: str = "automatic",
        batch_size: int = 1,
        *,
        mirrors: bool = False,
        confidence: bool = False,
        clean_up: Sequence[str] = (),
    ) -> None:
        """Read the file's description; the network itself is built for the first image.

        Args:
            weights_path: a weights file of this program or of the 2021 program.
            output: a ``TranslationSpec.output``.
            value_type: a ``TranslationSpec.value_type``.
            large_images: a ``TranslationSpec.large_images``.
            batch_size: the number of tiles translated at once.
            mirrors: test-time augmentation: average over the image and its three flipped copies.
            confidence: the attribute ``with_confidence``, see ``core.export.confidence``.
            clean_up: a ``TranslationSpec.clean_up``.

        Raises:
            UserError: not a weights file, or the network's output does not allow this encoding.
        """
        self.path = weights_path
        self.card = weights.read_card(weights_path)
        model = self.card.model
        self.network = Network(
            weights_path.name,
            model.target_channels,
            model.final_activation == "softmax",
            self.card.target_scaling,
            self.card.palette,
        )
        encoding = choose_encoding(self.network, output, value_type)
        self.encoding = encoding.with_clean_up(clean_up)
        deep = self.encoding.kind == "values" and self.encoding.dtype != "uint8"
        self.precision = "float32" if deep else devices.choose_precision("automatic")
        self._batch_size = batch_size
        self._mirrors = mirrors
        self._one_by_one = model.fused_normalization and devices.fuses_normalization()
        self.confidence = Confidence.of(self.encoding, self.card.calibration)
        self.with_confidence = confidence
        self.beside = CONFIDENCE if confidence else ""
        self._on_crops = self.card.large_images == "crop"
        self._by_tiles = {"automatic": self._on_crops, "tiles": True, "resize": False}[large_images]
        self._networks = LoadedNetworks(weights_path, self.card, self.precision)

    def network_size(self, image: np.ndarray) -> tuple[int, int]:
        """The size (height, width) in pixels to which this image is resized for the network."""
        model = self.card.model
        return (model.input_height, model.input_width) if model.input_height else image.shape[:2]

    def in_tiles(self, image: np.ndarray) -> bool:
        """Whether this image is translated in tiles."""
        size, model = image.shape[:2], self.card.model
        if not self._by_tiles or not model.input_height:
            return self._by_tiles and max(size) > UNKNOWN_SIZE_TILE
        larger = size[0] > model.input_height or size[1] > model.input_width
        return larger or (self._on_crops and size != self.network_size(image))

    def is_large(self, image: np.ndarray) -> bool:
        """Whether the image must be translated by ``translate`` on its own, not in a batch."""
        channels = self.card.model.target_channels * (2 if self.with_confidence else 1)
        return self.in_tiles(image) or (
            image.shape[0] * image.shape[1] * max(image.shape[2], channels) > _LARGE_VALUES
        )

    def translate(
        self,
        image: np.ndarray,
        name: str = "the image",
        encoding: OutputEncoding | None = None,
        between: Between = _ignored,
        watch: Watch = _ignored,
        on_rows: OnRows = _ignored,
    ) -> Array:
        """Translate one image of any size, and encode it as the image to write.

        A large image needs little memory beyond itself and its result: only some rows at a time.

        Args:
            image: (height, width, channels) in the file's own data type and size.
            name: the file's name, for errors.
            encoding: how the output is encoded; by default ``self.encoding``.
            between: called before the first part (a tile, or some rows) and after each part.
            watch: called with what the network sees.
            on_rows: called with each band of rows of the prediction.

        Raises:
            UserError: the image's channels or type do not fit the network.
        """
        self._refuse_unfit(image, name)
        encoding = encoding or self.encoding
        bands = self._tiled if self.in_tiles(image) else self._resized
        height = self._output_size(image)[0]
        result: Array | None = None
        for first, rows in bands(image, name, between, watch):
            on_rows(rows)
            part = encoding.rows(self.confidence.written(rows))
            if result is None:
                result = np.empty((height, *part.shape[1:]), part.dtype)
            result[first : first + len(part)] = part
        assert result is not None
        return encoding.whole(result)

    def translate_with_confidence(
        self,
        image: np.ndarray,
        name: str = "the image",
        form: str = "",
        encoding: OutputEncoding | None = None,
        between: Between = _ignored,
        watch: Watch = _ignored,
    ) -> tuple[Array, Array]:
        """Translate one image, with the map of its confidence; needs ``with_confidence``.

        Args:
            image, name, encoding, between, watch: see ``translate``.
            form: "png" for a map of 0 to 255; else it is float.

        Raises:
            UserError: see ``translate``.
        """
        confidence = replace(self.confidence, encoding=encoding or self.encoding)
        parts: list[Array] = []

        def note(rows: Floats) -> None:
            parts.append(confidence.image(rows, form))

        translated = self.translate(image, name, encoding, between, watch, note)
        return translated, np.concatenate(parts)

    def predict(
        self, images: Sequence[np.ndarray], names: Sequence[str], watch: Watch = _ignored
    ) -> list[np.ndarray]:
        """The network's output for images of one network size, none of them large.

        Args:
            images: (height, width, channels) in the files' own data types and sizes.
            names: the files' names, for errors.
            watch: called with what the network sees.

        Returns:
            For each image float32 (height, width, target channels) in [0, 1]. The size is the
            image's own, times the ratio of the network's target size to its input size.

        Raises:
            UserError: an image's channels do not fit the network.
        """
        for image, name in zip(images, names, strict=True):
            self._refuse_unfit(image, name)
        outputs = self._outputs_at_network_size(images, names, watch)
        return [
            resize(output, *self._output_size(image))
            for image, output in zip(images, outputs, strict=True)
        ]

    def _tiled(
        self, image: np.ndarray, name: str, between: Between, watch: Watch
    ) -> Iterator[tuple[int, Floats]]:
        model = self.card.model
        size, channels = self._tile_size(), model.input_channels
        plan = plan_tiles(image.shape[:2], size, self._target_size(size))
        scaling = self.card.input_scaling.for_image(image)

        def outputs() -> Iterator[Floats]:
            done = 0
            between(done, plan.count)
            tiles = (to_channels(tile, channels, name) for tile in plan.tiles(image))
            while batch := list(islice(tiles, self._batch_size)):
                translated = self._outputs(batch, scaling, size, lambda _, seen: watch(0, seen))
                done += len(batch)
                between(done, plan.count)
                yield from translated

        return plan.bands(outputs())

    def _resized(
        self, image: np.ndarray, name: str, between: Between, watch: Watch
    ) -> Iterator[tuple[int, Floats]]:
        height, width = self._output_size(image)
        between(0, 1)
        (output,) = self._outputs_at_network_size([image], [name], watch)
        for first, rows in resized_bands(output, height, width):
            yield first, rows
            between(first + len(rows), height)

    def _outputs_at_network_size(
        self, images: Sequence[np.ndarray], names: Sequence[str], watch: Watch
    ) -> Floats:
        size, channels = self.network_size(images[0]), self.card.model.input_channels
        resized = (
            resize(to_channels(image, channels, name), *size)
            for image, name in zip(images, names, strict=True)
        )
        return self._outputs(resized, self.card.input_scaling, size, watch)

    def _outputs(
        self,
        images: Iterable[np.ndarray],
        scaling: IntensityNormalization,
        size: tuple[int, int],
        watch: Watch,
    ) -> Floats:
        """The network's output (images, height, width, channels) for images of its input size."""
        network = self._networks.predictor(size)  # first, as it may be refused
        x = np.stack([scaling.to_unit(image) for image in images])
        own, embedding = outputs_of(network, x, self._one_by_one)
        y = own
        if self._mirrors or self.with_confidence:
            others = (
                np.flip(outputs_of(network, np.flip(x, axes), self._one_by_one)[0], axes)
                for axes in FLIPS[1:]
            )
            all_four = [own, *others]
            if self.with_confidence:
                y = mirrored(all_four, self._mirrors, self.encoding.kind)
            else:
                y = np.mean(all_four, axis=0)
        if not np.isfinite(y).all():
            raise UserError(
                f"The network of {self.path.name} gives values that are not finite (NaN or "
                "infinity) for this image; the weights are damaged, or the image's values lie far "
                "outside those of the training images."
            )
        for index in range(len(x)):
            watch(index, Seen(x[index], own[index], embedding[index]))
        return y

    def _tile_size(self) -> tuple[int, int]:
        model = self.card.model
        if model.input_height:
            return model.input_height, model.input_width
        return UNKNOWN_SIZE_TILE, UNKNOWN_SIZE_TILE

    def _target_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """The output size (height, width) of the network for an input size."""
        model = self.card.model
        return (model.target_height, model.target_width) if model.target_height else size

    def _output_size(self, image: np.ndarray) -> tuple[int, int]:
        """Height and width of the output image for an image."""
        size = self._tile_size() if self.in_tiles(image) else self.network_size(image)
        height, width = (
            max(1, round(length * after / before))
            for length, after, before in zip(
                image.shape, self._target_size(size), size, strict=False
            )
        )
        return height, width

    def _refuse_unfit(self, image: np.ndarray, name: str) -> None:
        """Refuse an image whose type or size does not fit the network.

        Raises:
            UserError: the sentence says what does not fit.
        """
        self._refuse_other_depth(image, name)
        self._refuse_tiny(image, name)
        height, width = self._output_size(image)
        if height * width > MAX_PIXELS:
            raise UserError(
                f"{name} would become an image of {width} x {height} pixels with "
                f"{self.path.name}, and {MAX_PIXELS:,} are the most; use other weights."
            )

    def _refuse_other_depth(self, image: np.ndarray, name: str) -> None:
        """Refuse an image whose data type does not fit the network's intensity normalization.

        A range of 16-bit or float values is meaningless in another data type. Floats outside 0..1,
        such as Hounsfield units, do not fit a network for 8-bit or 16-bit images that were divided
        by the maximum of their type.
        """
        scaling = self.card.input_scaling
        fits = scaling.fits(image.dtype.name)
        if scaling.kind == "type" and scaling.dtype != "float32" == image.dtype.name:
            low, high = (edge.reduce(image, axis=None) for edge in (np.fmin, np.fmax))
            fits = not (low < -_OVERSHOOT or high > 1 + _OVERSHOOT)
        if not fits:
            raise UserError(
                f"{name} holds {TYPE_WORDS[image.dtype.name]} values, but the network was trained "
                f"on {TYPE_WORDS[scaling.dtype]} values from {scaling.low:g} to {scaling.high:g}; "
                "save the image in that type, or train on images such as this one."
            )

    def _refuse_tiny(self, image: np.ndarray, name: str) -> None:
        """Refuse an image that would have to be enlarged beyond sense, at the price of much memory.

        Only a damaged file, or one made to harm, claims such a size.
        """
        height, width = self.network_size(image)
        target = self._target_size((height, width))
        largest = max(height * width, target[0] * target[1])
        if largest <= _TINY * image.shape[0] * image.shape[1]:
            return
        needed = self._networks.memory((height, width))
        if needed > _MUCH:
            raise UserError(
                f"{name} has {image.shape[1]} x {image.shape[0]} pixels, but {self.path.name} "
                f"describes a network from {width} x {height} to {target[1]} x {target[0]} "
                f"pixels, which would take {bytes_in_words(needed)} of memory; use other weights, "
                "or larger images."
            )

    def as_image(self, predicted: np.ndarray) -> np.ndarray:
        """Encode an output of ``predict`` as the image to write: label colours or values."""
        return self.encoding.image(self.confidence.written(predicted))

    def take_new_weights(self) -> bool:
        """Reload the weights after training has rewritten the file.

        Returns:
            False if the file now describes another network; this object must then be replaced.
        """
        card = weights.read_card(self.path)
        if replace(card, training={}) != replace(self.card, training={}):
            return False
        self._networks.read_again()
        self.card = card
        return True

    def release(self) -> None:
        """Release the networks; they are loaded again when needed."""
        self._networks.release()
