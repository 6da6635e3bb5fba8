"""A weights file as something that translates images; nothing else is needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.pixels import resize, to_channels
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.unet import FINAL

NETWORKS_KEPT = 4


class Translator:
    """A network ready to translate, from its weights file.

    A network whose file names no size (2021 weights) is built for each image size; the last few
    are kept.

    Attributes:
        suffix: of the files written: .png for 8 bits, .tif for more, unless chosen.
    """

    def __init__(
        self, weights_path: Path, output: str = "automatic", file_format: str = "automatic"
    ) -> None:
        """Read the file's card; the network is built with the first image.

        Args:
            weights_path: a weights file of this program or of the 2021 program.
            output: a ``TranslationSpec.output``.
            file_format: a ``TranslationSpec.file_format``.

        Raises:
            UserError: not a weights file, or its output cannot be written as wanted.
        """
        self.path = weights_path
        self.card = weights.read_card(weights_path)
        palette, channels = self.card.palette, self.card.model.target_channels
        self.classes = self.card.model.final_activation == "softmax"
        if output == "labels" and palette is None:
            raise UserError(
                f"{weights_path.name} was not trained on label maps; choose output 'values'."
            )
        self.labels = palette is not None and output != "values"
        if not self.labels and (self.classes or channels not in (1, 3)):
            raise UserError(
                f"{weights_path.name} has {channels} output channels, which are no grey or colour "
                "image; choose output 'labels', or train with 1 or 3 target channels."
            )
        deep = self.card.target_scaling.dtype != "uint8" and not self.labels
        self.precision = "float32" if deep else devices.choose_precision("automatic")
        self._networks: OrderedDict[tuple[int, int], keras.Model] = OrderedDict()

        dtype = palette.dtype if self.labels and palette else self.card.target_scaling.dtype
        if file_format == "png" and dtype == "float32":
            raise UserError("PNG cannot hold floating-point values; choose the format tif.")
        by_depth = "png" if dtype == "uint8" else "tif"
        self.suffix = "." + (by_depth if file_format == "automatic" else file_format)

    def network_size(self, image: np.ndarray) -> tuple[int, int]:
        """The (height, width) in pixels at which the network sees this image."""
        model = self.card.model
        return (model.input_height, model.input_width) if model.input_height else image.shape[:2]

    def predict(self, images: Sequence[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
        """The network's output for images of one network size.

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
        size = self.network_size(images[0])
        channels = self.card.model.input_channels
        x = np.stack(
            [
                self.card.input_scaling.to_unit(resize(to_channels(image, channels, name), *size))
                for image, name in zip(images, names, strict=True)
            ]
        )
        y: Any = self._network(size).predict_on_batch(x)
        y = np.asarray(y[FINAL] if isinstance(y, dict) else y, np.float32)
        ratio_y, ratio_x = y.shape[1] / size[0], y.shape[2] / size[1]
        return [
            resize(
                predicted,
                max(1, round(image.shape[0] * ratio_y)),
                max(1, round(image.shape[1] * ratio_x)),
            )
            for image, predicted in zip(images, y, strict=True)
        ]

    def _refuse_other_depth(self, image: np.ndarray, name: str) -> None:
        """A range of file values, as of 16-bit or float images, means nothing in another type."""
        scaling = self.card.input_scaling
        if scaling.kind == "data" and image.dtype.name != scaling.dtype:
            raise UserError(
                f"{name} holds {image.dtype.name} values, but the network was trained on "
                f"{scaling.dtype} values from {scaling.low:g} to {scaling.high:g}; save the image "
                "in that type, or train on images such as this one."
            )

    def as_image(self, predicted: np.ndarray) -> np.ndarray:
        """One of ``predict``'s outputs as the image to write: exact label colours, or values."""
        if not self.labels:
            return self.card.target_scaling.from_unit(predicted)
        palette = self.card.palette
        assert palette is not None
        if self.classes:
            return palette.decode(predicted.argmax(axis=-1))
        return palette.nearest(predicted, self.card.target_scaling)

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
