"""The state of a training, which the training monitor displays.

The session passes every event to ``handle`` and every set of predictions to ``add_preview``. The
monitor window, which may be closed and reopened, redraws when ``version`` has changed.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deepimagetranslator.app.shown_classes import ShownClass
from deepimagetranslator.app.training.event_handlers import handle
from deepimagetranslator.app.training.phase import ENDED, Phase
from deepimagetranslator.app.training.previews import Previews
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.runs.input_itself import Verdict, verdict
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.typing import Array

FORCE_AFTER = 10.0
LOG_LINES = 5000
_NOT_CURVES = ("epoch", "seconds")

Series = tuple[tuple[float, float], ...]
"""(epoch, value) pairs by epoch; NaN and infinite values are left out."""


class MonitorState:
    """One training, from ``begin`` to its end.

    Args:
        clock: returns a monotonic time in seconds; tests pass their own.

    Attributes:
        version: increases with every change, so that a viewer knows when to redraw.
        number: the number of the training; increases with every ``begin``.
        phase: the current phase.
        run_dir: the run's folder.
        best_weights: the best checkpoint; None until the training has ended.
        monitored: the name of the monitored metric, for instance "val_loss"; lower is better.
        validated: whether there are validation images; else training images are previewed.
        epochs: the planned number of epochs.
        epoch: the running or last epoch, from 1; 0 before the first.
        epochs_done: the number of completed epochs.
        batches: training steps of an epoch.
        batch: completed training steps of the running epoch.
        files_done, files: how many files have been read, and of how many.
        tried: how many changed images have been tried after the last epoch, and of how many.
        loss: the mean loss of the running epoch so far; None before its first step.
        epoch_seconds: durations of the epochs since ``begin``.
        best_epoch, best_value: the epoch with the lowest monitored metric, and its value; None
            before the first epoch is completed.
        rows: the rows of history.csv, one per epoch.
        inputs: loss and metrics of the validation inputs themselves, see
            ``core.runs.input_itself``; empty if they cannot be compared with their targets.
        current_file: the checkpoint that was written last.
        checkpoints: the weights file by epoch.
        previews: predictions of a few fixed images by epoch, with their inputs and targets.
        classes: the classes of label maps by the name of their channel in the metrics.
        log: the last sentences with their time of day.
        logged: the number of all sentences so far.
        message, details, problems: why the training failed; ``problems`` have remedies.
        left: the seconds left at an event, and its time by the clock; None if unknown.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.version = 0
        self.number = 0
        self._clear()

    def _clear(self) -> None:
        self.phase = Phase.IDLE
        self.run_dir: Path | None = None
        self.best_weights: Path | None = None
        self.monitored = "val_loss"
        self.validated = True
        self.epochs = self.epoch = self.epochs_done = 0
        self.batches = self.batch = 0
        self.files_done = self.files = 0
        self.tried = 0, 0
        self.loss: float | None = None
        self.epoch_seconds: list[float] = []
        self.best_epoch: int | None = None
        self.best_value: float | None = None
        self.rows: list[dict[str, float]] = []
        self.inputs: Mapping[str, float] = {}
        self.current_file = ""
        self.checkpoints: dict[int, Path] = {}
        self.previews = Previews()
        self.classes: Mapping[str, ShownClass] = {}
        self.log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        self.logged = 0
        self.message = self.details = ""
        self.problems: tuple[Problem, ...] = ()
        self._began = self._ended = self._stop_asked = 0.0
        self.left: tuple[float, float] | None = None

    def begin(
        self,
        run_dir: Path | None = None,
        epochs: int = 0,
        monitored: str = "val_loss",
        history: Iterable[Mapping[str, float]] = (),
        validated: bool = True,
    ) -> None:
        """Reset the state for a new training.

        Args:
            run_dir: the run's folder.
            epochs: the planned number of epochs.
            monitored: the name of the monitored metric, which selects the best epoch.
            history: the rows of history.csv of a resumed run; its checkpoints are looked up too.
            validated: whether there are validation images.
        """
        self._clear()
        self.number += 1
        self.phase = Phase.PREPARING
        self.run_dir, self.epochs, self.monitored = run_dir, epochs, monitored
        self.validated = validated
        self._began = self.clock()
        for row in history:
            self.settle_monitored(row)
            self.rows.append(dict(row))
            self.epochs_done = self.epoch = int(row["epoch"])
            value = row.get(self.monitored, math.nan)
            better = self.best_value is None or value < self.best_value
            if better and not math.isnan(value):
                self.best_epoch, self.best_value = self.epochs_done, value
        if self.rows and run_dir is not None:
            self.checkpoints = {i.epoch: i.path for i in RunFolder(run_dir).improvements()}
        self.version += 1

    def resume(
        self,
        run_dir: Path,
        epochs: int,
        monitored: str,
        history: Sequence[Mapping[str, float]],
        validated: bool = True,
    ) -> None:
        """As ``begin`` for a run that goes on after its history, with its log and its previews.

        The log of a run that was not shown before begins with the history.
        """
        shown, log, logged, previews = self.run_dir, self.log, self.logged, self.previews
        self.begin(run_dir, epochs, monitored, history, validated)
        if shown == run_dir:
            self.log, self.logged = log, logged
            self.previews = previews
            previews.keep_until(self.epochs_done)
        else:
            for row in self.rows:
                self.log_epoch(int(row["epoch"]), row, time_of_day="")
        self.add_log(f"Resumed after epoch {self.epochs_done}.")

    def recall(
        self,
        run_dir: Path,
        epochs: int,
        monitored: str,
        history: Sequence[Mapping[str, float]],
        log: Iterable[tuple[str, str]] = (),
        inputs: Mapping[str, float] | None = None,
    ) -> None:
        """Show a training of an earlier session.

        Args:
            run_dir: the run's folder.
            epochs: the planned number of epochs; with fewer completed ones it can be resumed.
            monitored: the name of the monitored metric.
            history: the rows of history.csv.
            log: sentences with their time of day.
            inputs: loss and metrics of the validation inputs themselves, if they are known.
        """
        validated = any(name.startswith("val_") for row in history for name in row)
        self.begin(run_dir, epochs, monitored, history, validated)
        self.inputs = inputs or {}
        self.epoch_seconds = [row["seconds"] for row in history if row.get("seconds", 0) > 0]
        self.log.extend(log)
        self.logged = len(self.log)
        best = RunFolder(run_dir).best
        self.best_weights = best if best.exists() else None
        if self.checkpoints:
            self.current_file = str(self.checkpoints[max(self.checkpoints)])
        self.end(Phase.FINISHED if self.epochs_done >= epochs else Phase.CANCELLED)
        self._began = self._ended - sum(self.epoch_seconds)

    def forget(self) -> None:
        """Show no training."""
        self._clear()
        self.number += 1
        self.version += 1

    def moved(self, before: Path, after: Path) -> None:
        """Follow the run into another folder if it was moved from ``before`` to ``after``."""
        if self.run_dir != before:
            return
        self.run_dir = after
        self.checkpoints = {e: after / path.name for e, path in self.checkpoints.items()}
        if self.best_weights is not None:
            self.best_weights = after / self.best_weights.name
        self.version += 1

    def handle(self, event: Any) -> None:
        """Handle an event of ``core.messages.events``; ignored while no training runs."""
        if self.running and handle(self, event):
            self.version += 1

    def request_finish(self) -> None:
        """Record the user's request to end after this epoch; repeated requests are ignored."""
        if self.may_finish:
            self.phase = Phase.FINISHING
            self.add_log("Finishing after this epoch, as you asked.")

    def request_stop(self) -> None:
        """Record the user's request to stop at once; repeated requests are ignored."""
        if self.running and self.phase is not Phase.STOPPING:
            self.phase = Phase.STOPPING
            self._stop_asked = self.clock()
            self.add_log("Stopping, as you asked.")

    def add_preview(self, epoch: int, images: Sequence[Array]) -> None:
        """Store the predictions of the fixed images after an epoch; see ``Previews.add``."""
        self.previews.add(epoch, images, self.best_epoch)
        self.version += 1

    def set_preview_references(self, inputs: Sequence[Array], targets: Sequence[Array]) -> None:
        """Store the inputs and targets of the previews' images, in the same order."""
        self.previews.set_references(inputs, targets)
        self.version += 1

    def name_classes(self, classes: Mapping[str, ShownClass]) -> None:
        """Store the classes of label maps by the name of their channel in the metrics."""
        self.classes = classes
        self.previews.exact = bool(classes)
        self.version += 1

    def add_log(self, text: str, time_of_day: str | None = None) -> None:
        """Add a sentence to the log; its time is now by default, "" where it is unknown."""
        self.log.append((time.strftime("%H:%M:%S") if time_of_day is None else time_of_day, text))
        self.logged += 1
        self.version += 1

    @property
    def verdict(self) -> Verdict | None:
        """The best epoch compared with the inputs themselves; None if that is not possible."""
        return verdict(self.rows, self.best_epoch, self.inputs)

    @property
    def running(self) -> bool:
        """Whether the training is running."""
        return self.phase not in (*ENDED, Phase.IDLE)

    @property
    def may_finish(self) -> bool:
        """Whether the training can still be asked to end after this epoch."""
        return self.phase in (Phase.PREPARING, Phase.TRAINING)

    @property
    def may_force(self) -> bool:
        """Whether stopping has taken ``FORCE_AFTER`` seconds, so that it may be forced."""
        return self.phase is Phase.STOPPING and self.clock() - self._stop_asked >= FORCE_AFTER

    @property
    def may_resume(self) -> bool:
        """Whether the training ended before its last epoch and can be resumed."""
        return self.phase in (Phase.CANCELLED, Phase.FAILED) and self.epochs_done > 0

    @property
    def last_epoch(self) -> int:
        """The epoch after which the training ends: the planned one, or the one to finish."""
        finishing = self.phase is Phase.FINISHING and self.epoch
        return max(self.epoch, 1) if finishing else self.epochs

    @property
    def epoch_part(self) -> float:
        """The completed fraction of the running epoch's training steps, 0 to 1."""
        return self.batch / self.batches if self.batches else 0.0

    @property
    def overall_part(self) -> float:
        """The completed fraction of the training, 0 to 1; 1 if it finished early, too."""
        if self.phase is Phase.FINISHED:
            return 1.0
        if not self.epochs:
            return 0.0
        started = self.epoch_part if self.epoch > self.epochs_done else 0.0
        return min(1.0, (self.epochs_done + started) / self.last_epoch)

    @property
    def validating(self) -> bool:
        """Whether the running epoch's steps are completed and its validation is running."""
        done = 0 < self.batches == self.batch
        return self.validated and self.epoch > self.epochs_done and done

    @property
    def seconds_per_epoch(self) -> float | None:
        """The mean duration of the last five epochs; None before the first has ended."""
        recent = self.epoch_seconds[-5:]
        return sum(recent) / len(recent) if recent else None

    @property
    def seconds_left(self) -> float | None:
        """The time left of the training, counting down between events; None if unknown.

        It is known only while the training goes on as planned.
        """
        if self.phase is not Phase.TRAINING or self.left is None:
            return None
        left, since = self.left
        return max(0.0, left - (self.clock() - since))

    @property
    def seconds_passed(self) -> float:
        """The time from ``begin`` until now, or until the training's end."""
        return (self.clock() if self.running else self._ended) - self._began

    def curve_names(self) -> list[str]:
        """The names of the curves without "val_": the loss first, the learning rate last."""
        names: list[str] = []
        for row in self.rows:
            for name in row:
                bare = name.removeprefix("val_")
                if bare not in names and bare not in _NOT_CURVES:
                    names.append(bare)
        return sorted(names, key=lambda name: (name == "learning_rate", name != "loss"))

    def series(self, name: str) -> Series:
        """The values of a column of history.csv, for instance "loss" or "val_loss"."""
        pairs = ((row["epoch"], row.get(name, math.nan)) for row in self.rows)
        return tuple((epoch, value) for epoch, value in pairs if math.isfinite(value))

    def weights_of(self, epoch: int) -> Path | None:
        """The checkpoint of an epoch; None if there is none or its file was deleted."""
        path = self.checkpoints.get(epoch)
        return path if path is not None and path.exists() else None

    def log_epoch(
        self, epoch: int, values: Mapping[str, float], time_of_day: str | None = None
    ) -> None:
        """Add the losses and metrics of an epoch to the log."""
        words = ", ".join(
            f"{name} {value_text(value)}"
            for name, value in values.items()
            if name not in (*_NOT_CURVES, "learning_rate")
        )
        self.add_log(f"Epoch {epoch} of {self.epochs}: {words}", time_of_day)

    def settle_monitored(self, values: Mapping[str, float]) -> None:
        """Replace a chosen metric that the run does not have, as the training itself does."""
        if self.monitored not in values:
            self.monitored = self.monitored.replace("total_", "")
        if self.monitored not in values:
            self.monitored = self.monitored.removeprefix("val_")

    def end(self, phase: Phase) -> None:
        """Record that the training has ended in a phase of ``ENDED``."""
        self.phase = phase
        self._ended = self.clock()
        self.left = None
        if self.best_weights is None and self.run_dir is not None and self.checkpoints:
            self.best_weights = self.run_dir / "best.weights.h5"


def value_text(value: float) -> str:
    """A loss or metric with four significant digits."""
    return f"{value:.4g}"
