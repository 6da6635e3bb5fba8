"""Finds pairs whose input and target do not fit each other, by comparing outlines.

The set itself is the reference: a low score is reported only if most inputs fit their own target.
Neighbouring slices fit each other's targets nearly as well, so exchanged neighbours are not
detected; a false alarm would be worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.checks.outlines import likeness
from deepimagetranslator.core.data.facts import PairFacts

_FEWEST = 5
_CLEAR = 0.3  # minimum median of the best scores; below, outlines are not informative
_FAR = 0.15  # a significant difference of scores
_USUAL = 0.6  # minimum fraction of pairs that must fit
_ALL_WRONG = 0.9
_LEAST_SHIFT = 2  # in pixels of 64
_STILL = 0.7  # fraction of the usual score that a shifted target, partly cut off, must reach
_SAMPLE = 128
_TYPICAL = 256
_MOST_LOOKED_AT = 1024
_ROWS = 512


@dataclass(frozen=True)
class Fit:
    """The result of comparing outlines; pairs are given by index.

    Attributes:
        confirmed: whether the pairs as a whole belong together.
        shifts: by pair, the shift of its target (rows down, columns right), in pixels of the
            64 x 64 thumbnails.
        better: by pair, another pair whose target fits its input far better.
        exchange: for all pairs of ``better``, a different target each, if such an exchange exists.
    """

    confirmed: bool = False
    shifts: dict[int, tuple[int, int]] = field(default_factory=dict)
    better: dict[int, int] = field(default_factory=dict)
    exchange: dict[int, int] = field(default_factory=dict)


def fit_of(pairs: Sequence[PairFacts]) -> Fit:
    """Compare all inputs with all targets; fewer than five pairs give an empty result."""
    if len(pairs) < _FEWEST or all(f.pair.input == f.pair.target for f in pairs):
        return Fit()
    ours = likeness.outlines([facts.input.thumbnail for facts in pairs])
    theirs = likeness.outlines([facts.target.thumbnail for facts in pairs])
    own = likeness.own_scores(ours, theirs)
    # The reference comes from a sample of inputs. Only poorly fitting inputs are compared with all
    # targets.
    some = np.linspace(0, len(own) - 1, min(len(own), _TYPICAL)).astype(np.intp)
    best, _, usual_other = _best_partners(ours[some], theirs)
    reference = float(np.median(best))
    if reference < _CLEAR:
        return Fit()
    fitting = float((own[some] >= best - _FAR / 3).mean())
    confirmed = bool(fitting >= _USUAL and np.median(own) > usual_other + _FAR)
    shifts = _shifts(ours, theirs, own) if fitting >= _USUAL else {}
    low = np.flatnonzero((own < reference - _FAR) & ours.any(axis=(1, 2)))
    best, partner, _ = _best_partners(ours[low], theirs)
    wrong = (best - own[low] > _FAR) & (best > reference - _FAR)
    better = {int(low[i]): int(partner[i]) for i in np.flatnonzero(wrong)}
    if fitting < _USUAL and len(set(better.values())) < _ALL_WRONG * len(pairs):
        better = {}
    for i in [i for i in better if i in shifts]:
        _, tables = likeness.best_offsets(ours[[i, i]], theirs[[i, better[i]]])
        own_peak, other_peak = tables.max(axis=(1, 2))
        # It fits its own target after a shift nearly as well, so a shift is more likely.
        (better if own_peak > other_peak - _FAR else shifts).pop(i)
    return Fit(confirmed and not better, shifts, better, _exchange(better, ours, theirs, own))


def _best_partners(
    ours: likeness.Vectors, theirs: likeness.Vectors
) -> tuple[NDArray[np.float32], NDArray[np.intp], float]:
    """For each input the best score with any target and that target; and the median score."""
    if not len(ours):
        return np.zeros(0, np.float32), np.zeros(0, np.intp), 0.0
    best, partner, middle = [], [], []
    for start in range(0, len(ours), _ROWS):
        scores = likeness.scores_between(ours[start : start + _ROWS], theirs)
        best.append(scores.max(axis=1))
        partner.append(scores.argmax(axis=1))
        middle.append(float(np.median(scores[:, :: max(1, len(theirs) // _ROWS)])))
    return np.concatenate(best), np.concatenate(partner), float(np.median(middle))


def _shifts(
    ours: likeness.Vectors, theirs: likeness.Vectors, own: NDArray[np.float32]
) -> dict[int, tuple[int, int]]:
    """The pairs that fit poorly, but after a shift as well as the others do.

    With few outlines any target fits any input after some shift. So the score must be higher than
    that of all sampled pairs of unrelated images.
    """
    low = np.flatnonzero(own < np.median(own) - _FAR / 2)[:_MOST_LOOKED_AT]
    some = np.linspace(0, len(own) - 1, min(len(own), _SAMPLE)).astype(np.intp)
    if not low.size:
        return {}
    offsets, tables = likeness.best_offsets(ours[some], theirs[some])
    usual = np.rint(np.median(offsets, axis=0)).astype(int)
    row, column = usual + tables.shape[1] // 2
    typical = float(np.median(tables[:, row, column]))
    _, strangers = likeness.best_offsets(ours[some], theirs[np.roll(some, len(some) // 2)])
    chance = float(strangers.max(axis=(1, 2)).max())
    offsets, tables = likeness.best_offsets(ours[low], theirs[low])
    peaks, there = tables.max(axis=(1, 2)), tables[:, row, column]
    moved = offsets - usual
    odd = (
        (np.abs(moved).max(axis=1) >= _LEAST_SHIFT)
        & (peaks - there > _FAR * 2 / 3)
        & (there < 0.85 * peaks)
        & (peaks > max(_STILL * typical, min(chance + _FAR / 3, typical)))
    )
    return {int(low[i]): (int(moved[i, 0]), int(moved[i, 1])) for i in np.flatnonzero(odd)}


def _exchange(
    better: dict[int, int],
    ours: likeness.Vectors,
    theirs: likeness.Vectors,
    own: NDArray[np.float32],
) -> dict[int, int]:
    """The poorly fitting inputs with exchanged targets, if all of them fit far better then."""
    if not better:
        return {}
    numbers = list(better)
    scores = likeness.scores_between(ours[numbers], theirs[numbers])
    result: dict[int, int] = {}
    for _ in numbers:  # the highest score first
        row, column = np.unravel_index(int(scores.argmax()), scores.shape)
        i, j = numbers[row], numbers[column]
        if scores[row, column] - own[i] < _FAR:
            return {}
        result[i] = j
        scores[row], scores[:, column] = -2, -2
    return result
