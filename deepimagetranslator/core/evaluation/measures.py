"""Measures of agreement between predicted and target images, as in the 2021 paper.

Arrays are (height, width, channels) float32 with values in [0, 1], the data range of PSNR and
SSIM. For the overlap measures a pixel belongs to a channel's region if its value is over 0.5;
T is the target's region, P the predicted one. A fraction whose denominator is 0 is nan.

================  ===============================================================================
dice              2 |T and P| / (|T| + |P|), Dice, Ecology 26 (1945)
sensitivity       |T and P| / |T|
specificity       |neither T nor P| / |not T|
area_difference   (|P| - |T|) / |T|, positive if the predicted region is larger
mae, mse          mean absolute error and mean squared error of the values
psnr              10 log10(1 / mse) in dB, infinite for equal images
ssim              structural similarity, Wang et al. 2004, see ``ssim``
================  ===============================================================================

``measure`` evaluates one image. ``whole_volume`` adds the counts of all images, as if they were
one volume; its SSIM is the mean over images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

THRESHOLD = 0.5
OVERLAP = ("dice", "sensitivity", "specificity", "area_difference")
LIKENESS = ("mae", "mse", "psnr", "ssim")
MEASURES = (*OVERLAP, *LIKENESS)
OF_INPUT = tuple(f"input_{name}" for name in LIKENESS)
"""The likeness of an input itself, where it can be compared with its target."""

SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
"""Wang et al.'s (K L)^2, K1 = 0.01 and K2 = 0.03, for a data range L of 1."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """Counts and sums over one or several images; ``+`` adds those of further images.

    Attributes:
        images: the number of images.
        pixels: the number of pixels per channel in all images.
        target, predicted, overlap: |T|, |P| and |T and P| in pixels, (channels,).
        absolute, squared: sums of absolute and of squared differences, (channels,).
        similarity: sum of the images' SSIM, (channels,).
    """

    images: int
    pixels: int
    target: Array
    predicted: Array
    overlap: Array
    absolute: Array
    squared: Array
    similarity: Array

    def __add__(self, other: Measurement) -> Measurement:
        if self.target.shape != other.target.shape:
            raise ValueError(
                f"Images of {self.target.size} and of {other.target.size} channels cannot be "
                "measured as one volume."
            )
        names = (field.name for field in fields(self))
        return Measurement(*(getattr(self, name) + getattr(other, name) for name in names))

    def results(self, channel_names: Sequence[str]) -> dict[str, dict[str, float]]:
        """The measures of each channel by its name, and of all channels together under ``all``.

        A channel has all ``MEASURES``, ``all`` only those in ``LIKENESS``.
        """
        rows = {
            name: self._overlap(i) | self._likeness(slice(i, i + 1))
            for i, name in zip(range(self.target.size), channel_names, strict=True)
        }
        return rows | {"all": self._likeness(slice(None))}

    def _overlap(self, channel: int) -> dict[str, float]:
        target, predicted, both = (
            float(counts[channel]) for counts in (self.target, self.predicted, self.overlap)
        )
        neither = self.pixels - target - predicted + both
        return {
            "dice": _fraction(2 * both, target + predicted),
            "sensitivity": _fraction(both, target),
            "specificity": _fraction(neither, self.pixels - target),
            "area_difference": _fraction(predicted - target, target),
        }

    def _likeness(self, channels: slice) -> dict[str, float]:
        mse = float(self.squared[channels].mean()) / self.pixels
        return {
            "mae": float(self.absolute[channels].mean()) / self.pixels,
            "mse": mse,
            "psnr": -10 * float(np.log10(mse)) if mse else float("inf"),
            "ssim": float(self.similarity[channels].mean()) / self.images,
        }


def measure(target: ArrayLike, predicted: ArrayLike, *, with_ssim: bool = True) -> Measurement:
    """Compare one predicted image with its target; both (height, width, channels) in [0, 1].

    Args:
        target, predicted: the images.
        with_ssim: compute SSIM, which takes longer than all the rest; else it is nan.

    Raises:
        ValueError: the two differ in size or number of channels.
    """
    t, p = np.asarray(target, np.float64), np.asarray(predicted, np.float64)
    if t.shape != p.shape or t.ndim != 3 or not t.size:
        raise ValueError(
            "A target and a predicted image of the same height, width and channels are needed, "
            f"not {t.shape} and {p.shape}."
        )
    in_t, in_p = t > THRESHOLD, p > THRESHOLD
    difference = t - p
    return Measurement(
        images=1,
        pixels=t.shape[0] * t.shape[1],
        target=_per_channel(in_t),
        predicted=_per_channel(in_p),
        overlap=_per_channel(in_t & in_p),
        absolute=_per_channel(np.abs(difference)),
        squared=_per_channel(difference**2),
        similarity=ssim(t, p) if with_ssim else np.full(t.shape[2], np.nan),
    )


def whole_volume(measurements: Iterable[Measurement]) -> Measurement:
    """The measurement of all images as one volume; sizes may differ, channels may not.

    Raises:
        ValueError: there is no measurement, or the numbers of channels differ.
    """
    first, *others = measurements
    return sum(others, start=first)


def ssim(target: Array, predicted: Array) -> Array:
    """Structural similarity of two images (height, width, channels), the mean of each channel.

    After Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13 (2004), with a Gaussian window (``gaussian_window``) and
    weighted variances without bias correction. The mean is taken over the positions at which the
    window lies inside the image.

    Returns:
        (channels,), at most 1.
    """
    window = gaussian_window(*target.shape[:2])
    mean_t, mean_p = _windowed(target, window), _windowed(predicted, window)
    power = _windowed(target**2 + predicted**2, window)
    product = 2 * mean_t * mean_p
    squares = mean_t**2 + mean_p**2
    luminance = (product + SSIM_C1) / (squares + SSIM_C1)
    covariance = 2 * _windowed(target * predicted, window) - product
    structure = (covariance + SSIM_C2) / (power - squares + SSIM_C2)
    return np.asarray((luminance * structure).mean(axis=(0, 1)))


def gaussian_window(height: int, width: int) -> Array:
    """The separable window of SSIM along one axis: 11 weights of sum 1 with a sigma of 1.5 pixels.

    If a side is under 11 pixels, the window has the largest odd length that fits into it.
    """
    radius = (min(11, height, width) - 1) // 2
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / 1.5) ** 2)
    return np.asarray(weights / weights.sum())


def _windowed(image: Array, window: Array) -> Array:
    """Windowed means of (height, width, channels) at the positions with the window inside."""
    height, width, channels = image.shape
    r = window.size // 2
    means = cv2.sepFilter2D(image, -1, window, window).reshape(height, width, channels)
    return np.asarray(means[r : height - r, r : width - r])


def _per_channel(values: NDArray[Any]) -> Array:
    return np.asarray(values.sum(axis=(0, 1), dtype=np.float64))


def _fraction(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
