"""What the simulation compares, and in which order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "accuracy"))

from sets import CACHE, MEMBRANES, SIZE, TISSUE, ImageSet, all_sets

from deepimagetranslator.core.labelling.loop.next_image import DISAGREEMENT, RANDOM, THUMBNAILS

STRATEGIES = (RANDOM, THUMBNAILS, DISAGREEMENT)
SEEDS = (1, 2, 3, 4, 5)
STEPS = 200
ROUNDS, SCRATCH, ALL = "rounds", "scratch", "all"
"""Kinds of a task: all rounds of a strategy; its last round's images from scratch; all images."""
QUICK_SIZE, QUICK_STEPS, QUICK_COUNTS = 64, 2, (1, 3)


@dataclass(frozen=True)
class SimulatedSet:
    """A set of images with its rounds.

    Attributes:
        name: "ct" or "em".
        of_protocol: the set of the accuracy protocol whose training pairs are the pool.
        labels: the project's classes, the background first.
        counts: the number of labelled images in each round.
        score: the name of the mean Dice over classes in ``scores.MEASURES``.
    """

    name: str
    of_protocol: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    score: str

    def images(self, size: int = SIZE) -> ImageSet:
        """Pool and test images of a size."""
        return next(one for one in all_sets(size) if one.name.startswith(self.of_protocol))

    def rounds(self, quick: bool) -> tuple[int, ...]:
        """The number of labelled images in each round."""
        return QUICK_COUNTS if quick else self.counts


CT = SimulatedSet(
    "ct",
    f"{TISSUE} lungdx_a0001",
    ("0,0,0=background", "255,0,0=subcutaneous", "0,255,0=visceral", "0,0,255=lean"),
    tuple(range(1, 18, 2)),
    "dice",
)
EM = SimulatedSet("em", MEMBRANES, ("0=membrane", "255=cell"), tuple(range(1, 14, 2)), "both")
SETS = {one.name: one for one in (CT, EM)}


@dataclass(frozen=True)
class Task:
    """What one process does.

    Attributes:
        set: a name in ``SETS``.
        kind: one of ``ROUNDS``, ``SCRATCH``, ``ALL``.
        strategy: one of ``STRATEGIES``; empty for ``ALL``.
        seed: of the choice and of the trainings.
        quick: only try whether it works.
    """

    set: str
    kind: str
    strategy: str
    seed: int
    quick: bool = False

    @property
    def start(self) -> str:
        """The word for its trainings in the results; the first round of all is from scratch too."""
        return "continued" if self.kind == ROUNDS else self.kind

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of labelled images in each round."""
        return SETS[self.set].rounds(self.quick)

    @property
    def total_steps(self) -> int:
        """The steps of all rounds."""
        return len(self.counts) * (QUICK_STEPS if self.quick else STEPS)

    def expected(self) -> tuple[int, ...]:
        """The rounds, from 1, for each of which there is to be a row."""
        last = len(self.counts)
        return tuple(range(1, last + 1)) if self.kind == ROUNDS else (last,)

    def folder(self) -> Path:
        """Where its weights lie while it is not finished; they stay on this machine."""
        part = "labelling-quick" if self.quick else "labelling"
        return CACHE / part / f"{self.set}-{self.strategy or ALL}-{self.kind}-{self.seed}"


def tasks(
    sets: Sequence[str], strategies: Sequence[str], seeds: Sequence[int], quick: bool
) -> Iterator[Task]:
    """All tasks, so that what was done by a certain time can be compared: a strategy with all seeds
    on all sets, then what it is measured by, then the other strategies."""

    def of(kind: str, strategy: str) -> Iterator[Task]:
        for seed in seeds:
            for name in sets:
                yield Task(name, kind, strategy, seed, quick)

    first, *others = strategies
    yield from of(ROUNDS, first)
    yield from of(ALL, "")
    yield from of(SCRATCH, first)
    for strategy in others:
        yield from of(ROUNDS, strategy)
    for strategy in others:
        yield from of(SCRATCH, strategy)
