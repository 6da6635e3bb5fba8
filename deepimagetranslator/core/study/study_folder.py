"""The folder of a study: its plan, the projects of its variations, its cells, its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.study.plan import Cell


@dataclass(frozen=True)
class CellFolder:
    """The folder of a cell: an ordinary run, and what its evaluation found."""

    path: Path

    @property
    def run(self) -> RunFolder:
        """The training."""
        return RunFolder(self.path)

    @property
    def scores(self) -> Path:
        """The evaluation of the tested images; written when it is complete."""
        return self.path / "study-scores.csv"

    @property
    def optimistic_scores(self) -> Path:
        """The same of the best weights by the tested images, as in 2021."""
        return self.path / "study-scores-optimistic.csv"

    @property
    def failure(self) -> Path:
        """Why the last attempt failed, as a sentence; not there if it did not."""
        return self.path / "study-failure.txt"


@dataclass(frozen=True)
class StudyFolder:
    """A study's folder; the files need not exist yet."""

    path: Path

    @property
    def plan(self) -> Path:
        """The plan."""
        return self.path / "plan.json"

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    def project(self, variation: str) -> Path:
        """The project file of a variation, with all pairs."""
        return self.path / "variations" / f"{variation}.json"

    @property
    def cells(self) -> Path:
        """The folder of all cells."""
        return self.path / "cells"

    def cell(self, cell: Cell) -> CellFolder:
        """The folder of a cell."""
        return CellFolder(self.cells / cell.name)

    def record(self, cell: Cell) -> Path:
        """What the check of the images of this fold, repeat and size found; of all variations."""
        name = cell.name.removeprefix(cell.variation) or "_all"
        return self.path / "checked" / f"images{name}.facts"
