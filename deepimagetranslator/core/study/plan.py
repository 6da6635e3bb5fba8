"""The plan of a study: what is trained on whom, what is measured, and which comparisons matter.

It is decided before the first training and written to a file, which no training changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deepimagetranslator.core.config.chosen import with_values
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.pair_lists import matched, with_pairs
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.folds import Folds, images_of, inner_persons, nested
from deepimagetranslator.core.study.variations import Variation

DICE, PSNR = "dice", "psnr"
MEASURES = (DICE, PSNR)
LAST, INNER = "last", "inner"
MOST_CELLS, MOST_THREADS = 10_000, 1024
"""Larger studies are a mistake, or a damaged file."""
TRAINED_ON = " (trained on)"
"""Ends the name under which the training images of a tested person are kept in a fixed split."""


@dataclass(frozen=True)
class Cell:
    """One training and its evaluation.

    Attributes:
        name: also its folder's; unique and stable in its plan.
        variation: the name of its variation.
        repeat, fold: from 1.
        size: the number of training images; 0 for all.
    """

    name: str
    variation: str
    repeat: int
    fold: int
    size: int = 0


@dataclass(frozen=True)
class Images:
    """The images of a cell, by their numbers in the project: training, then validation pairs.

    Attributes:
        train: those to learn from.
        watched: those whose loss is computed after each epoch.
        tested: those of the persons who were left out.
    """

    train: tuple[int, ...]
    watched: tuple[int, ...]
    tested: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A study, decided.

    Attributes:
        variations: at least one.
        persons: by name, the numbers of a person's images: the pairs of the project, training
            before validation, from 0. A DICOM patient is "person 1".
        folds: for each repeat its folds. With ``fixed`` the one fold of those who are tested.
        fixed: the project's own validation images are tested, all others trained on.
        seed: of the first repeat; each further one has the next.
        sizes: numbers of training images, ascending; empty to take all.
        measure: the primary measure: "dice" (mean over the classes) or "psnr".
        comparisons: pairs of variations that matter, compared as first minus second; all others
            are only described.
        weights: the weights that are scored: "last", after a length that was fixed before; or
            "inner", the best by some of the training persons, who are not tested.
        optimistic: score also the best weights by the tested images, as in 2021.
        threads: threads of each training's computations, so that it repeats; 0 for all cores.
    """

    variations: tuple[Variation, ...]
    persons: Mapping[str, tuple[int, ...]]
    folds: tuple[Folds, ...]
    fixed: bool = False
    seed: int = 1
    sizes: tuple[int, ...] = ()
    measure: str = DICE
    comparisons: tuple[tuple[str, str], ...] = ()
    weights: str = LAST
    optimistic: bool = False
    threads: int = 0

    @property
    def repeats(self) -> int:
        """How often everything is repeated with other seeds."""
        return len(self.folds)

    @property
    def cell_count(self) -> int:
        """The number of trainings."""
        folds = sum(map(len, self.folds))
        return folds * max(1, len(self.sizes)) * len(self.variations)

    @property
    def known_in_training(self) -> tuple[str, ...]:
        """Tested persons, or specimens, other images of whom were trained on (fixed splits)."""
        return tuple(name for name in self.persons if name + TRAINED_ON in self.persons)

    def cells(self) -> Iterator[Cell]:
        """All cells in the order in which they run: comparable ones one after another."""
        for repeat, folds in enumerate(self.folds, 1):
            for fold in range(1, len(folds) + 1):
                for size in self.sizes or (0,):
                    for variation in self.variations:
                        yield self._cell(variation.name, repeat, fold, size)

    def cell(self, name: str) -> Cell:
        """The cell of that name.

        Raises:
            UserError: there is none.
        """
        for cell in self.cells():
            if cell.name == name:
                return cell
        raise UserError(f"The study has no cell '{name}'; its status lists all.")

    def images(self, cell: Cell) -> Images:
        """The images of a cell.

        Raises:
            UserError: a size is larger than the training set.
        """
        tested = self.folds[cell.repeat - 1][cell.fold - 1]
        learnt = [person for person in self.persons if person not in tested]
        seed = self.seed_of(cell)
        watched: Sequence[str] = tested
        if self.weights == INNER:
            watched = inner_persons(learnt, seed, cell.fold)
            learnt = [person for person in learnt if person not in watched]
        train = nested(images_of(self.persons, learnt), cell.size, seed, cell.fold)
        return Images(train, images_of(self.persons, watched), images_of(self.persons, tested))

    def seed_of(self, cell: Cell) -> int:
        """The seed of a cell's repeat."""
        return self.seed + cell.repeat - 1

    def person_of(self) -> dict[int, str]:
        """By image, its person."""
        return {image: person for person, images in self.persons.items() for image in images}

    def _cell(self, variation: str, repeat: int, fold: int, size: int) -> Cell:
        parts = [variation]
        if len(self.folds[0]) > 1:
            parts.append(f"fold-{fold}")
        if self.sizes:
            parts.append(f"size-{size}")
        if self.repeats > 1:
            parts.append(f"repeat-{repeat}")
        return Cell("_".join(parts), variation, repeat, fold, size)


def project_of_cell(plan: Plan, cell: Cell, varied: Project) -> Project:
    """The project that a cell trains.

    It does not find out which images the network suits: that takes time, has no part in the scores,
    and would be found with the tested images.

    Args:
        plan: the plan.
        cell: one of its cells.
        varied: the project of its variation, with all pairs.

    Raises:
        UserError: the project's images are not those of the plan.
    """
    pairs = all_pairs(varied)
    known = sum(map(len, plan.persons.values()))
    if len(pairs) != known:
        raise UserError(
            f"The project of {cell.variation} has {len(pairs)} pairs, the plan {known}; restore "
            "the file, or make a new study."
        )
    images = plan.images(cell)
    train, watched = ([pairs[i] for i in part] for part in (images.train, images.watched))
    data = with_pairs(varied.specs.data, train, watched)
    seed = varied.specs.training.seed + cell.repeat - 1
    values: list[tuple[str, Any]] = [
        ("training.seed", seed),
        ("training.recognize_unlike", False),
    ]
    if plan.weights == LAST:
        values.append(("training.early_stopping", 0))
    specs = with_values(replace(varied.specs, data=data), values)
    return replace(varied, specs=specs, run={}, runs=())


def all_pairs(project: Project) -> list[Any]:
    """The project's pairs, those for training first."""
    return [*matched(project.specs.data, "train"), *matched(project.specs.data, "val")]
