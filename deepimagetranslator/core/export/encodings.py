"""What is written of a network's output: label colours, class numbers, or values of some type.

A network's output is float32 (height, width, channels) in the unit range of the targets' scaling,
or, of a softmax network, a probability per class. Renditions know nothing of files; which of them
a file format can hold is decided in ``core.output.plan``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.intensity.normalization import (
    TYPE_MAXIMUM,
    IntensityNormalization,
)
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array

_STRETCHED = {"8-bit": "uint8", "16-bit": "uint16"}


@dataclass(frozen=True)
class Network:
    """What a weights file says of its network's output.

    Attributes:
        name: the file's, for messages.
        channels: of the output.
        by_class: a channel is the probability of a class (softmax).
        scaling: the targets'.
        palette: the label colours if the targets were label maps.
    """

    name: str
    channels: int
    by_class: bool
    scaling: IntensityNormalization
    palette: Palette | None


@dataclass(frozen=True)
class OutputEncoding:
    """How outputs become images.

    Attributes:
        network: whose outputs.
        kind: "labels" (the exact colours), "classes" (their numbers) or "values".
        value_type: of values: a ``TranslationSpec.value_type``.
    """

    network: Network
    kind: str
    value_type: str = "automatic"

    def __post_init__(self) -> None:
        """Refuse what the network cannot give.

        Raises:
            UserError: labels without label colours, or channels that are no image.
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
                f"{network.name} has {network.channels} output channels, which are no grey or "
                "colour image; choose output 'labels', or train with 1 or 3 target channels."
            )

    @property
    def dtype(self) -> str:
        """Of the images: "uint8", "uint16" or "float32"."""
        if self.kind == "classes":
            return "uint8"
        if self.kind == "labels":
            assert self.network.palette is not None
            return self.network.palette.dtype
        return self._scaling().dtype

    @property
    def channels(self) -> int:
        """Of the images: 1 or 3."""
        if self.kind == "classes":
            return 1
        if self.kind == "labels":
            palette = self.network.palette
            assert palette is not None
            return len((palette.written or palette.colours)[0])
        return self.network.channels

    def image(self, predicted: NDArray[np.float32]) -> Array:
        """The image (height, width, 1 or 3) of one output (height, width, channels)."""
        if self.kind == "values":
            return self._scaling().from_unit(predicted)
        palette = self.network.palette
        assert palette is not None
        if self.network.by_class:
            classes: NDArray[Any] = predicted.argmax(axis=-1).astype(np.uint8)
        else:
            classes = palette.nearest_classes(predicted, self.network.scaling)
        return classes[..., None] if self.kind == "classes" else palette.decode(classes)

    @property
    def limits(self) -> tuple[float, float] | None:
        """The values that the ends of the unit range become, if the images hold values."""
        if self.kind != "values":
            return None
        scaling = self._scaling()
        return scaling.low, scaling.high

    def _scaling(self) -> IntensityNormalization:
        """From the network's unit range to the values of the file."""
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
    """The rendition for a ``TranslationSpec``'s output and value type.

    Args:
        network: whose outputs.
        output: "automatic", "labels", "classes" or "values".
        value_type: "automatic", "8-bit", "16-bit" or "float".
        numbers: "automatic" writes label maps as class numbers, not as colours.

    Raises:
        UserError: the network cannot give it.
    """
    if output == "automatic":
        output = "values" if network.palette is None else "classes" if numbers else "labels"
    return OutputEncoding(network, output, value_type)
