"""A project remembers its training: its runs move beside it, and the last one is shown again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.events import (
    Bus,
    JobChanged,
    ProjectReplaced,
    ProjectSaved,
    ReadingEnded,
)
from deepimagetranslator.app.jobs import Jobs
from deepimagetranslator.app.project_state import ProjectState, unsaved_runs
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.input_itself import recorded_inputs
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system import paths


@dataclass(frozen=True)
class EarlierRun:
    """What the files of a run say of it.

    Attributes:
        run_dir: its folder.
        training: its settings.
        history: the rows of history.csv.
        log: the sentences of log.txt with their time of day.
        inputs: loss and metrics of its validation inputs themselves, if they were measured.
    """

    run_dir: Path
    training: TrainingSpec
    history: Sequence[dict[str, float]]
    log: Sequence[tuple[str, str]]
    inputs: Mapping[str, float]


def read_last(runs: Sequence[Path]) -> EarlierRun | None:
    """Read the last of these runs that has completed an epoch; None if none has."""
    for run_dir in reversed(runs):
        run = RunFolder(run_dir)
        history = run.read_history()
        if not history:
            continue
        try:
            record = load_project(run.project)
            training, inputs = record.specs.training, recorded_inputs(record.run)
        except UserError:  # deleted or damaged; the curves can be shown all the same
            training, inputs = TrainingSpec(epochs=int(history[-1]["epoch"])), {}
        return EarlierRun(run_dir, training, history, run.read_log(), inputs)
    return None


class LastRun:
    """Subscribes to saving and opening of projects.

    Args:
        project: the project whose runs they are.
        jobs: its monitor and its previews show the last run.
        model: follows weights that are moved.
        background: reads and copies files.
        bus: publishes the changes of the project.
    """

    def __init__(
        self,
        project: ProjectState,
        jobs: Jobs,
        model: CurrentModel,
        background: Background,
        bus: Bus,
    ) -> None:
        self._project = project
        self._jobs = jobs
        self._model = model
        self._background = background
        self._bus = bus
        self._recalled = -1  # the monitor's number of a run whose targets have not been read yet
        bus.subscribe(ProjectReplaced, self._on_replaced)
        bus.subscribe(ReadingEnded, self._on_read)
        bus.subscribe(ProjectSaved, self._on_saved)

    # ---- an opened project -----------------------------------------------------------------

    def _on_replaced(self, _change: ProjectReplaced) -> None:
        read = partial(read_last, self._project.runs)
        self._background.run("last run", read, self._show, _ignore)

    def _show(self, run: EarlierRun | None) -> None:
        monitor, matched = self._jobs.monitor, self._project.matched
        if self._jobs.kind == "training":
            return
        if run is None:
            monitor.forget()
        else:
            training = run.training
            monitor.recall(
                run.run_dir, training.epochs, training.judge, run.history, run.log, run.inputs
            )
            self._recalled = monitor.number
            self._jobs.strip.recall(matched.val or matched.train, self._project.dataset)
        self._bus.publish(JobChanged())

    def _on_read(self, _change: ReadingEnded) -> None:
        """Show crops and class numbers of the recalled predictions as the training did."""
        dataset = self._project.dataset
        if dataset is not None and self._recalled == self._jobs.monitor.number:
            self._recalled = -1
            self._jobs.strip.recall(dataset.val or dataset.train, dataset)

    # ---- a saved project -------------------------------------------------------------------

    def _on_saved(self, _change: ProjectSaved) -> None:
        """Move runs out of the user's folder, unless a job may be using one."""
        path = self._project.path
        if self._jobs.kind or path is None or path.is_relative_to(paths.user_folder()):
            return
        for run in self._project.runs:
            # The project is saved after each move, and that moves the others.
            if run.parent == unsaved_runs() and run.exists():
                self._move(run, paths.unused(self._project.runs_home / run.name))

    def _move(self, run: Path, place: Path) -> None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            run.rename(place)
        except OSError:  # on another drive, or a file is in use
            copy = partial(_copy, run, place.with_name(f".{place.name}"))
            take = partial(self._take_copy, run, place)
            self._background.run(f"move {run}", copy, take, _ignore)
        else:
            self._follow(run, place)

    def _take_copy(self, run: Path, place: Path, copy: Path) -> None:
        # A training may have continued in the old folder; then that one stays the run's.
        gone = copy
        if not self._jobs.kind and run in self._project.contents.runs:
            with suppress(OSError):
                copy.rename(place)
                gone = run
                self._follow(run, place)
        self._background.run(f"drop {gone}", partial(_delete, gone), _ignore, _ignore)

    def _follow(self, before: Path, after: Path) -> None:
        """Use the run's new folder everywhere, and save the project that lists it."""
        self._jobs.monitor.moved(before, after)
        self._model.moved(before, after)
        self._project.moved_run(before, after)
        path = self._project.path
        if path is not None:
            self._project.save(path)


def _copy(run: Path, copy: Path) -> Path:
    """Copy a run's folder; returns the copy."""
    try:
        shutil.copytree(run, copy, dirs_exist_ok=True)
    except OSError:
        _delete(copy)
        raise
    return copy


def _delete(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _ignore(_: object) -> None:
    """Without its history the monitor is empty; a run that cannot be moved stays listed."""
