"""The training images as a network saw them, and how another image deviates from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.domain.sample import TRAITS, Sample
from deepimagetranslator.core.data.domain.traits import BINS

Numbers = NDArray[np.float64]
Row = tuple[float, ...]
KINDS = ("brightness", "values", "noise", "sharpness", "size", "content", "doubt")
"""The deviations of an image, see ``Reference.deviations``."""
_FARTHEST = 16  # steps of 1/64 of the range
_SMOOTH = np.array([1, 2, 3, 2, 1]) / 9
_SHRUNKEN = 0.1  # the part of the mean variance that is added to each channel's own
_MOST_CHANNELS = 2**16
_DECIMALS = 6
_LARGEST = 1e12


@dataclass(frozen=True)
class Reference:
    """The mean and spread of the training images.

    Attributes:
        low, mean, high: (5,) the traits, in the order of ``TRAITS``.
        histogram: (64,) the mean of the histograms.
        embedding, spread: (channels,) mean and shrunken standard deviation of the embeddings.
    """

    low: Row
    mean: Row
    high: Row
    histogram: Row
    embedding: Row
    spread: Row

    @property
    def channels(self) -> int:
        """The number of channels of the embeddings."""
        return len(self.embedding)

    def deviations(self, sample: Sample) -> dict[str, float]:
        """How an image deviates, by ``KINDS``.

        Brightness is in parts of the range; noise, sharpness and doubt are base-2 logarithms, 0 at
        the mean; size is that of the object's sides beyond those of the training, 0 within them.
        Values (0 to 1, of the histograms' difference without that of brightness) and content (of
        the embeddings, in standard deviations) are never negative.
        """
        low, mean, high, histogram, embedding, spread = self._arrays
        brightness, unlike = aligned(sample.histogram, histogram)
        own = dict(zip(TRAITS, sample.traits - mean, strict=True))
        beyond = np.maximum(sample.traits - high, 0) + np.minimum(sample.traits - low, 0)
        size = max(beyond[2:4], key=abs)
        content = (sample.embedding - embedding) / spread
        return {
            "brightness": brightness,
            "values": unlike,
            "noise": float(own["noise"]),
            "sharpness": float(own["sharpness"]),
            "size": float(size),
            "content": float(np.sqrt(np.mean(content**2))) if content.size else 0.0,
            "doubt": float(own["doubt"]),
        }

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return {name: list(getattr(self, name)) for name in self.__dataclass_fields__}

    @cached_property
    def _arrays(self) -> list[Numbers]:
        """The fields as arrays, in their order."""
        return [np.array(getattr(self, name)) for name in self.__dataclass_fields__]

    @classmethod
    def from_json(cls, data: Any) -> Reference:
        """The inverse of ``to_json``.

        Raises:
            TypeError, KeyError, ValueError: the data are no such record.
        """
        rows = [np.array(data[name], np.float64) for name in cls.__dataclass_fields__]
        channels = rows[-1].size
        shapes = [(len(TRAITS),)] * 3 + [(BINS,), (channels,), (channels,)]
        if [row.shape for row in rows] != shapes or channels > _MOST_CHANNELS:
            raise ValueError("rows of other lengths")
        if not (np.abs(np.concatenate(rows)).max() <= _LARGEST and (rows[-1] > 0).all()):
            raise ValueError("impossible numbers")
        return cls(*map(_row, rows))


def reference_of(samples: Sequence[Sample]) -> Reference:
    """The reference of at least one training image."""
    traits = np.array([sample.traits for sample in samples])
    embeddings = np.array([sample.embedding for sample in samples])
    variance = embeddings.var(axis=0)
    added = _SHRUNKEN * (variance.mean() if variance.size else 0.0) + 10.0**-_DECIMALS
    histogram = np.mean([sample.histogram for sample in samples], axis=0)
    means = traits.min(axis=0), traits.mean(axis=0), traits.max(axis=0), histogram
    return Reference(*map(_row, (*means, embeddings.mean(axis=0), np.sqrt(variance + added))))


def _row(numbers: Numbers) -> Row:
    return tuple(np.round(numbers, _DECIMALS).tolist())


def aligned(histogram: Numbers, usual: Numbers) -> tuple[float, float]:
    """By how much a histogram must be moved to lie on another one, and what then differs.

    Peaks count by the square root of their height, so that other amounts of the same tissues move
    nothing.

    Returns:
        The shift of the histogram against the usual one as a part of the range, at most a quarter;
        and 1 minus the cosine of the two after the shift.
    """
    mine, theirs = (
        np.convolve(np.sqrt(np.maximum(row, 0)), _SMOOTH, "same") for row in (histogram, usual)
    )
    padded = np.pad(mine, _FARTHEST)
    moved = np.lib.stride_tricks.sliding_window_view(padded, len(mine))
    lengths = np.linalg.norm(moved, axis=1) * np.linalg.norm(theirs)
    cosines = moved @ theirs / np.maximum(lengths, 1e-12)
    best = int(np.argmax(cosines))
    place = float(best)
    if 0 < best < len(cosines) - 1:  # the top of the parabola through three points
        before, top, after = cosines[best - 1 : best + 2]
        bend = before - 2 * top + after
        place += float(0.5 * (before - after) / bend) if bend else 0.0
    return float(place - _FARTHEST) / len(mine), float(1 - cosines[best])
