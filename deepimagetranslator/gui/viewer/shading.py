"""Converts pixel values to RGB for display: levels, overlays, differences, and texts about them.

Images are arrays (height, width, 1 or 3) of uint8, uint16 or float32, as read from files. The
results are 8-bit RGB.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepimagetranslator.core.data.intensity.normalization import (
    TYPE_MAXIMUM,
    IntensityNormalization,
)
from deepimagetranslator.core.evaluation.calibration import LABELS
from deepimagetranslator.core.export.confidence import ConfidenceMap
from deepimagetranslator.core.typing import Array

Levels = tuple[float, float]
"""The values that are drawn black and white."""

DIFFERENCE_FULL = 0.25  # fraction of the range: larger differences have the full colour
_HIGHER, _LOWER = (255, 150, 40), (60, 150, 255)
_FAINT = 0.3  # what remains of an image's contrast with the background when it is dimmed
TARGET_LINE, PREDICTED_LINE, BOTH_LINE = (0, 200, 255), (255, 140, 0), (255, 255, 255)
"""Outlines of the target, of the prediction, and of both in one place."""
UNCERTAIN = (255, 235, 60)
"""The colour that is laid over uncertain pixels of a prediction."""
_UNCERTAIN_ERROR = 99.0  # percentile of the expected errors that has the full colour
_SAMPLES = 1_000_000
_LABELS_BELOW = 32
_INNER = 0.6  # outliers are clipped if 99.8 % of the values lie in less than 0.6 of the range


def limits_in(image: Array, normalization: IntensityNormalization) -> Levels:
    """The values in this image's file that the normalization maps to 0 and 1."""
    if normalization.kind == "type":
        return 0.0, TYPE_MAXIMUM[image.dtype.name]
    normalization = normalization.for_image(image)
    offset = normalization.offset_of(image)
    return normalization.low - offset, normalization.high - offset


def is_deep(image: Array | None) -> bool:
    """Whether there is an image and it has more than 8 bits."""
    return image is not None and image.dtype != np.uint8


def levels_of(image: Array, normalization: IntensityNormalization | None = None) -> Levels:
    """Suitable display levels for an image.

    A window of the data set's intensity normalization is used; for images of more than 8 bits, its
    range is used, too. Otherwise 8-bit images have the levels 0 and 255, unless all values are
    below 32 (class numbers). Other images use their own range without a few outliers; floats
    between 0 and 1 have the levels 0 and 1.
    """
    kinds = ("window", "data") if is_deep(image) else ("window",)
    known = normalization is not None and normalization.kind in kinds
    if normalization is not None and known and normalization.fits(image.dtype.name):
        return limits_in(image, normalization)
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
    """Convert values, (height, width, 1 or 3), to 8-bit RGB."""
    if values.dtype != np.uint8 or levels != (0.0, 255.0):
        low, high = levels
        with np.errstate(over="ignore", invalid="ignore"):  # infinity is drawn white or black
            scaled = (values.astype(np.float32) - low) * (255 / max(high - low, 1e-12))
        values = np.clip(np.nan_to_num(scaled), 0, 255).astype(np.uint8)
    if values.shape[2] == 3:
        return values
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(values[..., 0]), cv2.COLOR_GRAY2RGB))


def blended(below: Array, above: Array, part: float) -> Array:
    """Blend ``above`` over ``below``, both RGB of one size; ``part`` is the opacity, 0 to 1."""
    return np.asarray(cv2.addWeighted(below, 1 - part, above, part, 0))


def dimmed(pixels: Array, colour: tuple[int, int, int]) -> Array:
    """Pixels, RGB, close to a colour of 16 bits a channel."""
    background = np.array(colour, np.float32) / 257
    return (background + _FAINT * (pixels - background)).astype(np.uint8)


def edges(labels: Array, thickness: int = 1) -> Array:
    """Where the regions of a label map meet: (height, width) bool.

    Args:
        labels: (height, width, channels).
        thickness: of the lines in pixels.
    """
    found = np.zeros(labels.shape[:2], np.uint8)
    found[:, :-1] |= (labels[:, 1:] != labels[:, :-1]).any(axis=2)
    found[:-1] |= (labels[1:] != labels[:-1]).any(axis=2)
    if thickness > 1:
        found = np.asarray(cv2.dilate(found, np.ones((thickness, thickness), np.uint8)))
    return np.asarray(found.astype(bool))


