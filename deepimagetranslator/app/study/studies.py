"""The open study of a session: makes, opens, runs and reports it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import (
    Bus,
    JobChanged,
    JobEnded,
    JobProgressed,
    StudyOpened,
    StudyReported,
)
from deepimagetranslator.app.jobs import FORECAST, REPORT, STUDY, STUDY_KINDS, Jobs
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.study.cell_previews import CellPreviews
from deepimagetranslator.app.study.reading import read_cell, read_study
from deepimagetranslator.app.study.study_state import Phase, StudyFiles, StudyState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    CellEnded,
    EpochEnded,
    JobFinished,
    WorkerDied,
)
from deepimagetranslator.core.messages.requests import ForecastStudy, Job, ReportStudy, RunStudy
from deepimagetranslator.core.study.ensemble import Networks, weights_of
from deepimagetranslator.core.study.new_study import NewStudy, write_study
from deepimagetranslator.core.study.status import Step
from deepimagetranslator.core.study.study_folder import StudyFolder

FOLDER = "studies"
"""The purpose under which the folder of studies is remembered."""


class Studies:
    """At most one open study.

    Args:
        jobs: runs it in the worker.
        background: reads and writes its files in threads.
        settings: keep the recent studies and the folder.
        bus: gets ``StudyOpened`` and ``StudyReported``; tells of the jobs.
        previews: makes the predictions of the training that somebody looks at.

    Attributes:
        previews: the same.
        state: the open study; None without one.
    """

    def __init__(
        self,
        jobs: Jobs,
        background: Background,
        settings: Settings,
        bus: Bus,
        previews: CellPreviews,
    ) -> None:
        self.previews = previews
        self._jobs = jobs
        self._background = background
        self._settings = settings
        self._bus = bus
        self.state: StudyState | None = None
        self._reading = False
        bus.subscribe(JobProgressed, self._on_progress)
        bus.subscribe(JobEnded, self._on_ended)

    @property
    def recent(self) -> list[Path]:
        """The folders of recent studies that still exist, the latest first."""
        return self._settings.recent_studies

    @property
    def ensembles(self) -> list[Networks]:
        """Of each variation of the open study the networks that can translate together."""
        state = self.state
        if state is None:
            return []
        done = {name for name, found in state.cells.items() if found.step is Step.DONE}
        found = []
        for variation in state.plan.variations:
            with suppress(UserError):  # fewer than two are done
                found.append(weights_of(state.plan, state.folder, variation.name, done))
        return found

    @property
    def running(self) -> bool:
        """Whether the worker works for the open study."""
        return self._jobs.kind in STUDY_KINDS

    @property
    def reading(self) -> bool:
        """Whether its files are being read, so that it cannot run yet."""
        return self._reading

    def make(self, study: NewStudy, folder: Path) -> None:
        """Write a new study, and open it."""

        def write() -> StudyFiles:
            write_study(study, StudyFolder(folder))
            return read_study(folder)

        self._refuse_while_running()
        self._settings.used_folder(FOLDER, folder.parent)
        failed = partial(self._bus.publish_error, action="New study")
        self._background.run("open study", write, self._opened, failed)

    def open(self, folder: Path) -> None:
        """Open a study.

        Raises:
            UserError: another one is running.
        """
        if self.state is not None and self.state.folder.path == folder:
            self.refresh()
            self._bus.publish(StudyOpened())
            return
        self._refuse_while_running()
        failed = partial(self._bus.publish_error, action="Open study")
        self._background.run("open study", partial(read_study, folder), self._opened, failed)

    def run(self, *only: str) -> None:
        """Train and evaluate what is not done.

        Args:
            only: names of cells; all by default.

        Raises:
            UserError: a job is running.
        """
        if self._reading:
            raise UserError("The study's files are being read; try again in a moment.")
        self._begin(
            STUDY,
            Phase.RUNNING,
            lambda state, job: RunStudy(job, state.folder.path, state.plan.threads, only),
        )

    def forecast(self) -> None:
        """Measure how long the rest takes.

        Raises:
            UserError: a job is running.
        """
        self._begin(
            FORECAST,
            Phase.FORECASTING,
            lambda state, job: ForecastStudy(job, state.folder.path, state.plan.threads),
        )

    def report(self) -> None:
        """Write the report of what is done.

        Raises:
            UserError: a job is running.
        """
        self._begin(
            REPORT,
            Phase.REPORTING,
            lambda state, job: ReportStudy(job, state.folder.path, state.plan.threads),
        )

    def stop(self) -> None:
        """Stop the study's job at the next batch; it can be run again."""
        if self.state is not None and self.running:
            self.state.request_stop()
            self._jobs.stop()

    def force_stop(self) -> None:
        """Kill the worker process; the study can be run again."""
        self._jobs.force_stop()

    def refresh(self) -> None:
        """Read the files again, in which another process may have gone on; not while it runs, as
        the events know more than the files."""
        state = self.state
        if state is None or self.running or self._reading:
            return
        self._reading = True
        self._background.run(
            "read study",
            partial(read_study, state.folder.path),
            self._read(state.take),
            self._read(partial(self._bus.publish_error, action="Open study")),
        )

    def _read(self, then: Callable[..., object]) -> Callable[..., None]:
        """What is done with the answer of a thread that has read the files."""

        def take(answer: object) -> None:
            self._reading = False
            then(answer)

        return take

    def _opened(self, files: StudyFiles) -> None:
        if self.running:
            return
        self.state = StudyState(files)
        self._settings.used_study(files.folder.path)
        self._bus.publish(StudyOpened())

    def _on_progress(self, change: JobProgressed) -> None:
        state = self.state
        if state is None or not self.running:
            return
        ended = state.current if isinstance(change.event, CellEnded) else ""
        state.handle(change.event)
        if isinstance(change.event, EpochEnded):
            self.previews.epoch_ended(state.monitor, change.event.epoch)
        if ended:
            cell = state.cells[ended].cell
            self._background.run(
                f"read {ended}",
                partial(read_cell, state.plan, state.folder, cell),
                lambda found: state.take_cell(*found),
                self._bus.publish_error,
            )

    def _on_ended(self, change: JobEnded) -> None:
        state, event = self.state, change.event
        if state is None or change.kind not in STUDY_KINDS:
            return
        state.handle(event)
        self.refresh()
        if isinstance(event, WorkerDied):
            return
        if change.kind == REPORT and isinstance(event, JobFinished):
            files = tuple(Path(name) for name in event.result["files"])
            self._bus.publish(StudyReported(files))

    def _begin(self, kind: str, phase: Phase, request: Callable[[StudyState, int], Job]) -> None:
        state = self.state
        if state is None:
            raise UserError("There is no open study; open one first.")
        self._jobs.run(kind, partial(request, state))
        state.begin(phase)
        self._bus.publish(JobChanged())

    def _refuse_while_running(self) -> None:
        if self.running:
            raise UserError("A study is running; stop it or wait until it ends.")


def suggested_folder(settings: Settings, project: Path | None) -> Path:
    """A new folder for a study: where the last one is, else beside the project.

    Args:
        settings: know the folder of the last study.
        project: the project file; None if it was never saved.
    """
    last = settings.get(f"folder {FOLDER}")
    home = Path(settings.folder(FOLDER)) if last or project is None else project.parent
    name = f"{project.stem}-study" if project is not None else "study"
    place, number = home / name, 1
    while os.path.lexists(place):
        number += 1
        place = home / f"{name}-{number}"
    return place
