"""How far a confidence can be trusted, and its calibration.

A network's raw confidence in a pixel is compared with what came true: whether the class was right,
or the absolute error of a value. The expected calibration error is that of Naeini, Cooper and
Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015, as used by
Guo et al., "On calibration of modern neural networks", ICML 2017: over 15 bins of equal width, the
mean of |accuracy - mean confidence|, weighted by the pixels in a bin. For expected errors of
values, which lie close to 0, the bins are of equal mass.

The calibration is a monotone function: means of bins of equal mass, made monotone by pooling
adjacent violators (Ayer et al., Annals of Mathematical Statistics 26, 1955), with straight lines
between them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.typing import Array

Floats = NDArray[np.float64]

LABELS, VALUES = "labels", "values"
BINS = 15
NEAR = 10
"""Pixels: label maps are judged this close to a boundary, as the rest is easy."""
_FINE = BINS * 256
_KNOTS, _PER_KNOT = (10, 200), 2000  # fewest and most bins of equal mass, and pixels of each
_MOST_KNOTS = 1000
_FEWEST = 1000  # pixels of a calibration
_LEAST_ERROR = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A monotone function from raw confidence to what came true.

    Attributes:
        kind: "labels" (probability that the class is right) or "values" (from the spread of the
            mirrored predictions to the expected absolute error, both in the network's range).
        raw: values of the raw confidence, increasing.
        observed: the outcome at each of them, not decreasing.
        images, pixels: how many it was made from.
    """

    kind: str
    raw: tuple[float, ...]
    observed: tuple[float, ...]
    images: int
    pixels: int

    def __call__(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """The calibrated confidence, of the same shape; beyond the ends it stays constant."""
        return np.asarray(np.interp(raw, self.raw, self.observed), np.float32)

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """The inverse of ``to_json``.

        Raises:
            ValueError, TypeError, KeyError: the data are no calibration.
        """
        try:
            raw, observed = (tuple(map(float, data[key])) for key in ("raw", "observed"))
            found = cls(str(data["kind"]), raw, observed, int(data["images"]), int(data["pixels"]))
        except OverflowError as error:
            raise ValueError("numbers beyond all bounds") from error
        numbers = np.array([*raw, *observed])
        steps = np.diff(np.array([raw, observed]), axis=1)
        whole = (
            found.kind in (LABELS, VALUES)
            and 1 <= len(raw) == len(observed) <= _MOST_KNOTS
            and np.isfinite(numbers).all()
            and numbers.min() >= 0
            and numbers.max() <= 1
            and bool((steps[0] > 0).all() and (steps[1] >= 0).all())
            and min(found.images, found.pixels) > 0
        )
        if not whole:
            raise ValueError("no calibration")
        return found


@dataclass(frozen=True)
class Reliability:
    """How far the confidence of weights was true on some images.

    Attributes:
        kind: "labels" or "values".
        images, pixels: how many were judged.
        raw_error: the expected calibration error of the raw confidence.
        error: of the calibrated one; None without a calibration.
    """

    kind: str
    images: int
    pixels: int
    raw_error: float
    error: float | None

    def __str__(self) -> str:
        over = f"over {self.pixels} pixels of {self.images} images"
        what = "The expected errors miss the true ones, as a fraction of the range, by"
        if self.kind == LABELS:
            over = f"over {self.pixels} pixels within {NEAR} of a boundary, {self.images} images"
            what = "The expected calibration error of the confidence is"
        found = f"{what} {self.raw_error:.4f} {over}"
        if self.error is None:
            return f"{found}; it is not calibrated."
        return f"{found}, and {self.error:.4f} with its calibration."

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "images": self.images,
            "pixels": self.pixels,
            "uncalibrated_error": self.raw_error,
            "calibration_error": self.error,
        }


