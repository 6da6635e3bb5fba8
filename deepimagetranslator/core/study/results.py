"""The scores of a study's cells, over images, over persons and over repeats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.evaluation.summary import Spread
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.scores import (
    ALL,
    CellScores,
    Measures,
    primary,
)
from deepimagetranslator.core.study.status import tables_of
from deepimagetranslator.core.study.study_folder import StudyFolder

PRIMARY = "primary"
"""Channel and measure of the primary measure in the tables."""

Key = tuple[str, str]
"""A channel and a measure."""


@dataclass(frozen=True)
class Results:
    """What is done of a study.

    Attributes:
        plan: the plan.
        cells: the scores of each cell that is done, in the plan's order.
        optimistic: of each, those of the best weights by its tested images, if the plan asks.
        missing: names of the cells that are not done.
    """

    plan: Plan
    cells: Mapping[Cell, CellScores]
    optimistic: Mapping[Cell, CellScores]
    missing: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of training sets; (0,) if all images are taken."""
        return self.plan.sizes or (0,)

    def groups(self) -> list[tuple[str, int]]:
        """Each variation with each size, in the plan's order."""
        return [(v.name, size) for v in self.plan.variations for size in self.sizes]

    def of_persons(
        self, variation: str, size: int, *, optimistic: bool = False
    ) -> dict[str, dict[Key, float]]:
        """The measures of each person, averaged over the repeats in which they are defined.

        All images of a person count as one volume.
        """
        found = (
            (person, self._flat(measures))
            for scores in self._of(variation, size, optimistic)
            for person, measures in scores.of_persons().items()
        )
        return _averaged(found)

    def of_images(self, variation: str, size: int) -> dict[int, dict[Key, float]]:
        """The measures of each image by its number, averaged over repeats."""
        found = (
            (image.number, self._flat(measures))
            for scores in self._of(variation, size, False)
            for image, measures in scores.of_images()
        )
        return _averaged(found)

    def primary_of_persons(
        self, variation: str, size: int, *, optimistic: bool = False
    ) -> dict[str, float]:
        """The primary measure of each person for whom it is defined."""
        found = self.of_persons(variation, size, optimistic=optimistic)
        values = {person: own[PRIMARY, self.plan.measure] for person, own in found.items()}
        return {person: value for person, value in values.items() if math.isfinite(value)}

    def volumes(self, variation: str, size: int) -> dict[str, dict[str, tuple[float, float]]]:
        """By channel and person the pixels of target and translation, averaged over repeats."""
        sums: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for scores in self._of(variation, size, False):
            for place, channel in enumerate(scores.channels):
                own: dict[str, tuple[float, float]] = {}
                for image in scores.images:
                    t, p = own.get(image.person, (0.0, 0.0))
                    m = image.measurement
                    own[image.person] = (t + float(m.target[place]), p + float(m.predicted[place]))
                for person, pair in own.items():
                    sums.setdefault(channel, {}).setdefault(person, []).append(pair)
        return {
            channel: {
                person: (_mean(t for t, _ in pairs), _mean(p for _, p in pairs))
                for person, pairs in sorted(persons.items())
            }
            for channel, persons in sums.items()
        }

    def by_repeat(self, variation: str, size: int) -> dict[int, float]:
        """By repeat, the mean of the primary measure over its persons."""
        values: dict[int, list[float]] = {}
        for cell, scores in self.cells.items():
            if (cell.variation, cell.size) == (variation, size):
                own = (primary(m, self.plan.measure) for m in scores.of_persons().values())
                values.setdefault(cell.repeat, []).extend(own)
        return {repeat: Spread.of(own).mean for repeat, own in sorted(values.items())}

    def means_by_size(self, variation: str) -> dict[int, float]:
        """By size the mean of the primary measure over persons, of the sizes that have one."""
        found = {size: self.primary_of_persons(variation, size) for size in self.plan.sizes}
        return {size: Spread.of(own.values()).mean for size, own in found.items() if own}

    def done(self, variation: str, size: int) -> list[Cell]:
        """The cells of a variation and size that are done."""
        return [c for c in self.cells if (c.variation, c.size) == (variation, size)]

    def _of(self, variation: str, size: int, optimistic: bool) -> list[CellScores]:
        cells = self.optimistic if optimistic else self.cells
        return [s for cell, s in cells.items() if (cell.variation, cell.size) == (variation, size)]

    def _flat(self, measures: Measures) -> dict[Key, float]:
        flat = {(channel, m): v for channel, own in measures.items() for m, v in own.items()}
        return {(PRIMARY, self.plan.measure): primary(measures, self.plan.measure)} | flat


def results_of(plan: Plan, folder: StudyFolder) -> Results:
    """Read the scores of all cells that are done."""
    cells: dict[Cell, CellScores] = {}
    optimistic: dict[Cell, CellScores] = {}
    missing = []
    for cell in plan.cells():
        tables = tables_of(plan, cell, folder)
        if not tables:
            missing.append(cell.name)
            continue
        cells[cell] = tables[0]
        if plan.optimistic:
            optimistic[cell] = tables[1]
    return Results(plan, cells, optimistic, tuple(missing))


def keys_of(values: Mapping[object, Mapping[Key, float]]) -> list[Key]:
    """The channels and measures of persons or images, those of ``ALL`` last."""
    keys = dict.fromkeys(key for own in values.values() for key in own)
    return sorted(keys, key=lambda key: key[0] == ALL)


def _averaged(found: Iterable[tuple[Any, Mapping[Key, float]]]) -> dict[Any, dict[Key, float]]:
    lists: dict[Any, dict[Key, list[float]]] = {}
    for who, measures in found:
        own = lists.setdefault(who, {})
        for key, value in measures.items():
            own.setdefault(key, []).append(value)
    return {
        who: {key: Spread.of(values).mean for key, values in lists[who].items()}
        for who in sorted(lists)
    }


def _mean(values: Iterable[float]) -> float:
    return Spread.of(values).mean
