"""Finds the label colours of label maps that smoothing or JPEG has blurred.

Inside a region a blurred label map still has one exact colour; new colours occur near it, or at
edges as mixtures of two. A photograph or a scan has no exact colours: its values vary everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import MAX_COLOURS, Colour, colour_of
from deepimagetranslator.core.typing import Array

Counted = tuple[NDArray[Any], NDArray[np.float32]]
"""Distinct keys, and the approximate number of pixels of each."""

_SIDE = 128  # maximum number of sampled rows and columns of an image
_BINS_PER_IMAGE, _FLATS_PER_IMAGE = 384, 24
_MOST_WAITING = 65_536
_MOST_FLATS = 4096
_APART = 24  # two label colours differ by more than this in some channel
_NEAR = 40  # the usual largest change of a colour by blur and JPEG
_ROUNDING = 3  # the largest change of a flat region by JPEG's rounding
_SMALLEST_CLASS = 2e-4  # of all pixels
# Minimum fractions of pixels:
_SOLID_CLASS = 0.015  # with the exact colour in flat squares, of those near a label colour
_SOLID_MIXTURE = 0.15  # the same for a colour that is a mixture of two others
_NEARBY = 0.85  # near a label colour, of all
_EXPLAINED = 0.92  # near a label colour or between two of them, of all
_SOLID = 0.3  # with an exact colour, of those near all label colours but the most frequent
_HARDLY_SOLID, _CLEARLY_NEARBY = 0.1, 0.985  # for coloured maps or thin lines without flat areas


@dataclass
class Sketch:
    """A coarse colour histogram of 8-bit images, and their exact colours in flat regions.

    Attributes:
        elsewhere: number of pixels whose colours were too rare in their image to be kept.
    """

    elsewhere: float = 0.0
    _bins: list[Counted] = field(default_factory=list)
    _flats: list[Counted] = field(default_factory=list)

    def add_image(self, packed: Array, flat: NDArray[np.bool_], grey: bool) -> None:
        """Add an image: the result of ``palette.pack``, and which pixels equal their neighbours."""
        rows, columns = (-(-side // _SIDE) for side in packed.shape)
        sample = packed[::rows, ::columns].astype(np.uint32)
        if grey:
            sample *= np.uint32(0x010101)
        each = packed.size / sample.size
        counts = np.bincount(_bin_of(sample).ravel())
        keys = np.flatnonzero(counts)
        if len(keys) > _BINS_PER_IMAGE:
            keys = keys[np.argsort(counts[keys])[-_BINS_PER_IMAGE:]]
        self._bins.append((keys.astype(np.uint16), (counts[keys] * each).astype(np.float32)))
        self.elsewhere += packed.size - float(counts[keys].sum()) * each
        flats, often = np.unique(sample[flat[::rows, ::columns]], return_counts=True)
        chosen = np.argsort(often)[-_FLATS_PER_IMAGE:]
        self._flats.append((flats[chosen], (often[chosen] * each).astype(np.float32)))

    def add_counts(self, pixels: Mapping[Colour, int], flat: Mapping[Colour, int]) -> None:
        """Add images of few colours that were counted exactly."""
        if not pixels:
            return
        triples = np.array([colour_of(colour, 3) for colour in pixels], np.uint32)
        packed = triples[:, 0] << 16 | triples[:, 1] << 8 | triples[:, 2]
        counts = np.array(list(pixels.values()), np.float32)
        self._bins.append((_bin_of(packed).astype(np.uint16), counts))
        solid = np.array([flat.get(colour, 0) for colour in pixels], np.float32)
        self._flats.append((packed[solid > 0], solid[solid > 0]))

    def tables(self) -> tuple[Counted, Counted]:
        """The coarse histogram and the exact colours in flat regions; the arguments of ``of``."""
        return _joined(self._bins), _joined(self._flats)

    @classmethod
    def of(cls, elsewhere: float, bins: Counted, flats: Counted) -> Sketch:
        """The inverse of ``tables``."""
        return cls(elsewhere, [bins], [flats]) if len(bins[0]) else cls(elsewhere)

    def merge(self, other: Sketch) -> None:
        """Add the colours of another sketch."""
        self.elsewhere += other.elsewhere
        self._bins += other._bins
        self._flats += other._flats
        if sum(len(keys) for keys, _ in self._bins) > _MOST_WAITING:
            self._bins = [_joined(self._bins)]
            keys, counts = _joined(self._flats)
            chosen = np.argsort(counts)[-_MOST_FLATS:]
            self._flats = [(keys[chosen], counts[chosen])]

    def pixels_near(self, colours: Sequence[Colour]) -> list[float]:
        """The approximate number of pixels nearest to each of these colours (1 or 3 values)."""
        if not (self._bins and colours):
            return [0.0] * len(colours)
        keys, counts = _joined(self._bins)
        seeds = np.array([colour_of(colour, 3) for colour in colours], float)
        nearest = _distances(_shades(keys), seeds).argmin(1)
        return [float(near) for near in np.bincount(nearest, counts, len(colours))]

    def label_colours(self) -> tuple[Colour, ...]:
        """The label colours, sorted RGB triples, if these are blurred label maps; else ()."""
        if not self._bins:
            return ()
        keys, counts = _joined(self._bins)
        flats, flat_counts = _joined(self._flats)
        total = float(counts.sum()) + self.elsewhere
        exact = _unpacked(flats)
        seeds = _seeds(exact, flat_counts, total * _SMALLEST_CLASS)
        shades = _shades(keys)
        seeds, solid, near = _solid_ones(seeds, exact, flat_counts, shades, counts)
        nearby = float(near.sum()) / total
        if len(seeds) < 2 or nearby < _NEARBY:
            return ()
        # Between black and white every grey is a mixture; a colour is rarely one by chance.
        coloured = bool((np.ptp(seeds, axis=1) > _APART).any())
        least = _HARDLY_SOLID if coloured or nearby > _CLEARLY_NEARBY else _SOLID
        if solid[1:].sum() < least * near[1:].sum():
            return ()
        far = _distances(shades, seeds).min(1) > _NEAR
        between = _mixtures(shades[far], seeds)
        unexplained = float(counts[far][~between].sum()) + self.elsewhere
        if unexplained > (1 - _EXPLAINED) * total:
            return ()
        return _pure(seeds)


def _seeds(exact: NDArray[Any], counts: NDArray[Any], fewest: float) -> NDArray[Any]:
    """The most frequent exact colours, (n, 3), that differ enough from more frequent ones."""
    seeds: list[NDArray[Any]] = []
    for place in np.argsort(-counts, kind="stable"):
        if counts[place] < fewest or len(seeds) > 2 * MAX_COLOURS:
            break
        if all(np.abs(exact[place] - seed).max() > _APART for seed in seeds):
            seeds.append(exact[place])
    return np.array(seeds, float).reshape(-1, 3)


def _solid_ones(
    seeds: NDArray[Any],
    exact: NDArray[Any],
    exact_counts: NDArray[Any],
    shades: NDArray[Any],
    counts: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The seeds that fill regions; for each its exact pixels in flat squares and all near it."""
    while True:
        if not len(seeds):
            return seeds, np.zeros(0), np.zeros(0)
        solid, near = (
            np.bincount(
                distances.argmin(1)[distances.min(1) <= reach],
                weights[distances.min(1) <= reach],
                len(seeds),
            )
            for distances, weights, reach in (
                (_distances(exact, seeds), exact_counts, _ROUNDING),
                (_distances(shades, seeds), counts, _NEAR),
            )
        )
        for number in range(len(seeds) - 1, -1, -1):
            others = np.delete(seeds, number, 0)
            mixture = len(others) > 1 and _mixtures(seeds[number][None], others)[0]
            if solid[number] < (_SOLID_MIXTURE if mixture else _SOLID_CLASS) * near[number]:
                seeds = others
                break
        else:
            return seeds, solid, near


