"""The histogram of a set of images, from a small sample of values for any window.

All values of 8-bit images are counted, and an even sample of the pixels of other images. The
memory for a set is limited, however many images it has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

VALUES_PER_IMAGE = 1024
MOST_VALUES = 65_536  # all 16-bit values, so that only float values are ever merged
_MOST_WAITING = 262_144

Counted = tuple[NDArray[np.float32], NDArray[Any]]
"""Distinct finite values, ascending, and the approximate number of pixels of each."""


def counted(image: NDArray[Any]) -> Counted:
    """The values of an image (height, width, channels); NaN and infinity are left out.

    The choice of sampled pixels depends on the image's size only.
    """
    if image.dtype == np.uint8:
        counts = np.bincount(image.ravel(), minlength=256)
        present = np.flatnonzero(counts)
        return present.astype(np.float32), counts[present].astype(np.float32)
    height, width, channels = image.shape
    most = max(1, VALUES_PER_IMAGE // channels)
    down = min(height, max(1, most // width, round(math.sqrt(most * height / width))))
    across = min(width, max(1, most // down))
    sample = image[np.ix_(_spread(height, min(down, most)), _spread(width, across))]
    part = sample.size / max(1, image.size)
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    values, counts = np.unique(sample, return_counts=True)
    return values.astype(np.float32), (counts / part).astype(np.float32)


def without(found: Counted, values: Sequence[float]) -> Counted:
    """The result of ``counted`` without some of its values."""
    if not values:
        return found
    kept = ~np.isin(found[0], np.array(values, np.float32))
    return found[0][kept], found[1][kept]


def _spread(length: int, count: int) -> NDArray[np.intp]:
    """``count`` indices, evenly spread over ``length``."""
    return (2 * np.arange(count) + 1) * length // (2 * count)


@dataclass
class ValueCounts:
    """The values of many images of one kind, gathered image by image.

    Attributes:
        low: lowest finite value of all, infinity before the first.
        high: highest finite value of all.
    """

    low: float = np.inf
    high: float = -np.inf
    _parts: list[Counted] = field(default_factory=list)
    _waiting: int = 0

    def add(self, values: Counted, low: float, high: float) -> None:
        """Add the result of ``counted`` for an image with these extremes."""
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._parts.append(values)
        self._waiting += len(values[0])

    def merge(self, other: ValueCounts) -> None:
        """Add the values of another set."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._parts += other._parts
        self._waiting += other._waiting
        if self._waiting > _MOST_WAITING:
            self._parts = [self.table()]
            self._waiting = 0

    def table(self) -> Counted:
        """All values; neighbouring ones are merged if there are more than ``MOST_VALUES``."""
        if len(self._parts) == 1:
            return self._parts[0]
        if not self._parts:
            return np.empty(0, np.float32), np.empty(0)
        every = np.concatenate([values for values, _ in self._parts])
        weights = np.concatenate([counts for _, counts in self._parts])
        values, place = np.unique(every, return_inverse=True)
        counts = np.bincount(place, weights)
        if len(values) > MOST_VALUES:
            group = np.arange(len(values)) * MOST_VALUES // len(values)
            total = np.bincount(group, counts)
            values = (np.bincount(group, counts * values) / total).astype(np.float32)
            counts = total
        return values, counts


@dataclass(frozen=True)
class Distribution:
    """The distribution of a set's values in real units (the offset applied).

    Attributes:
        values, counts: as ``Counted``.
        low, high: the extremes of all values; 0 and 1 if there are none.
    """

    values: NDArray[Any]
    counts: NDArray[Any]
    low: float
    high: float

    def quantile(self, part: float) -> float:
        """The quantile of the values; ``part`` is from 0 to 1."""
        if not len(self.values) or part <= 0:
            return self.low
        if part >= 1:
            return self.high
        reached = np.cumsum(self.counts, dtype=np.float64)
        place = int(np.searchsorted(reached, part * reached[-1]))
        return float(self.values[min(place, len(self.values) - 1)])

    def outside(self, low: float, high: float) -> tuple[float, float]:
        """The fractions, 0 to 1, of the values below ``low`` and above ``high``."""
        total = float(self.counts.sum(dtype=np.float64)) or 1.0
        below, above = (
            float(self.counts[there].sum(dtype=np.float64)) / total
            for there in (self.values < low, self.values > high)
        )
        return below, above

    def histogram(self, low: float, high: float, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Edges (n + 1,) of at most ``columns`` bins from ``low`` to ``high``, and counts (n,).

        For integers each bin covers equally many of them, to avoid comb artefacts.
        """
        step = (high - low) / columns
        if (self.values == np.rint(self.values)).all():
            low, step = math.floor(low) - 0.5, max(1, math.ceil(step))
            columns = max(1, math.ceil((high - low) / step))
        edges = low + step * np.arange(columns + 1)
        sums, _ = np.histogram(self.values, edges, weights=self.counts)
        return edges, sums
