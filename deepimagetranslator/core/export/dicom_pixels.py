"""Stored pixel values of a DICOM file, with rescale slope, intercept and display window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.export.dicom_attributes import decimal
from deepimagetranslator.core.typing import Array

_STEPS = 65535


@dataclass(frozen=True)
class Stored:
    """Stored values; the real value is the stored value times ``slope`` plus ``intercept``.

    Attributes:
        array: (frames, height, width, 1 or 3), uint8, uint16 or int16.
        slope, intercept: DICOM decimal strings of at most 16 characters.
        window: centre and width of a display window over all values; None: the viewer chooses.
        exact: the window is centre -+ width / 2, as real numbers need; otherwise it is the window
            of whole numbers, from centre - width / 2 to centre + width / 2 - 1.
    """

    array: Array
    slope: str = "1"
    intercept: str = "0"
    window: tuple[str, str] | None = None
    exact: bool = False

    @property
    def bits(self) -> int:
        return 8 * self.array.dtype.itemsize


def stored_pixels(pixels: Array, classes: int, limits: tuple[float, float] | None) -> Stored:
    """The stored values for the frames of one file.

    Args:
        pixels: (frames, height, width, 1 or 3), uint8, uint16 or float32; colour uint8.
        classes: the number of classes if the values are class numbers, else 0.
        limits: lowest and highest possible value of the whole series; None: those of this file.

    Raises:
        ValueError: a DICOM image cannot hold the values.
    """
    if pixels.shape[-1] not in (1, 3) or (pixels.shape[-1] == 3 and pixels.dtype != np.uint8):
        raise ValueError(f"no DICOM image of {pixels.shape[-1]} channels of {pixels.dtype.name}")
    if pixels.shape[-1] == 3:
        return Stored(pixels)
    if pixels.dtype == np.uint8:
        return Stored(pixels, window=_window(0, (classes or 256) - 1))
    if pixels.dtype == np.uint16:
        return Stored(pixels, window=None if limits is None else _window(*limits))
    if pixels.dtype != np.float32 or not np.isfinite(pixels).all():
        raise ValueError("values that are no finite numbers of 8 or 16 bits or float32")
    low, high = float(pixels.min()), float(pixels.max())
    window = None if limits is None else _exact_window(*limits)
    if low >= -(2**15) and high < 2**15 and (pixels == np.rint(pixels)).all():
        return Stored(pixels.astype(np.int16), window=window, exact=True)
    low, high = min(low, *(limits or (low,))), max(high, *(limits or (high,)))
    slope, intercept = decimal((high - low) / _STEPS or 1), decimal(low)
    steps = (pixels.astype(np.float64) - float(intercept)) / float(slope)
    numbers = np.clip(np.rint(steps), 0, _STEPS).astype(np.uint16)
    return Stored(numbers, slope, intercept, window, exact=True)


def _window(low: float, high: float) -> tuple[str, str]:
    """Centre and width of the display window of whole numbers from ``low`` (black) to ``high``.

    Source: VOI LUT function LINEAR, DICOM PS3.3 C.11.2.1.2.1.
    """
    return decimal((low + high + 1) / 2), decimal(max(high - low + 1, 1))


def _exact_window(low: float, high: float) -> tuple[str, str]:
    """Centre and width of the display window of real numbers from ``low`` (black) to ``high``.

    They may be far below 1. Source: LINEAR_EXACT, DICOM PS3.3 C.11.2.1.3.2.
    """
    return decimal((low + high) / 2), decimal(high - low if low < high else 1)
