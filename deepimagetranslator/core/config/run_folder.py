"""The folder of one training run: which files it holds, and its history."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.atomic_write import atomic_write

_IMPROVEMENT = re.compile(r"weights-improvement-(\d+)-(-?\d+\.\d+|nan|inf)\.weights\.h5")


@dataclass(frozen=True)
class Improvement:
    """A weights-improvement file: the epoch (from 1) and its value, lower being better."""

    path: Path
    epoch: int
    value: float


@dataclass(frozen=True)
class RunFolder:
    """A run's folder; the files need not exist yet."""

    path: Path

    @property
    def project(self) -> Path:
        """Everything needed to repeat the run."""
        return self.path / "project.json"

    @property
    def history(self) -> Path:
        """A line an epoch."""
        return self.path / "history.csv"

    @property
    def best(self) -> Path:
        """The weights with the best value so far."""
        return self.path / "best.weights.h5"

    @property
    def last(self) -> Path:
        """Weights, optimizer and state after the last whole epoch, to resume from."""
        return self.path / "last.weights.h5"

    @property
    def log(self) -> Path:
        """What was done when, in sentences; nothing personal."""
        return self.path / "log.txt"

    def improvement(self, epoch: int, value: float) -> Path:
        """The name of the weights file of an epoch that was the best so far."""
        return self.path / f"weights-improvement-{epoch:02d}-{value:.4f}.weights.h5"

    def preview(self, epoch: int) -> Path:
        """A small picture of a validation image as predicted after an epoch."""
        return self.path / "previews" / f"epoch-{epoch:04d}.png"

    def improvements(self) -> list[Improvement]:
        """The weights-improvement files there are, by epoch."""
        found = []
        for path in self.path.glob("weights-improvement-*.weights.h5"):
            match = _IMPROVEMENT.fullmatch(path.name)
            if match:
                found.append(Improvement(path, int(match[1]), float(match[2])))
        return sorted(found, key=lambda improvement: improvement.epoch)

    def keep_improvements(self, count: int) -> None:
        """Delete all but the last ``count`` improvements, which are the best; 0 keeps all."""
        if count:
            for improvement in self.improvements()[:-count]:
                improvement.path.unlink(missing_ok=True)

    def drop_improvements_after(self, epoch: int) -> None:
        """Delete improvements of later epochs: a resumed run makes them again."""
        for improvement in self.improvements():
            if improvement.epoch > epoch:
                improvement.path.unlink(missing_ok=True)

    def read_history(self) -> list[dict[str, float]]:
        """The lines of history.csv; an empty cell is nan."""
        if not self.history.exists():
            return []
        rows = []
        with self.history.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    cells = row.items()
                    rows.append({name: float(text) if text else math.nan for name, text in cells})
                except (ValueError, TypeError):  # a line that was being written as power failed
                    break
        return rows

    def cut_history(self, epoch: int) -> None:
        """Drop the lines after ``epoch``."""
        rows = [row for row in self.read_history() if row["epoch"] <= epoch]
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(_cells(row) for row in rows)
        with atomic_write(self.history) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")

    def append_history(self, row: Mapping[str, float]) -> None:
        """Add a line and flush it; the first line also writes the names of the columns.

        Raises:
            UserError: it cannot be written.
        """
        new = not self.history.exists() or self.history.stat().st_size == 0
        try:
            with self.history.open("a", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerow(_cells(row))
        except OSError as error:
            message = f"{self.history} cannot be written ({error.strerror}); free some space."
            raise UserError(message) from error


def runs_folder(project: Path) -> Path:
    """Where the runs of a project file lie, beside it."""
    return project.with_name(f"{project.stem}-runs")


def new_run_dir(folder: Path) -> Path:
    """A run's folder below ``folder``, named by the time, so that their order is that of time."""
    return folder / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def _cells(row: Mapping[str, float]) -> dict[str, str]:
    """Numbers as text that reads back the same; epochs as whole numbers, nan as nothing."""
    return {
        name: ""
        if math.isnan(value)
        else str(int(value))
        if name == "epoch"
        else repr(float(value))
        for name, value in row.items()
    }
