"""The input of all findings, and helpers to make problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.config.specs import ModelSpec, Specs
from deepimagetranslator.core.data.facts import FileFacts, PairFacts
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import NO_PAIRING, Pairing
from deepimagetranslator.core.data.statistics import DatasetStatistics
from deepimagetranslator.core.errors import Problem, Remedy, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef


@dataclass(frozen=True)
class CheckContext:
    """A project, the statistics of its files, and the settings derived from them.

    Attributes:
        specs: the project's specs.
        train, val: statistics of the training and the validation files.
        pairings: how the training and the validation files were matched.
        palette: the training set's label colours; None if there are none, or after an error.
        model: with all sizes decided; None after an error that prevents it.
        input_scaling, target_scaling: intensity normalization from the training set; None after an
            error.
        folder: the folder of future runs; None if the project has no file yet.
    """

    specs: Specs
    train: DatasetStatistics
    val: DatasetStatistics
    pairings: tuple[Pairing, Pairing] = (NO_PAIRING, NO_PAIRING)
    palette: Palette | None = None
    model: ModelSpec | None = None
    input_scaling: IntensityNormalization | None = None
    target_scaling: IntensityNormalization | None = None
    folder: Path | None = None

    @property
    def readable(self) -> list[PairFacts]:
        """The readable pairs of both parts, training first."""
        return [*self.train.readable, *self.val.readable]

    def images(self, side: str) -> Iterator[tuple[ImageRef, FileFacts]]:
        """The readable images of a side, "input" or "target", of both parts."""
        for facts in self.readable:
            yield getattr(facts.pair, side), getattr(facts, side)


def target_volumes(pairs: Sequence[PairFacts]) -> list[list[int]]:
    """The numbers of the pairs whose targets are slices of one file, a list for each file."""
    slices: defaultdict[Path, list[int]] = defaultdict(list)
    for number, facts in enumerate(pairs):
        if facts.pair.target.slice is not None:
            slices[facts.pair.target.file].append(number)
    return list(slices.values())


def finding(
    kind: str,
    message: str,
    files: Sequence[ImageRef] = (),
    *,
    fatal: bool = False,
    repair: Repair | None = None,
    subject: str = "",
    persons: Sequence[str] = (),
    remedy: Remedy | None = None,
    others: Sequence[Repair] = (),
) -> Problem:
    """A ``Problem`` about the first of its files unless a subject is named."""
    names = tuple(map(str, files))
    subject = subject or (names[0] if names else kind)
    return Problem(
        subject, message, fatal, kind, names, repair, tuple(persons), remedy, tuple(others)
    )


def leave_out(files: Sequence[ImageRef]) -> Repair | None:
    """The repair that takes these files' pairs out of the project."""
    names = tuple(map(str, files))
    label = "Leave out this pair" if len(names) == 1 else f"Leave out these {len(names)} pairs"
    return Repair(label, names) if names else None


def named(files: Sequence[ImageRef], most: int = 2) -> str:
    """The first files' names and how many more there are: "a.png, b.png and 3 more"."""
    names = [file.shown_name for file in files[:most]]
    if len(files) <= most:
        return " and ".join(names)
    return f"{', '.join(names)} and {len(files) - most} more"


def phrase(files: Sequence[ImageRef], noun: str, one: str = "", several: str = "") -> str:
    """Files with a verb: "1 image (a.png) is", "3 images (a.png, b.png and 1 more) are"."""
    count, verb = (noun, one) if len(files) == 1 else (f"{noun}s", several)
    return f"{len(files)} {count} ({named(files)}) {verb}".strip()
