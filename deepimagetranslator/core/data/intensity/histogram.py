"""How often which value occurs in a set of images: a small sample that can show any window.

Of 8-bit images every value is counted, of others an even sample of their pixels. What is kept
of a set stays small, however many images it has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

VALUES_PER_IMAGE = 1024
MOST_VALUES = 65_536  # every value of 16 bits, so that only floats are ever joined
_MOST_WAITING = 262_144

Counted = tuple[NDArray[np.float32], NDArray[Any]]
"""Different finite values, ascending, and about how many pixels' values each stands for."""


def counted(image: NDArray[Any]) -> Counted:
    """The values of an image (height, width, channels); NaN and infinity are left out.

    The pixels that are looked at depend on the image's size only.
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


def _spread(length: int, count: int) -> NDArray[np.intp]:
    """So many indices, evenly spread over a length."""
    return (2 * np.arange(count) + 1) * length // (2 * count)


@dataclass
class ValueCounts:
    """The values of many images of like kind, gathered image by image.

    Attributes:
        low: lowest finite value of all, infinity before the first.
        high: highest finite value of all.
    """

    low: float = np.inf
    high: float = -np.inf
    _parts: list[Counted] = field(default_factory=list)
    _waiting: int = 0

    def add(self, values: Counted, low: float, high: float) -> None:
        """Take in what ``counted`` gave for an image with these extremes."""
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._parts.append(values)
        self._waiting += len(values[0])

    def merge(self, other: ValueCounts) -> None:
        """Take in what another one gathered."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._parts += other._parts
        self._waiting += other._waiting
        if self._waiting > _MOST_WAITING:
            self._parts = [self.table()]
            self._waiting = 0

    def table(self) -> Counted:
        """All values; neighbours are joined where there are more than ``MOST_VALUES``."""
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
    """How the values of a set are spread, in the units of their meaning (the offset applied).

    Attributes:
        values, counts: as ``Counted``.
        low, high: the extremes of all values; 0 and 1 if there are none.
    """

    values: NDArray[Any]
    counts: NDArray[Any]
    low: float
    high: float

    def quantile(self, part: float) -> float:
        """The value below which that part (0 to 1) of the values lies."""
        if not len(self.values) or part <= 0:
            return self.low
        if part >= 1:
            return self.high
        reached = np.cumsum(self.counts, dtype=np.float64)
        place = int(np.searchsorted(reached, part * reached[-1]))
        return float(self.values[min(place, len(self.values) - 1)])

    def outside(self, low: float, high: float) -> tuple[float, float]:
        """Which part of the values, 0 to 1, lies below ``low``, and which above ``high``."""
        total = float(self.counts.sum(dtype=np.float64)) or 1.0
        below, above = (
            float(self.counts[there].sum(dtype=np.float64)) / total
            for there in (self.values < low, self.values > high)
        )
        return below, above

    def histogram(self, low: float, high: float, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Edges (n + 1,) of at most ``columns`` columns from ``low`` to ``high``, and their sums.

        Whole numbers get columns that hold equally many of them, so that there is no false comb.
        """
        step = (high - low) / columns
        if (self.values == np.rint(self.values)).all():
            low, step = math.floor(low) - 0.5, max(1, math.ceil(step))
            columns = max(1, math.ceil((high - low) / step))
        edges = low + step * np.arange(columns + 1)
        sums, _ = np.histogram(self.values, edges, weights=self.counts)
        return edges, sums
