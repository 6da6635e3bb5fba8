"""Bring predictions and targets to a common scale, whatever the encoding of each.

A label map may be encoded as 0 and 1, as 0 and 255, as class numbers or as colours. Colour label
maps are compared by their red, green and blue channels as in the 2021 paper, grey masks of two
values as one channel, and grey label maps of more classes class by class without the first (the
background). All other images are compared by their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import Colour, colour_of, colour_text, parse_classes
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.choice import OBJECT_LABELS
from deepimagetranslator.core.data.labels.numbering import highest_number
from deepimagetranslator.core.data.labels.outlines import BACKGROUND, OBJECT, OUTLINE
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.pixels import to_channels
from deepimagetranslator.core.typing import Array

OBJECT_PALETTE = Palette.of(parse_classes(OBJECT_LABELS), "uint8")
"""Reads targets that number their objects, and masks of them."""

_MASK = {(0, 0, 0), (255, 255, 255)}
_OUTLINES = {BACKGROUND, OBJECT, OUTLINE}
_MOST_CLASSES = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ByValues:
    """Compares values, normalized by the targets' data type or range.

    Attributes:
        scaling: the targets' intensity normalization.
        names: channel names; empty, since the channels are those of the images.
    """

    scaling: IntensityNormalization
    names: tuple[str, ...] = ()

    def __call__(self, target: Array, predicted: Array, name: str) -> tuple[Floats, Floats]:
        """Both images as (height, width, channels) in [0, 1].

        Args:
            target, predicted: (height, width, 1 or 3), of the same size.
            name: the prediction's name, for messages.

        Raises:
            UserError: the channels do not fit.
        """
        channels = max(predicted.shape[2], target.shape[2])
        return (
            self.scaling.to_unit(to_channels(target, channels, f"the target of {name}")),
            self._of(predicted).to_unit(to_channels(predicted, channels, name)),
        )

    def _of(self, predicted: Array) -> IntensityNormalization:
        """The normalization of a prediction, whose data type may differ from the targets'."""
        scaling = self.scaling
        if predicted.dtype.name == "float32" and scaling.high > 1 and predicted.max() > 1:
            return replace(scaling, kind="data")  # the targets' own values, unrounded
        # A mask of 0 and 1 may have been predicted as 0 and 255.
        stretched = predicted.dtype == np.uint8 and predicted.max() > scaling.high
        return BYTES if stretched or predicted.dtype.name != scaling.dtype else scaling


@dataclass(frozen=True)
class ByClasses:
    """Compares label maps of any encodings.

    Attributes:
        target, predicted: the label colours of either side, with the classes in the same order.
        names: channel names if the classes are compared one by one; else empty.
    """

    target: Palette
    predicted: Palette
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        pairs = zip(self.predicted.colours, self.target.colours, strict=True)
        equal = ", ".join(f"{_text(one)} is {_text(other)}" for one, other in pairs)
        return f"of the predictions' and the targets' values {equal}"

    def __call__(self, target: Array, predicted: Array, name: str) -> tuple[Floats, Floats]:
        """Both images as (height, width, channels) in [0, 1], see ``ByValues``.

        Raises:
            UserError: an image has a colour that belongs to no class.
        """
        one = self.target.encode(target, f"The target of {name}")
        return self._shown(one), self._shown(self.predicted.encode(predicted, name))

    def _shown(self, classes: NDArray[np.uint8]) -> Floats:
        if self.names:
            numbers = np.arange(1, len(self.target.colours), dtype=np.uint8)
            return np.asarray(classes[..., None] == numbers, np.float32)
        colours = max(self.target, self.predicted, key=lambda palette: palette.channels)
        if colours.channels == 1:
            return np.asarray(classes[..., None] > 0, np.float32)
        top = np.float32(np.iinfo(colours.dtype).max)
        shown: Any = colours.array[0].astype(np.float32) / top
        return np.asarray(shown[classes], np.float32)


Comparison = ByValues | ByClasses


def by_classes(target: Palette, predicted: Palette) -> ByClasses:
    """The comparison of label maps whose classes have the same order in both palettes."""
    grey = target.channels == predicted.channels == 1
    one_by_one = grey and len(target.colours) > 2
    return ByClasses(target, predicted, target.class_names[1:] if one_by_one else ())


def comparison(
    scaling: IntensityNormalization, target: Palette | None, predicted: Palette | None
) -> Comparison:
    """Choose how a set of predictions is compared with its targets.

    Args:
        scaling: the targets' intensity normalization.
        target: the targets' label colours; None if they are not label maps.
        predicted: the predictions' colours; None if there are too many.
    """
    values = ByValues(scaling)
    if target is None or predicted is None:
        return values
    ours, theirs = _read(predicted), _read(target)
    count = len(target.colours)
    if ours <= theirs:
        return by_classes(target, target)
    for numbers in _numbered(count):
        if ours <= set(map(_wide, numbers.colours)):
            return by_classes(target, numbers)
    # Grey values correspond to the classes in ascending order, and the higher of two values is the
    # object. For other colours the correspondence is unknown.
    grey = 1 in (target.channels, predicted.channels)
    return (
        by_classes(target, predicted)
        if len(predicted.colours) == count and (grey or count == 2)
        else values
    )


def is_mask_of_numbered(predicted: Palette | None, target: Palette | None) -> bool:
    """Whether predictions are masks of objects that the targets number.

    Args:
        predicted: the predictions' colours; None if there are too many.
        target: the targets' label colours; None if there are more numbers than a palette has. With
            numbers up to 2 the mask may be class 2, stretched.
    """
    mask = predicted is not None and set(map(_wide, predicted.colours)) == _MASK
    return mask and _numbers_objects(target)


def are_outlines_of_numbered(predicted: Palette | None, target: Palette | None) -> bool:
    """Whether predictions are objects with outlines (``objects_with_outlines``) of objects that the
    targets number; arguments as in ``is_mask_of_numbered``."""
    drawn = predicted is not None and set(map(_wide, predicted.colours)) == _OUTLINES
    return drawn and _numbers_objects(target)


def _numbers_objects(target: Palette | None) -> bool:
    return target is None or highest_number(target.colours) > _MOST_CLASSES


def _numbered(count: int) -> Iterator[Palette]:
    """Palettes of class numbers: unchanged, and stretched over 8 and over 16 bits."""
    for step, dtype in (
        (1, "uint8"),
        (255 / (count - 1), "uint8"),
        (65535 / (count - 1), "uint16"),
    ):
        yield Palette(tuple((round(number * step),) for number in range(count)), dtype)


def _text(colour: Colour) -> str:
    return colour_text(colour) if len(colour) == 1 else f"({colour_text(colour)})"


def _read(palette: Palette) -> set[Colour]:
    """All colours that a palette's files may hold in any encoding, as triples."""
    return set(map(_wide, (*palette.colours, *(colour for colour, _ in palette.also))))


def _wide(colour: Colour) -> Colour:
    return colour_of(colour, 3)