def outlined(pixels: Array, target: Array | None, predicted: Array | None) -> Array:
    """RGB pixels with outlines in ``TARGET_LINE`` and ``PREDICTED_LINE``; ``BOTH_LINE`` where both.

    Args:
        pixels: (height, width, 3) uint8.
        target, predicted: edges of that size, see ``edges``; None draws none.
    """
    result = pixels.copy()
    for lines, colour in ((target, TARGET_LINE), (predicted, PREDICTED_LINE)):
        if lines is not None:
            result[lines] = colour
    if target is not None and predicted is not None:
        result[target & predicted] = BOTH_LINE
    return result


def difference_to_rgb(prediction: Array, target: Array, levels: Levels) -> Array:
    """Prediction minus target, both of one size, as RGB; equal values are black.

    Grey images: orange where the prediction is higher, blue where it is lower. Colour images: the
    absolute difference of each channel in that channel. A difference of ``DIFFERENCE_FULL`` of the
    range has the full colour.
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
    """Both images with the same number of channels and the same dtype, without NaN."""
    channels = max(one.shape[2], other.shape[2])
    one, other = (
        np.repeat(image, channels, axis=2) if image.shape[2] < channels else image
        for image in (one, other)
    )
    if one.dtype == other.dtype and one.dtype.kind == "u":
        return one, other
    return np.nan_to_num(one.astype(np.float32)), np.nan_to_num(other.astype(np.float32))


def uncertain_marked(image: Array, levels: Levels, confidence: ConfidenceMap) -> Array:
    """A translated image as RGB, the more towards ``UNCERTAIN`` the less certain a pixel is.

    Probabilities of 0.5 and below have the full colour; expected errors the highest of this image,
    without a few outliers.
    """
    values = confidence.values
    if confidence.kind == LABELS:
        part = 2 * (1 - values)
    else:
        largest = float(np.percentile(values[::2, ::2], _UNCERTAIN_ERROR))
        part = values / max(largest, 1e-12)
    part = np.clip(part, 0, 1)
    mixed = (1 - part) * to_rgb(image, levels) + part * np.array(UNCERTAIN, np.float32)
    return np.asarray(np.rint(mixed), np.uint8)


def uncertain_words(confidence: ConfidenceMap) -> str:
    """The legend of ``uncertain_marked``."""
    words = "uncertain"
    if confidence.kind == LABELS:
        words = "uncertain: right with a probability of 0.5 or less"
    return words if confidence.calibrated else f"{words} (not calibrated)"


def confidence_words(confidence: ConfidenceMap, u: float, v: float) -> str:
    """The confidence at a position; the arguments are those of ``value_words``."""
    words = "confidence" if confidence.kind == LABELS else "expected error"
    return f"{words} {value_words(confidence.values, u, v)}"


def difference_words(target: Array, levels: Levels) -> str:
    """The legend of a difference, for the line below it."""
    full = number_words(float(f"{(levels[1] - levels[0]) * DIFFERENCE_FULL:.2g}"))
    if target.shape[2] == 1:
        return f"blue −{full}, black 0, orange +{full}"
    return f"black 0, full colour ±{full}"


def image_words(image: Array, levels: Levels, offset: float = 0.0, unit: str = "") -> str:
    """An image's size, its unit or else its type, and its levels unless they are 0 and 255.

    Args:
        image: the image.
        levels: the values drawn black and white.
        offset: added to them.
        unit: what the values are, such as "CT, HU"; empty if unknown.
    """
    kind = {"uint8": "8-bit", "uint16": "16-bit", "float32": "float"}.get(
        str(image.dtype), str(image.dtype)
    )
    colour = {1: "grey", 3: "colour"}.get(image.shape[2], f"{image.shape[2]} channels")
    words = f"{image.shape[1]} x {image.shape[0]}, {unit or f'{kind} {colour}'}"
    if image.dtype != np.uint8 or levels != (0.0, 255.0):
        low, high = (number_words(level + offset) for level in levels)
        words += f", shown {low} to {high}"
    return words


def values_at(image: Array, u: float, v: float) -> tuple[int, ...]:
    """The values at a position, rounded to integers; the arguments are those of ``value_words``."""
    row, column = int(v * image.shape[0]), int(u * image.shape[1])
    return tuple(round(float(value)) for value in np.nan_to_num(image[row, column]))


def value_words(image: Array, u: float, v: float, offset: float = 0.0) -> str:
    """The values at a position: the file's values plus the offset.

    Args:
        image: the image.
        u, v: the position, fractions of width and height, 0 to 1.
        offset: added to the values.
    """
    row, column = int(v * image.shape[0]), int(u * image.shape[1])
    return " ".join(number_words(float(value) + offset) for value in image[row, column])


def number_words(value: float) -> str:
    """A number as short text: integers and large numbers without a fraction, else 3 digits."""
    whole = value.is_integer() or 1000 <= abs(value) < 1e9
    return f"{value:.0f}" if whole else f"{value:.3g}"
