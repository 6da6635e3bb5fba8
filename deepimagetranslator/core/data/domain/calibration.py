"""Limits of deviations, from graded changes of validation images: where the output suffers.

For each image and each kind of change, the deviations of its grades from the weakest to the
strongest are compared with the damage that they do. Where the damage passes 1 (a Dice score lower
by 0.05) is that image's limit; the limit of a deviation is the median over the images and the
kinds of change that show themselves by it. A deviation that did no damage as far as it was tried
is allowed a little farther than that. No limit is so near that a change without damage would pass
it, nor other images as usual as those of the training: persons differ more than the images of one
person do.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.data.domain.reference import KINDS

Limits = Mapping[str, tuple[float, float]]
"""The lowest and the highest allowed deviation of each of ``KINDS``."""

SHOWN_BY: Mapping[str, Sequence[str]] = {
    "brightness": ("brighter", "darker"),
    "values": ("paler", "starker"),
    "noise": ("noise", "blur"),
    "sharpness": ("sharper", "blur"),
    "size": ("larger", "smaller", "higher", "wider", "flatter"),
    "content": ("larger", "smaller", "higher", "wider", "flatter", "turned"),
    "doubt": (),
}
"""The kinds of changes by which each deviation's limits are found."""
LEAST = {
    "brightness": 0.02,
    "values": 0.18,
    "noise": 1.0,
    "sharpness": 0.5,
    "size": 0.25,
    "content": 4.0,
    "doubt": 0.8,
}
"""No limit is nearer than this, and than ``_USUAL`` times the farthest training image."""
_USUAL = 2.0
_BEYOND_TRIED = 1.5


@dataclass(frozen=True)
class Trial:
    """One image after one change.

    Attributes:
        image: the number of the image.
        kind: the kind of change; empty if nothing was changed.
        grade: how much was changed.
        deviations: how it deviates from the training images.
        damage: how much the output suffers; 1 is the limit.
    """

    image: int
    kind: str
    grade: float
    deviations: Mapping[str, float]
    damage: float


def limits_of(trials: Sequence[Trial], usual: Iterable[Mapping[str, float]]) -> Limits:
    """The limits of each deviation.

    Args:
        trials: validation images, unchanged and after each change, weak grades first.
        usual: the deviations of the training images.
    """
    paths, harmless = _paths(trials), _harmless(trials)
    unchanged = [*usual, *(trial.deviations for trial in trials if not trial.kind)]
    found = {}
    for name in KINDS:
        own = [deviations[name] for deviations in unchanged]
        near = max(LEAST[name], _USUAL * max(map(abs, own), default=0.0))
        sides = []
        for side in (-1.0, 1.0):
            at = _limit([path for kind, path in paths if kind in SHOWN_BY[name]], name, side)
            shown = max((side * row[name] for row in harmless), default=0.0)
            sides.append(side * max(near, at, shown))
        found[name] = (sides[0], sides[1])
    return found


def scale_limits(trials: Sequence[Trial]) -> tuple[float, float]:
    """The factors, above 1, by which an image may be reduced and enlarged."""
    found = []
    for kind in ("smaller", "larger"):
        crossed, farthest = [], 1.0
        for name, path in _paths(trials):
            if name == kind:
                way = [abs(math.log(trial.grade or 1)) for trial in path]
                farthest = max(farthest, math.exp(max(way)))
                at = _crossing(way, [trial.damage for trial in path])
                crossed += [] if at is None else [math.exp(at)]
        found.append(float(np.median(crossed)) if crossed else farthest)
    return found[0], found[1]


def _paths(trials: Sequence[Trial]) -> list[tuple[str, list[Trial]]]:
    """Each image's way through each kind of change, beginning unchanged."""
    begins = {trial.image: trial for trial in trials if not trial.kind}
    paths: dict[tuple[str, int], list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.kind:
            paths[trial.kind, trial.image].append(trial)
    return [(kind, [begins[image], *path]) for (kind, image), path in paths.items()]


def _harmless(trials: Sequence[Trial]) -> list[Mapping[str, float]]:
    """The median deviations of each grade of a change that does no damage to most images."""
    grades: dict[tuple[str, float], list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.kind:
            grades[trial.kind, trial.grade].append(trial)
    return [
        {name: float(np.median([trial.deviations[name] for trial in group])) for name in KINDS}
        for group in grades.values()
        if np.median([trial.damage for trial in group]) < 1
    ]


def _limit(paths: Sequence[Sequence[Trial]], name: str, side: float) -> float:
    """The median of the limits on one side, as a distance from 0; 0 if nothing tells."""
    ways = [[max(0.0, side * trial.deviations[name]) for trial in path] for path in paths]
    farthest = max((max(way) for way in ways), default=0.0)
    crossed = [
        at
        for path, way in zip(paths, ways, strict=True)
        if way[-1] > way[0] and (at := _crossing(way, [trial.damage for trial in path])) is not None
    ]
    return float(np.median(crossed)) if crossed else _BEYOND_TRIED * farthest


def _crossing(way: Sequence[float], damage: Sequence[float]) -> float | None:
    """The deviation at which the damage passes 1, interpolated; None if it never does."""
    for before, after in zip(range(len(way)), range(1, len(way)), strict=False):
        if damage[after] >= 1:
            part = (1 - damage[before]) / max(damage[after] - damage[before], 1e-9)
            return way[before] + float(np.clip(part, 0, 1)) * (way[after] - way[before])
    return None
