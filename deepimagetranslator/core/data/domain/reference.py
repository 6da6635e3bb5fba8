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
_FITS = 0.45  # the cosine from which on peaks fit
_RELUCTANCE = 1.0  # of cosine for a whole range
_SMOOTH = np.array([1, 2, 3, 2, 1]) / 9
_NARROW = np.array([1, 2, 1]) / 4
_AROUND = 9  # steps
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

    Peaks are compared, hardly by their height, so that other amounts of the same tissues move
    nothing. Of several shifts by which they fit, a small one is preferred: a contrast agent moves
    one peak, another brightness all of them. Where they fit by none, as noise has levelled them or
    the image shows something else, there is no shift.

    Returns:
        The shift of the histogram against the usual one as a part of the range, at most a quarter;
        and 1 minus the cosine between their square roots after the shift.
    """
    cosines = _cosines(_peaks(histogram), _peaks(usual))
    best = _fitting(cosines)
    fits = bool(cosines[best] >= _FITS)
    best = best if fits else _FARTHEST
    place = float(best)
    if fits and 0 < best < len(cosines) - 1:  # the top of the parabola through three points
        before, top, after = cosines[best - 1 : best + 2]
        bend = before - 2 * top + after
        place += float(0.5 * (before - after) / bend) if bend else 0.0
    smooth, theirs = (np.convolve(np.sqrt(row), _SMOOTH, "same") for row in (histogram, usual))
    unlike = 1 - float(_cosines(smooth, theirs)[best])
    return float(place - _FARTHEST) / len(histogram), unlike


def _peaks(histogram: Numbers) -> Numbers:
    """How much of a peak each step of a histogram is, below 0 between peaks."""
    height = np.sqrt(np.sqrt(np.convolve(histogram, _NARROW, "same")))
    around = np.convolve(np.pad(height, _AROUND // 2, mode="edge"), np.ones(_AROUND), "valid")
    return height - around / _AROUND


def _cosines(mine: Numbers, theirs: Numbers) -> Numbers:
    """The cosine between two rows after each shift of the first one."""
    moved = np.lib.stride_tricks.sliding_window_view(np.pad(mine, _FARTHEST), len(mine))
    lengths = np.linalg.norm(moved, axis=1) * np.linalg.norm(theirs)
    return np.asarray(moved @ theirs / np.maximum(lengths, 1e-12))


def _fitting(cosines: Numbers) -> int:
    """The local maximum that is best, the farther from no shift the better it must be."""
    padded = np.pad(cosines, 1, constant_values=-1.0)
    tops = (cosines >= padded[:-2]) & (cosines >= padded[2:])
    far = np.abs(np.arange(len(cosines)) - _FARTHEST) / BINS
    return int(np.argmax(np.where(tops, cosines - _RELUCTANCE * far, -np.inf)))
