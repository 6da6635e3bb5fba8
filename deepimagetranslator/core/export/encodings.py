"""Output encodings: label colours, class numbers, or values of some data type.

A network's output is float32 (height, width, channels): normalized target values in [0, 1] or,
with softmax, a probability per class. ``plan`` decides which encodings a file format can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.intensity.normalization import (
    TYPE_MAXIMUM,
    IntensityNormalization,
)
from deepimagetranslator.core.data.labels.clean_up import CleanUp
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array

_STRETCHED = {"8-bit": "uint8", "16-bit": "uint16"}


@dataclass(frozen=True)
class Network:
    """The output of a weights file's network.

    Attributes:
        name: the file's name, for messages.
        channels: output channels.
        by_class: each channel is the probability of a class (softmax).
        scaling: the targets' intensity normalization.
        palette: the label colours if the targets were label maps, else None.
    """

    name: str
    channels: int
    by_class: bool
    scaling: IntensityNormalization
    palette: Palette | None


@dataclass(frozen=True)
class OutputEncoding:
    """Converts a network's outputs to images.

    Attributes:
        network: the network.
        kind: "labels" (exact label colours), "classes" (class numbers) or "values".
        value_type: a ``TranslationSpec.value_type``, for values.
        clean_up: cleans the classes of label maps; None leaves them as they are.
    """

    network: Network
    kind: str
    value_type: str = "automatic"
    clean_up: CleanUp | None = None

    def __post_init__(self) -> None:
        """Refuse an encoding that does not fit the network.

        Raises:
            UserError: labels without label colours, or channels that do not make an image.
        """
        network = self.network
        if self.kind != "values":
            if network.palette is None:
                raise UserError(
                    f"{network.name} was not trained on label maps; choose output 'values'."
                )
            if self.value_type != "automatic":
                raise UserError(
                    f"{network.name} writes label maps, which have a type of their own; leave the "
                    "value type automatic, or choose output 'values'."
                )
        elif network.by_class or network.channels not in (1, 3):
            raise UserError(
                f"{network.name} has {network.channels} output channels, which do not make a grey "
                "or colour image; choose output 'labels', or train with 1 or 3 target channels."
            )

    @property
    def dtype(self) -> str:
        """The data type of the images: "uint8", "uint16" or "float32"."""
        if self.kind == "classes":
            return "uint8"
        if self.kind == "labels":
            assert self.network.palette is not None
            return self.network.palette.dtype
        return self._scaling().dtype

    @property
    def channels(self) -> int:
        """The number of channels of the images: 1 or 3."""
        if self.kind == "classes":
            return 1
        if self.kind == "labels":
            palette = self.network.palette
            assert palette is not None
            return len((palette.written or palette.colours)[0])
        return self.network.channels

    def with_clean_up(self, texts: Sequence[str]) -> OutputEncoding:
        """The encoding with the rules of a ``TranslationSpec.clean_up``; values stay unchanged.

        Raises:
            UserError: the rules do not fit the label colours.
        """
        palette = self.network.palette
        if self.kind == "values" or palette is None:
            return self
        return replace(self, clean_up=CleanUp.of(texts, palette, self.network.name))

    def image(self, predicted: NDArray[np.float32]) -> Array:
        """Convert one output (height, width, channels) to an image (height, width, 1 or 3)."""
        return self.whole(self.rows(predicted))

    def rows(self, predicted: NDArray[np.float32]) -> Array:
        """Convert some rows of an output; ``whole`` makes an image of all rows together.

        Returns:
            (rows, width, 1 or 3): rows of the image, or class numbers if they are to be cleaned.
        """
        if self.kind == "values":
            return self._scaling().from_unit(predicted)
        palette = self.network.palette
        assert palette is not None
        classes = self.classes(predicted)
        return classes[..., None] if self.clean_up is not None else self._written(classes)

    def whole(self, rows: Array) -> Array:
        """The image of all its ``rows`` (height, width, 1 or 3)."""
        return rows if self.clean_up is None else self._written(self.clean_up(rows[..., 0]))

    def _written(self, classes: NDArray[np.uint8]) -> Array:
        palette = self.network.palette
        assert palette is not None
        return classes[..., None] if self.kind == "classes" else palette.decode(classes)

    def classes(self, predicted: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The class numbers (height, width) of one output (height, width, channels)."""
        palette = self.network.palette
        assert palette is not None
        if self.network.by_class:
            return np.asarray(predicted.argmax(axis=-1), np.uint8)
        return palette.nearest_classes(predicted, self.network.scaling)

    @property
    def limits(self) -> tuple[float, float] | None:
        """The image values of the outputs 0 and 1; None if the images are label maps."""
        if self.kind != "values":
            return None
        scaling = self._scaling()
        return scaling.low, scaling.high

    def _scaling(self) -> IntensityNormalization:
        """The normalization between the network's [0, 1] and the values of the file."""
        scaling = self.network.scaling
        if self.value_type in _STRETCHED:
            dtype = _STRETCHED[self.value_type]
            return IntensityNormalization("type", 0.0, TYPE_MAXIMUM[dtype], dtype)
        return replace(scaling, dtype="float32") if self.value_type == "float" else scaling


def choose_encoding(
    network: Network,
    output: str = "automatic",
    value_type: str = "automatic",
    numbers: bool = False,
) -> OutputEncoding:
    """The encoding for a ``TranslationSpec``'s output and value type.

    Args:
        network: the network.
        output: "automatic", "labels", "classes" or "values".
        value_type: "automatic", "8-bit", "16-bit" or "float".
        numbers: "automatic" writes label maps as class numbers instead of colours.

    Raises:
        UserError: the encoding does not fit the network.
    """
    if output == "automatic":
        output = "values" if network.palette is None else "classes" if numbers else "labels"
    return OutputEncoding(network, output, value_type)
