"""From pixel values to what the eye sees: levels, overlays, differences, and their words.

Images are arrays (height, width, 1 or 3) of uint8, uint16 or float32, as read from files; what is
drawn is always 8-bit RGB.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.data.intensity.normalization import (
    TYPE_MAXIMUM,
    IntensityNormalization,
)
from deepimagetranslator.core.typing import Array

Levels = tuple[float, float]
"""The value drawn black and the one drawn white."""

DIFFERENCE_FULL = 0.25  # of the range: a difference of so much has the full colour
_HIGHER, _LOWER = (255, 150, 40), (60, 150, 255)
_SAMPLES = 1_000_000
_LABELS_BELOW = 32
_INNER = 0.6  # of the range: outliers are cut off if all but a thousandth of the values lie in it


def limits_in(image: Array, scaling: IntensityNormalization) -> Levels:
    """The values of this image, as they stand in its file, that become 0 and 1."""
    if scaling.kind == "type":
        return 0.0, TYPE_MAXIMUM[image.dtype.name]
    scaling = scaling.for_image(image)
    offset = scaling.offset_of(image)
    return scaling.low - offset, scaling.high - offset


def is_deep(image: Array | None) -> bool:
    """Whether there is an image that holds more than 8 bits."""
    return image is not None and image.dtype != np.uint8


def levels_of(image: Array, scaling: IntensityNormalization | None = None) -> Levels:
    """The levels that show an image well.

    A window that was chosen for its set is kept, and of more than 8 bits any range. Without one,
    8-bit images keep 0 to 255, unless they are label numbers (all below 32). Others take their own
    range, without a few outliers; floats within 0 and 1 keep 0 to 1.
    """
    kinds = ("window", "data") if is_deep(image) else ("window",)
    if scaling is not None and scaling.kind in kinds and scaling.fits(image.dtype.name):
        return limits_in(image, scaling)
    step = max(1, int((image.size / _SAMPLES) ** 0.5))
    values = image[::step, ::step]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if image.dtype == np.uint8:
        return (0.0, high) if 0 < high < _LABELS_BELOW else (0.0, 255.0)
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    inner_low, inner_high = (float(v) for v in np.percentile(values[::2], (0.1, 99.9)))
    if 0 < inner_high - inner_low < (high - low) * _INNER:
        low, high = inner_low, inner_high
    return (low, high) if high > low else (low, low + 1)


def to_rgb(values: Array, levels: Levels) -> Array:
    """Values as 8-bit RGB."""
    if values.dtype != np.uint8 or levels != (0.0, 255.0):
        low, high = levels
        scaled = (values.astype(np.float32) - low) * (255 / max(high - low, 1e-12))
        values = np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8)
    if values.shape[2] == 3:
        return values
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(values[..., 0]), cv2.COLOR_GRAY2RGB))


def blended(below: Array, above: Array, part: float) -> Array:
    """``above`` over ``below``, both RGB of one size; a part of 0 shows only ``below``."""
    return np.asarray(cv2.addWeighted(below, 1 - part, above, part, 0))


def difference_to_rgb(prediction: Array, target: Array, levels: Levels) -> Array:
    """Prediction minus target of one size: black is equal.

    Grey: orange where the prediction is higher, blue where it is lower. Colour: how far each
    channel is off, in that channel's colour. ``DIFFERENCE_FULL`` of the range is the full colour.
    """
    gain = 255 / ((levels[1] - levels[0]) * DIFFERENCE_FULL)
    a, b = _comparable(prediction, target)
    if a.shape[2] == 3:
        return np.asarray(cv2.convertScaleAbs(cv2.absdiff(a, b), alpha=gain))
    above, below = (
        cv2.convertScaleAbs(np.maximum(one, other) - other, alpha=gain)
        for one, other in ((a[..., 0], b[..., 0]), (b[..., 0], a[..., 0]))
    )
    colours = zip(_HIGHER, _LOWER, strict=True)
    return np.asarray(
        cv2.merge([cv2.addWeighted(above, h / 255, below, w / 255, 0) for h, w in colours])
    )


def _comparable(one: Array, other: Array) -> tuple[Array, Array]:
    """Both with the same number of channels and the same, finite, dtype."""
    channels = max(one.shape[2], other.shape[2])
    one, other = (
        np.repeat(image, channels, axis=2) if image.shape[2] < channels else image
        for image in (one, other)
    )
    if one.dtype == other.dtype and one.dtype.kind == "u":
        return one, other
    return np.nan_to_num(one.astype(np.float32)), np.nan_to_num(other.astype(np.float32))


def difference_words(target: Array, levels: Levels) -> str:
    """How to read the difference, for the line below it."""
    full = number_words(float(f"{(levels[1] - levels[0]) * DIFFERENCE_FULL:.2g}"))
    if target.shape[2] == 1:
        return f"blue −{full}, black 0, orange +{full}"
    return f"black 0, full colour ±{full}"


def image_words(image: Array, levels: Levels, offset: float = 0.0) -> str:
    """An image's size and type, and its levels, plus the offset, if not the type's own."""
    kind = {"uint8": "8-bit", "uint16": "16-bit", "float32": "float"}.get(
        str(image.dtype), str(image.dtype)
    )
    colour = {1: "grey", 3: "colour"}.get(image.shape[2], f"{image.shape[2]} channels")
    words = f"{image.shape[1]} x {image.shape[0]}, {kind} {colour}"
    if image.dtype != np.uint8 or levels != (0.0, 255.0):
        low, high = (number_words(level + offset) for level in levels)
        words += f", shown {low} to {high}"
    return words


def value_words(image: Array, u: float, v: float, offset: float = 0.0) -> str:
    """The values at a relative place, as they stand in the file, plus the offset."""
    row, column = int(v * image.shape[0]), int(u * image.shape[1])
    return " ".join(number_words(float(value) + offset) for value in image[row, column])


def number_words(value: float) -> str:
    """A number, short."""
    whole = value.is_integer() or 1000 <= abs(value) < 1e9
    return f"{value:.0f}" if whole else f"{value:.3g}"
