"""The folder of one training run: its files and its history."""

from __future__ import annotations

import filecmp
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs import history_text
from deepimagetranslator.core.runs.state_file import head_of
from deepimagetranslator.core.system.atomic_write import atomic_write, write_bytes, writing
from deepimagetranslator.core.system.moving import make_folder
from deepimagetranslator.core.system.system_path import is_folder, system_path

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
    def previous(self) -> Path:
        """The state after the epoch before that of ``last``, in case that file is damaged."""
        return self.path / "previous.weights.h5"

    @property
    def states(self) -> tuple[Path, Path]:
        """The files with the run's state, the newer one first."""
        return self.last, self.previous

    @property
    def lock(self) -> Path:
        """Held by the training that uses the folder."""
        return self.path / "run.lock"

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
        paths = _inside(self.preview(0).parent)
        names = ((path, _PREVIEW.fullmatch(path.name)) for path in paths)
        return sorted((int(match[1]), path) for path, match in names if match)

    def improvements(self) -> list[Improvement]:
        """The existing weights-improvement files, ordered by epoch."""
        found = []
        for path in _inside(self.path):
            match = _IMPROVEMENT.fullmatch(path.name)
            if match:
                found.append(Improvement(path, int(match[1]), float(match[2])))
        return sorted(found, key=lambda improvement: improvement.epoch)

    def keep_improvements(self, count: int) -> None:
        """Delete all but the last ``count`` weights-improvement files; 0 keeps all.

        One that cannot be deleted stays: that is no reason to end a training.
        """
        if count:
            for improvement in self.improvements()[:-count]:
                with suppress(OSError):
                    improvement.path.unlink()

    def drop_improvements_after(self, epoch: int) -> None:
        """Delete weights-improvement files of later epochs; a resumed run writes them again.

        Raises:
            UserError: one cannot be deleted.
        """
        for improvement in self.improvements():
            if improvement.epoch > epoch:
                with writing(improvement.path):
                    improvement.path.unlink(missing_ok=True)

    def read_history(self) -> list[dict[str, float]]:
        """The rows of history.csv up to the first damaged one; an empty cell becomes nan."""
        return history_text.rows_of(self._history_text())

    def has_other_history(self) -> bool:
        """Whether history.csv is there and no history of this program, or is damaged."""
        text = self._history_text()
        return bool(text) and not text.startswith("epoch")

    def write_history(self, text: str) -> None:
        """Write history.csv durably.

        Raises:
            UserError: it cannot be written.
        """
        write_bytes(self.history, text.encode(), durable=True)

    def _history_text(self) -> str:
        try:
            return self.history.read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    def restore_best(self, epoch: int) -> None:
        """Copy the checkpoint of this epoch to the best one if they differ.

        They do after a crash between the two, and if the run goes on after an earlier epoch.

        Raises:
            UserError: it cannot be written.
        """
        for improvement in self.improvements():
            if improvement.epoch == epoch:
                self.copy_to_best(improvement.path)

    def copy_to_best(self, checkpoint: Path) -> None:
        """Make a checkpoint the best one.

        Raises:
            UserError: it cannot be written.
        """
        with writing(self.best):
            if self.best.exists() and filecmp.cmp(checkpoint, self.best, shallow=False):
                return
        with atomic_write(self.best, durable=True) as temporary:
            shutil.copyfile(checkpoint, temporary)

    def write_state(self, content: bytes | memoryview, epoch: int) -> None:
        """Write the state after an epoch durably; the last one becomes the previous one.

        Args:
            content: a weights file.
            epoch: the epoch.

        Raises:
            UserError: it cannot be written; a whole state is left under one of the names.
        """
        with atomic_write(self.last, durable=True) as temporary:
            with temporary.open("wb") as file:
                file.write(head_of(content, epoch))
                file.write(content)
            if self.last.exists():
                system_path(self.last).replace(system_path(self.previous))

    def take_previous(self) -> None:
        """Make the previous state the last one, in the place of a damaged one.

        Raises:
            UserError: the file cannot be renamed.
        """
        with writing(self.last):
            system_path(self.previous).replace(system_path(self.last))

    def drop_begun(self) -> None:
        """Delete what a run left that ended before its first epoch was complete.

        Raises:
            UserError: a file cannot be deleted.
        """
        with writing(self.history):
            self.history.unlink(missing_ok=True)
        self.drop_improvements_after(0)

    def read_log(self) -> list[tuple[str, str]]:
        """The sentences at the end of log.txt with their time of day; empty without a log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - _MOST_LOG_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [(m[1], m[2]) for line in text.splitlines() if (m := _LOG_LINE.fullmatch(line))]


def runs_folder(project: Path) -> Path:
    """The folder with the runs of a project file, beside it."""
    return project.with_name(f"{project.stem}-runs")


def runs_of(project: Path | None, elsewhere: Iterable[Path] = ()) -> list[Path]:
    """The existing folders of a project's runs, oldest first.

    Args:
        project: the project file; None for a project that was never saved.
        elsewhere: folders of runs that do not lie beside the file, as ``Project.runs`` lists them.
    """
    beside = [] if project is None else _inside(runs_folder(project.absolute()))
    found = {run for run in (*beside, *elsewhere) if is_folder(run) and run.name[0] != "."}
    return sorted(found, key=lambda run: (run.name, run))


def new_run_dir(folder: Path) -> Path:
    """Make a new run's folder below ``folder``, named by date and time, so that runs sort by age.

    Raises:
        UserError: it cannot be made.
    """
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    try:
        make_folder(folder, durable=True)
        for number in count(1):
            run_dir = folder / (name if number == 1 else f"{name}_{number}")
            with suppress(FileExistsError):
                run_dir.mkdir()
                return run_dir
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be created ({error.strerror}).") from error
    raise AssertionError


def _inside(folder: Path) -> list[Path]:
    """What a folder holds; nothing if it cannot be looked into."""
    with suppress(OSError):
        return [folder / path.name for path in system_path(folder).iterdir()]
    return []