def _distances(colours: NDArray[Any], seeds: NDArray[Any]) -> NDArray[Any]:
    """The largest absolute difference of a channel, (colours, seeds)."""
    result: NDArray[Any] = np.abs(colours[:, None] - seeds[None]).max(2)
    return result


def _mixtures(colours: NDArray[Any], seeds: NDArray[Any]) -> NDArray[np.bool_]:
    """Which colours are near the line between two seeds."""
    found = np.zeros(len(colours), np.bool_)
    for one, other in combinations(seeds, 2):
        way = other - one
        part = np.clip((colours - one) @ way / (way @ way), 0, 1)
        found |= np.abs(one + part[:, None] * way - colours).max(1) <= _NEAR
    return found


def _pure(seeds: NDArray[Any]) -> tuple[Colour, ...]:
    """The sorted colours, with values near 0 or 255 set to these, to undo JPEG's rounding."""
    moved = np.where(seeds <= _ROUNDING, 0, np.where(seeds >= 255 - _ROUNDING, 255, seeds))
    return tuple(sorted(tuple(int(value) for value in colour) for colour in moved))


def _bin_of(packed: NDArray[Any]) -> NDArray[Any]:
    """The bin of a packed colour: five bits a channel."""
    bins: NDArray[Any] = packed >> 9 & 0x7C00 | packed >> 6 & 0x3E0 | packed >> 3 & 0x1F
    return bins


def _shades(bins: NDArray[Any]) -> NDArray[Any]:
    """The centre colours of bins, (n, 3)."""
    shades: NDArray[Any] = np.stack([bins >> 10 & 31, bins >> 5 & 31, bins & 31], 1) * 8.0 + 3.5
    return shades


def _unpacked(packed: NDArray[np.uint32]) -> NDArray[Any]:
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], 1).astype(float)


def _joined(parts: Sequence[Counted]) -> Counted:
    if not parts:
        return np.empty(0), np.empty(0, np.float32)
    keys, place = np.unique(np.concatenate([keys for keys, _ in parts]), return_inverse=True)
    counts = np.bincount(place, np.concatenate([counts for _, counts in parts]))
    return keys, counts.astype(np.float32)