class Outcomes:
    """Raw confidence and what came true, gathered image by image in narrow bins.

    Args:
        kind: "labels": probabilities in equal bins from 0 to 1; or "values": a spread in bins that
            are equal on a logarithmic axis.

    Attributes:
        images: the number of images so far.
        counts, raw, outcome: pixels of each bin, and the sums of both quantities.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.images = 0
        inner = (
            np.linspace(0, 1, _FINE + 1)[1:-1]
            if kind == LABELS
            else np.geomspace(_LEAST_ERROR, 1, _FINE - 1)
        )
        self._inner = inner.astype(np.float32)
        self.counts, self.raw, self.outcome = (np.zeros(_FINE) for _ in range(3))

    def add(self, raw: NDArray[Any], outcome: NDArray[Any]) -> None:
        """Add the pixels of an image.

        Args:
            raw: the raw confidence, of any shape.
            outcome: whether the class is right, or the absolute error; of the same shape.
        """
        place = np.searchsorted(self._inner, raw.ravel(), side="right")
        self.counts += np.bincount(place, minlength=_FINE)
        self.raw += np.bincount(place, raw.ravel(), _FINE)
        self.outcome += np.bincount(place, outcome.ravel(), _FINE)
        self.images += 1

    @property
    def pixels(self) -> int:
        """The number of pixels so far."""
        return int(self.counts.sum())

    def error(self, calibration: Calibration | None = None) -> float:
        """The expected calibration error, 0 to 1; nan without pixels.

        Args:
            calibration: applied to the raw confidence first; None judges the raw one.
        """
        known = self.counts > 0
        counts, outcome = self.counts[known], self.outcome[known]
        if not counts.size:
            return math.nan
        confidence = self.raw[known] / counts
        if calibration is not None:
            confidence = calibration(confidence).astype(np.float64)
        part = confidence
        if self.kind == VALUES:
            part = (np.cumsum(counts) - counts / 2) / counts.sum()
        place = np.minimum((part * BINS).astype(np.intp), BINS - 1)
        gaps = np.bincount(place, outcome, BINS) - np.bincount(place, confidence * counts, BINS)
        return float(np.abs(gaps).sum() / counts.sum())

    def calibration(self) -> Calibration | None:
        """The calibration from these outcomes; None if there are too few pixels."""
        if self.pixels < _FEWEST:
            return None
        known = self.counts > 0
        counts, raw, outcome = (x[known] for x in (self.counts, self.raw, self.outcome))
        mass = np.cumsum(counts) - counts / 2
        knots = min(_KNOTS[1], max(_KNOTS[0], self.pixels // _PER_KNOT))
        group = np.minimum((mass / counts.sum() * knots).astype(np.intp), knots - 1)
        merged = (np.bincount(group, x, knots) for x in (counts, raw, outcome))
        counts, raw, outcome = (x[np.unique(group)] for x in merged)
        middles, observed = _monotone(counts, raw, outcome)
        return Calibration(self.kind, middles, observed, self.images, self.pixels)


def near_boundary(classes: Array) -> NDArray[np.bool_]:
    """Where a label map, class numbers (height, width), is within ``NEAR`` pixels of a boundary."""
    inside = np.ones(classes.shape, np.uint8)
    across, down = classes[:, 1:] != classes[:, :-1], classes[1:] != classes[:-1]
    for part, differs in (
        (np.s_[:, 1:], across),
        (np.s_[:, :-1], across),
        (np.s_[1:], down),
        (np.s_[:-1], down),
    ):
        inside[part][differs] = 0
    if inside.all():
        return np.zeros(classes.shape, np.bool_)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= NEAR)


def _monotone(
    counts: Floats, raw: Floats, outcome: Floats
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean raw value and mean outcome of bins, neighbours joined until the outcomes rise."""
    blocks: list[Floats] = []
    for block in np.stack([counts, raw, outcome], axis=1):
        blocks.append(block)
        while len(blocks) > 1 and blocks[-2][2] / blocks[-2][0] > blocks[-1][2] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = blocks[-1] + last
    pairs = [(float(b[1] / b[0]), float(b[2] / b[0])) for b in blocks]
    return tuple(x for x, _ in pairs), tuple(min(1.0, y) for _, y in pairs)
