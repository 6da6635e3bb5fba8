"""Denoising without training: strength and tone curve are chosen on images of another person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.imaging.images import read_image, write_image

Bytes = NDArray[np.uint8]
Curve = NDArray[np.float64]
Denoise = Callable[[Bytes, float], Bytes]


def non_local_means(image: Bytes, strength: float) -> Bytes:
    """OpenCV's non-local means; ``strength`` is its h, in grey levels."""
    return np.asarray(cv2.fastNlMeansDenoising(image, None, strength, 7, 21), np.uint8)


def total_variation(image: Bytes, strength: float) -> Bytes:
    """scikit-image's total variation; ``strength`` is its weight, for values from 0 to 1."""
    from skimage.restoration import denoise_tv_chambolle  # noqa: PLC0415  of the test extra

    found = denoise_tv_chambolle(image / 255, weight=strength)
    return np.rint(np.clip(found, 0, 1) * 255).astype(np.uint8)


def median(image: Bytes, strength: float) -> Bytes:
    """The median of a square; ``strength`` is its side in pixels. It suits noise of few pixels."""
    return np.asarray(cv2.medianBlur(image, int(strength)), np.uint8)


METHODS: dict[str, tuple[Denoise, tuple[float, ...]]] = {
    "non-local means": (non_local_means, (5, 10, 20, 30, 45, 60, 80, 110, 150, 200, 300)),
    "total variation": (total_variation, (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.7)),
    "median": (median, (1, 3, 5, 7, 9, 11, 15)),
}
"""Each method with the strengths that are tried, from weak to strong."""


@dataclass(frozen=True)
class Chosen:
    """A method as it was fitted.

    Attributes:
        method: one of ``METHODS``.
        strength: the one with the lowest mean squared error after its tone curve.
        curve: (256,), what each grey level becomes; it never falls.
        at_end: whether the strength is the first or the last that was tried.
    """

    method: str
    strength: float
    curve: Curve
    at_end: bool

    def write(self, noisy: Path, output: Path) -> None:
        """Write the denoised images of a folder."""
        output.mkdir(parents=True, exist_ok=True)
        for path in sorted(noisy.iterdir()):
            denoised = METHODS[self.method][0](_grey(path), self.strength)
            toned = np.rint(self.curve[denoised]).astype(np.uint8)
            write_image(output / path.name, toned[..., None])


def choose(method: str, noisy: Path, clean: Path) -> Chosen:
    """The strength and the tone curve that suit these images best."""
    denoise, strengths = METHODS[method]
    inputs = [_grey(path) for path in sorted(noisy.iterdir())]
    wanted = np.concatenate([_grey(path).ravel() for path in sorted(clean.iterdir())])
    tried = []
    for strength in strengths:
        found = np.concatenate([denoise(image, strength).ravel() for image in inputs])
        curve = tone_curve(found, wanted)
        tried.append((float(np.mean((curve[found] - wanted) ** 2)), strength, curve))
    best = min(range(len(tried)), key=lambda place: tried[place][0])
    _, strength, curve = tried[best]
    return Chosen(method, strength, curve, best in (0, len(tried) - 1))


def tone_curve(found: Bytes, wanted: Bytes) -> Curve:
    """The rising curve (256,) from found to wanted grey levels with the least squared error.

    Noise that is clipped or wraps around moves the mean of dark and of bright pixels, which no
    smoothing undoes. Levels that do not occur are interpolated.
    """
    counts = np.bincount(found, minlength=256)
    sums = np.bincount(found, weights=wanted, minlength=256)
    levels = np.flatnonzero(counts)
    fitted = isotonic(sums[levels] / counts[levels], counts[levels])
    return np.interp(np.arange(256), levels, fitted)


def isotonic(values: Sequence[float] | Curve, weights: Sequence[float] | NDArray[np.int_]) -> Curve:
    """The sequence that never falls with the least weighted squared error (pool adjacent
    violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        block = (float(value), float(weight), 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, own, length = blocks.pop()
            total = own + block[1]
            block = ((mean * own + block[0] * block[1]) / total, total, length + block[2])
        blocks.append(block)
    return np.repeat([mean for mean, _, _ in blocks], [length for _, _, length in blocks])


def _grey(path: Path) -> Bytes:
    return np.ascontiguousarray(read_image(path)[..., 0])
