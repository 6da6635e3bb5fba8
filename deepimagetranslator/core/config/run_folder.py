"""The folder of one training run: its files and its history."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.system_path import exists, is_folder

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d)\S* [A-Z]+ (.*)")
_MOST_LOG_BYTES = 2**20
_PREVIEW = re.compile(r"epoch-(\d+)\.png")
_IMPROVEMENT = re.compile(r"weights-improvement-(\d+)-(-?\d+\.\d+|nan|inf)\.weights\.h5")


@dataclass(frozen=True)
class Improvement:
    """A checkpoint file of an epoch that was the best so far.

    Attributes:
        path: the weights-improvement file.
        epoch: the epoch, from 1.
        value: the monitored metric, lower is better.
    """

    path: Path
    epoch: int
    value: float


@dataclass(frozen=True)
class RunFolder:
    """A run's folder; the files need not exist yet."""

    path: Path

    @property
    def project(self) -> Path:
        """The project file with everything needed to repeat the run."""
        return self.path / "project.json"

    @property
    def history(self) -> Path:
        """The history: loss and metrics, one row per epoch."""
        return self.path / "history.csv"

    @property
    def best(self) -> Path:
        """The best checkpoint: the weights with the lowest monitored metric so far."""
        return self.path / "best.weights.h5"

    @property
    def last(self) -> Path:
        """Weights, optimizer and training state after the last complete epoch, to resume from."""
        return self.path / "last.weights.h5"

    @property
    def log(self) -> Path:
        """The log; it holds no names of persons or files."""
        return self.path / "log.txt"

    def improvement(self, epoch: int, value: float) -> Path:
        """The path of the checkpoint of an epoch that was the best so far."""
        return self.path / f"weights-improvement-{epoch:02d}-{value:.4f}.weights.h5"

    def preview(self, epoch: int) -> Path:
        """The path of a small picture of one validation image, predicted after this epoch."""
        return self.path / "previews" / f"epoch-{epoch:04d}.png"

    def previews(self) -> list[tuple[int, Path]]:
        """The existing pictures of ``preview`` with their epochs, ordered by epoch."""
        names = ((path, _PREVIEW.fullmatch(path.name)) for path in self.preview(0).parent.glob("*"))
        return sorted((int(match[1]), path) for path, match in names if match)

    def improvements(self) -> list[Improvement]:
        """The existing weights-improvement files, ordered by epoch."""
        found = []
        for path in self.path.glob("weights-improvement-*.weights.h5"):
            match = _IMPROVEMENT.fullmatch(path.name)
            if match:
                found.append(Improvement(path, int(match[1]), float(match[2])))
        return sorted(found, key=lambda improvement: improvement.epoch)

    def keep_improvements(self, count: int) -> None:
        """Delete all but the last ``count`` weights-improvement files; 0 keeps all."""
        if count:
            for improvement in self.improvements()[:-count]:
                improvement.path.unlink(missing_ok=True)

    def drop_improvements_after(self, epoch: int) -> None:
        """Delete weights-improvement files of later epochs; a resumed run writes them again."""
        for improvement in self.improvements():
            if improvement.epoch > epoch:
                improvement.path.unlink(missing_ok=True)

    def read_history(self) -> list[dict[str, float]]:
        """The rows of history.csv; an empty cell becomes nan."""
        if not self.history.exists():
            return []
        rows = []
        with self.history.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    cells = row.items()
                    rows.append({name: float(text) if text else math.nan for name, text in cells})
                except (ValueError, TypeError):  # a row that was only partly written
                    break
        return rows

    def read_log(self) -> list[tuple[str, str]]:
        """The sentences at the end of log.txt with their time of day; empty without a log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _MOST_LOG_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [(m[1], m[2]) for line in text.splitlines() if (m := _LOG_LINE.fullmatch(line))]

    def cut_history(self, epoch: int) -> None:
        """Delete the rows of later epochs than ``epoch``."""
        rows = [row for row in self.read_history() if row["epoch"] <= epoch]
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(_cells(row) for row in rows)
        with atomic_write(self.history) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8")

    def append_history(self, row: Mapping[str, float]) -> None:
        """Append a row; the first one also writes the header.

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
    """The folder with the runs of a project file, beside it."""
    return project.with_name(f"{project.stem}-runs")


def runs_of(project: Path | None, elsewhere: Iterable[Path] = ()) -> list[Path]:
    """The existing folders of a project's runs, oldest first.

    Args:
        project: the project file; None for a project that was never saved.
        elsewhere: folders of runs that do not lie beside the file, as ``Project.runs`` lists them.
    """
    beside = [] if project is None else runs_folder(project.absolute()).glob("*")
    found = {run for run in (*beside, *elsewhere) if is_folder(run) and run.name[0] != "."}
    return sorted(found, key=lambda run: (run.name, run))


def last_resumable(runs: Iterable[Path]) -> Path | None:
    """The last of these runs that has completed an epoch, so that it can be resumed."""
    return next((r for r in reversed([*runs]) if exists(RunFolder(r).last)), None)


def new_run_dir(folder: Path) -> Path:
    """A new run's folder below ``folder``, named by date and time, so that runs sort by age."""
    return folder / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def _cells(row: Mapping[str, float]) -> dict[str, str]:
    """The row as text without loss of precision; epochs as integers, nan as an empty cell."""
    return {
        name: ""
        if math.isnan(value)
        else str(int(value))
        if name == "epoch"
        else repr(float(value))
        for name, value in row.items()
    }
