"""What the training inputs of a network were like; kept in its weights.

At translation, images of another kind are recognized by it (``core.checks.values``). The record
holds no names. Other facts of the same images can be added to it as further ``Spread``s.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepimagetranslator.core.data.intensity.curve import (
    STEPS,
    Floats,
    bins_of,
    curve_of,
    has_range,
    in_range,
)
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import series_of
from deepimagetranslator.core.typing import Array

_DECIMALS = 5


@dataclass(frozen=True)
class Spread:
    """The lowest, mean and highest curve of several, number by number.

    Attributes:
        low, mean, high: 65 numbers each, see ``core.data.intensity.curve``.
    """

    low: tuple[float, ...]
    mean: tuple[float, ...]
    high: tuple[float, ...]

    def beyond(self, curve: Floats) -> Floats:
        """How far each number of a curve (65,) is outside this spread; 0 within it."""
        outside: Floats = np.maximum(np.array(self.low) - curve, curve - np.array(self.high))
        return outside.clip(0)

    @property
    def below(self) -> tuple[float, float]:
        """The lowest and the highest share of values below the network's range."""
        return self.low[0], self.high[0]

    @property
    def above(self) -> tuple[float, float]:
        """The lowest and the highest share of values above the network's range."""
        return 1 - self.high[-1], 1 - self.low[-1]


@dataclass(frozen=True)
class InputStatistics:
    """The values of the training inputs in the network's range.

    Attributes:
        series: the number of series: volumes, DICOM series, or folders of other images.
        images: the number of images.
        by_series: the spread of the series' values.
        by_image: the spread of the single images' values.
    """

    series: int
    images: int
    by_series: Spread
    by_image: Spread

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return {
            "series": self.series,
            "images": self.images,
            "by_series": _spread_to_json(self.by_series),
            "by_image": _spread_to_json(self.by_image),
        }

    @classmethod
    def from_json(cls, data: Any) -> InputStatistics:
        """The inverse of ``to_json``.

        Raises:
            UserError: the data are no such record.
        """
        try:
            spreads = _spread_from_json(data["by_series"]), _spread_from_json(data["by_image"])
            return cls(int(data["series"]), int(data["images"]), *spreads)
        except (TypeError, KeyError, ValueError) as error:
            message = "The statistics of the training images in the weights file are damaged."
            raise UserError(message) from error


class InputMeter:
    """Gathers the statistics of the training inputs as they are read. Thread-safe.

    Args:
        images: the training inputs; each is measured once.
        scaling: the network's normalization of inputs.
    """

    def __init__(self, images: Iterable[ImageRef], scaling: IntensityNormalization) -> None:
        self._waiting = set(images) if has_range(scaling) else set()
        self._scaling = scaling
        self._series: dict[Hashable, Floats] = defaultdict(lambda: np.zeros(STEPS + 2))
        self._images = _Curves()
        self._lock = threading.Lock()

    def add(self, ref: ImageRef, image: Array) -> None:
        """Measure an image that has been read, unless it is known or no training input."""
        if ref not in self._waiting:
            return
        values = in_range(image, self._scaling)
        bins, series = bins_of(values), series_of(ref)
        with self._lock:
            if ref in self._waiting:
                self._waiting.discard(ref)
                if len(values[0]) > 1:  # a constant image tells nothing
                    self._series[series] += bins
                    self._images.add(curve_of(bins))

    def statistics(self) -> InputStatistics | None:
        """The statistics; None until every image has been measured, or if there is no range."""
        with self._lock:
            if self._waiting or not self._images.count:
                return None
            by_series = _Curves()
            for bins in self._series.values():
                by_series.add(curve_of(bins))
            images = self._images
            return InputStatistics(
                by_series.count, images.count, by_series.spread(), images.spread()
            )


class _Curves:
    """The lowest, the mean and the highest of curves that are added one by one."""

    def __init__(self) -> None:
        self._low, self._high = np.ones(STEPS + 1), np.zeros(STEPS + 1)
        self._sum = np.zeros(STEPS + 1)
        self.count = 0

    def add(self, curve: Floats) -> None:
        self._low, self._high = np.minimum(self._low, curve), np.maximum(self._high, curve)
        self._sum += curve
        self.count += 1

    def spread(self) -> Spread:
        rows = self._low, self._sum / self.count, self._high
        return Spread(*(tuple(np.round(row, _DECIMALS).tolist()) for row in rows))


def _spread_to_json(spread: Spread) -> list[list[float]]:
    return [list(spread.low), list(spread.mean), list(spread.high)]


def _spread_from_json(data: Any) -> Spread:
    """The inverse of ``_spread_to_json``.

    Raises:
        ValueError: not three lists of 65 finite numbers.
    """
    table = np.array(data, np.float64)
    if table.shape != (3, STEPS + 1) or not np.isfinite(table).all():
        raise ValueError("no spread")
    return Spread(*(tuple(row) for row in table.tolist()))
