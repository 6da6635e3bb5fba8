"""How far the open study has come, which the view of the study displays.

``Studies`` passes the worker's events to ``handle`` and what the files say to ``take``. The view,
which may be closed and reopened, redraws when ``version`` has changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from deepimagetranslator.app.training.state import FORCE_AFTER, MonitorState
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    CellEnded,
    CellStarted,
    EpochEnded,
    EpochStarted,
    FilesRead,
    FilesWritten,
    JobCancelled,
    JobFailed,
    JobFinished,
    LogLine,
    WorkerDied,
)
from deepimagetranslator.core.study.plan import Cell, Plan
from deepimagetranslator.core.study.status import CellStatus, Step
from deepimagetranslator.core.study.study_folder import StudyFolder

History = Sequence[Mapping[str, float]]
DIED = (
    "The training process stopped unexpectedly. What is done and every completed epoch are kept; "
    "run the study again, and it goes on."
)


class Phase(Enum):
    """What the worker does for the study."""

    IDLE = "idle"
    FORECASTING = "forecasting"
    RUNNING = "running"
    STOPPING = "stopping"
    REPORTING = "reporting"


@dataclass(frozen=True)
class StudyFiles:
    """What the files of a study say.

    Attributes:
        plan: the plan.
        folder: its folder.
        training: the settings of training by variation.
        cells: how far each cell has come, by name in the plan's order.
        histories: the rows of each cell's history.csv.
        summary: the report's summary in Markdown; empty without a report.
    """

    plan: Plan
    folder: StudyFolder
    training: Mapping[str, TrainingSpec]
    cells: Mapping[str, CellStatus]
    histories: Mapping[str, History] = field(default_factory=dict)
    summary: str = ""


class StudyState:
    """The open study.

    Args:
        files: what its files say.
        clock: returns a monotonic time in seconds; tests pass their own.

    Attributes:
        plan, folder, training, cells, histories, summary: as in ``StudyFiles``, and as the events
            since then say.
        phase: what the worker does for it.
        current: the name of the cell that is being trained or evaluated; else empty.
        batch, batches: completed training steps of the running epoch, and all of them.
        evaluating: images of the current cell that have been evaluated, and all of them.
        written: steps of the report that are done, and all of them.
        forecast: trainings that were not done and the seconds for them; None if not measured.
        message, problems: why the last job failed; ``problems`` have remedies.
        note: the last sentence of the worker.
        monitor: the current cell's training, for the training monitor.
        version: increases with every change.
        epochs_version: increases when the histories change.
    """

    def __init__(self, files: StudyFiles, clock: Callable[[], float] = time.monotonic) -> None:
        self.plan, self.folder, self.training = files.plan, files.folder, files.training
        self.cells: dict[str, CellStatus] = {}
        self.histories: dict[str, list[Mapping[str, float]]] = {}
        self.summary = ""
        self.clock = clock
        self.phase = Phase.IDLE
        self.current = self.message = self.note = ""
        self.problems: tuple[Problem, ...] = ()
        self.batch = self.batches = 0
        self.evaluating = self.written = 0, 0
        self.forecast: tuple[int, float] | None = None
        self._measured_now = False  # nothing was trained since the forecast
        self.monitor = MonitorState(clock)
        self.version = self.epochs_version = 0
        self._epochs_of: dict[str, tuple[int, float, int]] = {}  # rows, seconds, timed epochs
        self._means: tuple[int, dict[tuple[str, int], float]] = -1, {}
        self._stop_asked = 0.0
        self.take(files)

    def take(self, files: StudyFiles) -> None:
        """Take over what the files say of all cells."""
        self.cells, self.summary = dict(files.cells), files.summary
        self.histories = {name: list(rows) for name, rows in files.histories.items()}
        self.version += 1
        self.epochs_version += 1

    def take_cell(self, status: CellStatus, history: History) -> None:
        """Take over what the files say of one cell."""
        self.cells[status.cell.name] = status
        self.histories[status.cell.name] = list(history)
        self.version += 1
        self.epochs_version += 1

    def begin(self, phase: Phase) -> None:
        """A job of the worker begins."""
        self.phase, self.message, self.note, self.problems = phase, "", "", ()
        self.written = 0, 0
        self.version += 1

    def request_stop(self) -> None:
        """The user asked the worker to stop."""
        self.phase, self._stop_asked = Phase.STOPPING, self.clock()
        self.monitor.request_stop()
        self.version += 1

    def handle(self, event: Any) -> None:
        """Handle an event of the running job."""
        if self.current:
            self.monitor.handle(event)
        known = _HANDLERS.get(type(event))
        if known is not None:
            known(self, event)
            self.version += 1

    @property
    def busy(self) -> bool:
        """Whether the worker works for it."""
        return self.phase is not Phase.IDLE

    @property
    def may_force(self) -> bool:
        """Whether stopping has taken so long that it may be forced."""
        stopping = self.phase is Phase.STOPPING
        return stopping and self.clock() - self._stop_asked >= FORCE_AFTER

    @property
    def open_cells(self) -> list[CellStatus]:
        """The cells that are not done."""
        return [found for found in self.cells.values() if found.step is not Step.DONE]

    @property
    def done(self) -> int:
        """The number of cells that are done."""
        return len(self.cells) - len(self.open_cells)

    @property
    def begun(self) -> bool:
        """Whether something has been trained."""
        return any(found.step is not Step.TO_DO for found in self.cells.values())

    def epochs_of(self, cell: Cell) -> int:
        """The planned epochs of a cell."""
        return self.training[cell.variation].epochs

    @property
    def part(self) -> float:
        """The trained fraction of all epochs, or the written one of the report, 0 to 1."""
        if self.phase is Phase.REPORTING:
            return self.written[0] / max(1, self.written[1])
        planned = sum(self.epochs_of(found.cell) for found in self.cells.values())
        return min(1.0, sum(map(self._epochs_done, self.cells.values())) / max(1, planned))

    @property
    def seconds_left(self) -> float | None:
        """About how long the open trainings take; None if nothing is known.

        By the forecast until an epoch has ended since then; after that by the mean epoch of the
        same variation and size, else of the same variation, else of all.
        """
        means = self._seconds_per_epoch()
        if self._measured_now or not means:
            return None if self.forecast is None else self.forecast[1]
        total = 0.0
        for found in self.open_cells:
            cell = found.cell
            keys = ((cell.variation, cell.size), (cell.variation, -1), ("", -1))
            mean = next(means[key] for key in keys if key in means)
            total += mean * max(0.0, self.epochs_of(cell) - self._epochs_done(found))
        return total

    def _epochs_done(self, found: CellStatus) -> float:
        """Completed epochs, with the part of the running one; of a done cell all planned ones, as
        early stopping may have ended it."""
        if found.step is Step.DONE:
            return float(self.epochs_of(found.cell))
        running = found.cell.name == self.current and self.batches and self.batch < self.batches
        return found.epoch + (self.batch / self.batches if running else 0.0)

    def _seconds_per_epoch(self) -> dict[tuple[str, int], float]:
        """Mean seconds of an epoch by variation and size, variation (size -1), and of all ("")."""
        if self._means[0] == self.epochs_version:
            return self._means[1]
        sums: dict[tuple[str, int], tuple[float, int]] = {}
        for name, rows in self.histories.items():
            cell = self.cells[name].cell
            if self._epochs_of.get(name, (-1,))[0] != len(rows):
                own = [row["seconds"] for row in rows if row.get("seconds", 0) > 0]
                self._epochs_of[name] = len(rows), sum(own), len(own)
            _, passed, epochs = self._epochs_of[name]
            for key in ((cell.variation, cell.size), (cell.variation, -1), ("", -1)):
                seconds, count = sums.get(key, (0.0, 0))
                sums[key] = seconds + passed, count + epochs
        means = {key: seconds / count for key, (seconds, count) in sums.items() if count}
        self._means = self.epochs_version, means
        return means

    def _change(self, **values: Any) -> None:
        """Change what is known of the current cell."""
        if self.current:
            self.cells[self.current] = replace(self.cells[self.current], **values)

    def _cell_started(self, event: CellStarted) -> None:
        self.current = event.name
        self.batch = self.batches = 0
        self.evaluating = 0, 0
        self._change(step=Step.RUNNING, failure="")
        cell = self.cells[event.name].cell
        training, rows = self.training[cell.variation], self.histories.get(event.name, [])
        place = self.folder.cell(cell).path
        if self.monitor.run_dir not in (None, place):
            self.monitor = MonitorState(self.clock)  # a monitor may show the other training
        begin = self.monitor.resume if rows else self.monitor.begin
        begin(place, training.epochs, training.judge, rows, True)

    def _cell_ended(self, event: CellEnded) -> None:
        end = JobFailed("user", event.problem) if event.problem else JobFinished({})
        self.monitor.handle(end)
        self.current = ""

    def _epoch_started(self, event: EpochStarted) -> None:
        self.batch, self.batches = 0, event.batches
        self.evaluating = 0, 0  # the files read so far were those of the data check

    def _batch_ended(self, event: BatchEnded) -> None:
        self.batch, self.batches = event.batch, event.batches

    def _epoch_ended(self, event: EpochEnded) -> None:
        self.batch, self._measured_now = self.batches, False
        self._change(epoch=event.epoch)
        self.epochs_version += 1
        if self.current:
            rows = self.histories.setdefault(self.current, [])
            rows[:] = [row for row in rows if row.get("epoch") != event.epoch]
            rows.append({"seconds": event.seconds, **event.values, "epoch": event.epoch})

    def _files_read(self, event: FilesRead) -> None:
        self.evaluating = event.done, event.count

    def _files_written(self, event: FilesWritten) -> None:
        self.written = event.done, event.count

    def _log_line(self, event: LogLine) -> None:
        self.note = event.text

    def _finished(self, event: JobFinished) -> None:
        if "trainings" in event.result:
            self.forecast = event.result["trainings"], event.result["seconds"]
            self._measured_now = True
        self._end()

    def _cancelled(self, _event: JobCancelled) -> None:
        self._end()

    def _failed(self, event: JobFailed) -> None:
        self.message, self.problems = event.message, event.problems
        self._end()

    def _died(self, _event: WorkerDied) -> None:
        if self.phase is not Phase.STOPPING:
            self.message = DIED
        self._end()

    def _end(self) -> None:
        if self.current:
            self._change(step=Step.INTERRUPTED)
        self.phase, self.current, self.note = Phase.IDLE, "", ""


_HANDLERS: dict[type, Callable[[StudyState, Any], None]] = {
    CellStarted: StudyState._cell_started,
    CellEnded: StudyState._cell_ended,
    EpochStarted: StudyState._epoch_started,
    BatchEnded: StudyState._batch_ended,
    EpochEnded: StudyState._epoch_ended,
    FilesRead: StudyState._files_read,
    FilesWritten: StudyState._files_written,
    LogLine: StudyState._log_line,
    JobFinished: StudyState._finished,
    JobCancelled: StudyState._cancelled,
    JobFailed: StudyState._failed,
    WorkerDied: StudyState._died,
}
