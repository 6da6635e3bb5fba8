"""A weights file as something that translates images; nothing else is needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.data.intensity.normalization import TYPE_WORDS, IntensityNormalization
from deepimagetranslator.core.data.tiling import Floats, plan_tiles, resized_bands
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.export.encodings import Network, choose_encoding
from deepimagetranslator.core.imaging.pixels import resize, to_channels
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.unet import FINAL

NETWORKS_KEPT = 4
UNKNOWN_SIZE_TILE = 512
"""Height and width of the tiles for a network whose file names no size."""
_LARGE_VALUES = 2**24
_OVERSHOOT = 0.05  # of floats that are meant to lie from 0 to 1

_MIRRORS = ((), (1,), (2,), (1, 2))
"""The axes of a batch along which it is turned round: the image itself, then its mirror images."""

Render = Callable[[Floats], Array]
"""From rows of the network's output (height, width, channels) to those of the image to write."""
Between = Callable[[int, int], None]
"""Called with the number of parts of an image that are done and of all parts; may raise."""


def _nothing(_done: int, _count: int) -> None:
    """Nobody wants to know, or to cancel."""


class Translator:
    """A network ready to translate, from its weights file.

    A network whose file names no size (2021 weights) is built for each image size; the last few
    are kept.

    Images larger than the network are resized to it, or translated in overlapping tiles, see
    ``core.tiling``: so are, for a network trained on crops, smaller ones.

    Attributes:
        network: what the file says of the network's output.
        rendition: how an output becomes an image.
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
    ) -> None:
        """Read the file's card; the network is built with the first image.

        Args:
            weights_path: a weights file of this program or of the 2021 program.
            output: a ``TranslationSpec.output``.
            value_type: a ``TranslationSpec.value_type``.
            large_images: a ``TranslationSpec.large_images``.
            batch_size: tiles translated at once.
            mirrors: the outputs are the mean over an image and its three mirror images.

        Raises:
            UserError: not a weights file, or its output cannot be rendered as wanted.
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
        self.rendition = choose_encoding(self.network, output, value_type)
        deep = self.rendition.kind == "values" and self.rendition.dtype != "uint8"
        self.precision = "float32" if deep else devices.choose_precision("automatic")
        self._batch_size = batch_size
        self._mirrors = mirrors
        self._on_crops = self.card.large_images == "crop"
        self._by_tiles = {"automatic": self._on_crops, "tiles": True, "resize": False}[large_images]
        self._networks: OrderedDict[tuple[int, int], keras.Model] = OrderedDict()

    def network_size(self, image: np.ndarray) -> tuple[int, int]:
        """The (height, width) in pixels at which the network sees this image."""
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
        """Whether the image is one for ``translate`` alone, not for a batch."""
        model = self.card.model
        return self.in_tiles(image) or (
            image.shape[0] * image.shape[1] * max(image.shape[2], model.target_channels)
            > _LARGE_VALUES
        )

    def translate(
        self,
        image: np.ndarray,
        name: str = "the image",
        render: Render | None = None,
        between: Between = _nothing,
    ) -> Array:
        """One image of any size, as the image to write.

        Beside the image and the result a large one takes the memory of some rows only.

        Args:
            image: (height, width, channels) in the file's own type and size.
            name: the file's, for errors.
            render: makes rows of the image from rows of the network's output; ``as_image`` else.
            between: called before the first part (a tile, or some rows) and after each.

        Raises:
            UserError: the image's channels or type do not fit the network.
        """
        self._refuse_other_depth(image, name)
        bands = self._tiled if self.in_tiles(image) else self._resized
        height = self._output_size(image)[0]
        result: Array | None = None
        for first, rows in bands(image, name, between):
            part = (render or self.as_image)(rows)
            if result is None:
                result = np.empty((height, *part.shape[1:]), part.dtype)
            result[first : first + len(part)] = part
        assert result is not None
        return result

    def predict(self, images: Sequence[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
        """The network's output for images of one network size, none of them large.

        Args:
            images: (height, width, channels) in the files' own types and sizes.
            names: the files' names, for errors.

        Returns:
            For each image float32 (height, width, target channels) in [0, 1], in the image's own
            size times the network's ratio of target to input.

        Raises:
            UserError: an image's channels do not fit the network.
        """
        for image, name in zip(images, names, strict=True):
            self._refuse_other_depth(image, name)
        outputs = self._outputs_at_network_size(images, names)
        return [
            resize(output, *self._output_size(image))
            for image, output in zip(images, outputs, strict=True)
        ]

    def _tiled(
        self, image: np.ndarray, name: str, between: Between
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
                translated = self._outputs(batch, scaling, size)
                done += len(batch)
                between(done, plan.count)
                yield from translated

        return plan.bands(outputs())

    def _resized(
        self, image: np.ndarray, name: str, between: Between
    ) -> Iterator[tuple[int, Floats]]:
        height, width = self._output_size(image)
        between(0, 1)
        (output,) = self._outputs_at_network_size([image], [name])
        for first, rows in resized_bands(output, height, width):
            yield first, rows
            between(first + len(rows), height)

    def _outputs_at_network_size(
        self, images: Sequence[np.ndarray], names: Sequence[str]
    ) -> Floats:
        size, channels = self.network_size(images[0]), self.card.model.input_channels
        resized = (
            resize(to_channels(image, channels, name), *size)
            for image, name in zip(images, names, strict=True)
        )
        return self._outputs(resized, self.card.input_scaling, size)

    def _outputs(
        self, images: Iterable[np.ndarray], scaling: IntensityNormalization, size: tuple[int, int]
    ) -> Floats:
        """The network's output (images, height, width, channels) for images of its own size."""
        x = np.stack([scaling.to_unit(image) for image in images])
        network = self._network(size)
        if not self._mirrors:
            return _final(network, x)
        turned = (np.flip(_final(network, np.flip(x, axes)), axes) for axes in _MIRRORS)
        mean: Floats = np.mean(list(turned), axis=0)
        return mean

    def _tile_size(self) -> tuple[int, int]:
        model = self.card.model
        if model.input_height:
            return model.input_height, model.input_width
        return UNKNOWN_SIZE_TILE, UNKNOWN_SIZE_TILE

    def _target_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """What the network makes of an input of a height and width."""
        model = self.card.model
        return (model.target_height, model.target_width) if model.target_height else size

    def _output_size(self, image: np.ndarray) -> tuple[int, int]:
        """Height and width of what is written for an image."""
        size = self._tile_size() if self.in_tiles(image) else self.network_size(image)
        height, width = (
            max(1, round(length * after / before))
            for length, after, before in zip(
                image.shape, self._target_size(size), size, strict=False
            )
        )
        return height, width

    def _refuse_other_depth(self, image: np.ndarray, name: str) -> None:
        """A range of file values, as of 16-bit or float images, means nothing in another type.

        So do floats beyond 0..1, such as Hounsfield units, where 8 or 16 bits were divided by
        their type's maximum.
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

    def as_image(self, predicted: np.ndarray) -> np.ndarray:
        """One of ``predict``'s outputs as the image to write: exact label colours, or values."""
        return self.rendition.image(predicted)

    def take_new_weights(self) -> bool:
        """Read the file again, which training has rewritten; False if the network has changed."""
        card = weights.read_card(self.path)
        if replace(card, training={}) != replace(self.card, training={}):
            return False
        for network in self._networks.values():
            weights.load_into(network, self.path)
        self.card = card
        return True

    def _network(self, size: tuple[int, int]) -> keras.Model:
        if size not in self._networks:
            model, _ = weights.load(self.path, self.precision, size=size)
            self._networks[size] = model
            if len(self._networks) > NETWORKS_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(size)
        return self._networks[size]


def _final(network: keras.Model, x: Floats) -> Floats:
    """The final output (images, height, width, channels) of a batch, whatever other there is."""
    y: Any = network.predict_on_batch(x)
    return np.asarray(y[FINAL] if isinstance(y, dict) else y, np.float32)
