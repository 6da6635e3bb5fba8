"""What a training has told so far: the truth that the training monitor shows.

The session gives every event to ``handle`` and every set of predictions to ``add_preview``; the
monitor, which may be closed and opened again, looks at ``version`` and draws what is here.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    CheckpointSaved,
    EpochEnded,
    EpochStarted,
    FilesRead,
    JobCancelled,
    JobFailed,
    JobFinished,
    LogLine,
    WorkerDied,
)

FORCE_AFTER = 10.0
PREVIEW_SIDE = 320
PREVIEW_BYTES = 256 * 2**20
LOG_LINES = 5000
_NOT_CURVES = ("epoch", "seconds")

Series = tuple[tuple[float, float], ...]
"""(epoch, value) by epoch; values that are not numbers are left out."""


class Phase(Enum):
    """Where a training stands."""

    IDLE = "idle"
    PREPARING = "preparing"
    TRAINING = "training"
    FINISHING = "finishing"
    STOPPING = "stopping"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


ENDED = (Phase.FINISHED, Phase.CANCELLED, Phase.FAILED)


class MonitorState:
    """One training, from ``begin`` to its end.

    Args:
        clock: seconds that only grow, for tests.

    Attributes:
        version: grows with every change, so that a viewer knows when to draw.
        number: of the training, grows with every ``begin``.
        phase: where it stands.
        run_dir, best_weights: the run's folder, and the best weights there once they are saved.
        judge: what "best" means, "val_loss" for instance; lower is better.
        epochs, epoch: planned, and the one that runs or ran last (from 1; 0 before the first).
        batches, batch: training steps of an epoch, and how many of this one's are done.
        epochs_done: whole epochs.
        loss: the running epoch's so far, None before its first step.
        epoch_seconds: durations of the epochs of this call.
        best_epoch, best_value: None before the first whole epoch.
        rows: a line of history.csv an epoch.
        current_file: the file read or written last.
        checkpoints: the weights file by its epoch.
        previews: small uint8 pictures of the fixed validation images by epoch.
        preview_inputs, preview_targets: the same images as they are and should become.
        log: (time of day, sentence), the last ones; ``logged`` counts all.
        message, details: why it failed.
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
        self.judge = "val_loss"
        self.epochs = self.epoch = self.epochs_done = 0
        self.batches = self.batch = 0
        self.files_done = self.files = 0
        self.loss: float | None = None
        self.epoch_seconds: list[float] = []
        self.best_epoch: int | None = None
        self.best_value: float | None = None
        self.rows: list[dict[str, float]] = []
        self.current_file = ""
        self.checkpoints: dict[int, Path] = {}
        self.previews: dict[int, list[np.ndarray]] = {}
        self.preview_inputs: list[np.ndarray] = []
        self.preview_targets: list[np.ndarray] = []
        self.log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        self.logged = 0
        self.message = self.details = ""
        self.problems: tuple[Problem, ...] = ()
        self._began = self._ended = self._stop_asked = 0.0
        self._left: tuple[float, float] | None = None

    def begin(
        self,
        run_dir: Path | None = None,
        epochs: int = 0,
        judge: str = "val_loss",
        history: Iterable[Mapping[str, float]] = (),
    ) -> None:
        """Forget the last training; a new one was asked for.

        Args:
            run_dir: its folder.
            epochs: planned.
            judge: the name of the value by which the best epoch is chosen.
            history: of a resumed run, so that its curves go on; its weights are looked up too.
        """
        self._clear()
        self.number += 1
        self.phase = Phase.PREPARING
        self.run_dir, self.epochs, self.judge = run_dir, epochs, judge
        self._began = self.clock()
        for row in history:
            self._settle_judge(row)
            self.rows.append(dict(row))
            self.epochs_done = self.epoch = int(row["epoch"])
            value = row.get(judge, math.nan)
            if self.best_value is None or value < self.best_value:
                self.best_epoch, self.best_value = self.epochs_done, value
        if self.rows and run_dir is not None:
            self.checkpoints = {i.epoch: i.path for i in RunFolder(run_dir).improvements()}
        self.version += 1

    def handle(self, event: Any) -> None:
        """Take up an event of ``core.protocol``; before ``begin`` and after the end none counts."""
        known = _HANDLERS.get(type(event))
        if known is not None and self.running:
            known(self, event)
            self.version += 1

    def request_finish(self) -> None:
        """The user asked to end after this epoch; asking again changes nothing."""
        if self.phase in (Phase.PREPARING, Phase.TRAINING):
            self.phase = Phase.FINISHING
            self.add_log("Finishing after this epoch, as you asked.")

    def request_stop(self) -> None:
        """The user asked to stop at once; asking again changes nothing."""
        if self.running and self.phase is not Phase.STOPPING:
            self.phase = Phase.STOPPING
            self._stop_asked = self.clock()
            self.add_log("Stopping, as you asked.")

    def add_preview(self, epoch: int, images: Sequence[np.ndarray]) -> None:
        """Keep the fixed validation images as predicted after an epoch.

        Args:
            epoch: from 1.
            images: (height, width) or (height, width, 1 or 3) uint8, always in the same order;
                kept with at most 320 pixels a side.
        """
        self.previews[epoch] = [_small(image) for image in images]
        self._thin_previews()
        self.version += 1

    def set_preview_references(
        self, inputs: Sequence[np.ndarray], targets: Sequence[np.ndarray]
    ) -> None:
        """The inputs and targets of the previews' images, in their order; shown beside them."""
        self.preview_inputs = [_small(image) for image in inputs]
        self.preview_targets = [_small(image) for image in targets]
        self.version += 1

    def add_log(self, text: str) -> None:
        """A sentence for the log."""
        self.log.append((time.strftime("%H:%M:%S"), text))
        self.logged += 1
        self.version += 1

    @property
    def running(self) -> bool:
        """Whether the training goes on."""
        return self.phase not in (*ENDED, Phase.IDLE)

    @property
    def may_force(self) -> bool:
        """Whether stopping has taken so long that it may be forced."""
        return self.phase is Phase.STOPPING and self.clock() - self._stop_asked >= FORCE_AFTER

    @property
    def epoch_part(self) -> float:
        """How much of the running epoch's training steps is done, 0 to 1."""
        return self.batch / self.batches if self.batches else 0.0

    @property
    def overall_part(self) -> float:
        """How much of the whole training is done, 0 to 1; all of it once it finished."""
        if self.phase is Phase.FINISHED:
            return 1.0
        if not self.epochs:
            return 0.0
        started = self.epoch_part if self.epoch > self.epochs_done else 0.0
        return min(1.0, (self.epochs_done + started) / self.epochs)

    @property
    def validating(self) -> bool:
        """Whether an epoch's steps are done and its validation runs."""
        return self.epoch > self.epochs_done and 0 < self.batches == self.batch

    @property
    def seconds_per_epoch(self) -> float | None:
        """The mean of the last five epochs, None before one ended."""
        recent = self.epoch_seconds[-5:]
        return sum(recent) / len(recent) if recent else None

    @property
    def seconds_left(self) -> float | None:
        """Of the whole training, counting down between events; None where it is not known."""
        if not self.running or self._left is None:
            return None
        left, told = self._left
        return max(0.0, left - (self.clock() - told))

    @property
    def seconds_passed(self) -> float:
        """Since ``begin``, up to the end."""
        return (self.clock() if self.running else self._ended) - self._began

    def curve_names(self) -> list[str]:
        """What can be drawn, the loss first: names without "val_", the learning rate last."""
        names: list[str] = []
        for row in self.rows:
            for name in row:
                bare = name.removeprefix("val_")
                if bare not in names and bare not in _NOT_CURVES:
                    names.append(bare)
        return sorted(names, key=lambda name: (name == "learning_rate", name != "loss"))

    def series(self, name: str) -> Series:
        """The values of a column of the history, "loss" or "val_loss" for instance."""
        pairs = ((row["epoch"], row.get(name, math.nan)) for row in self.rows)
        return tuple((epoch, value) for epoch, value in pairs if math.isfinite(value))

    def weights_of(self, epoch: int) -> Path | None:
        """The weights file of an epoch, if it was kept and is still there."""
        path = self.checkpoints.get(epoch)
        return path if path is not None and path.exists() else None

    def _files_read(self, event: FilesRead) -> None:
        self.files_done, self.files = event.done, event.count

    def _epoch_started(self, event: EpochStarted) -> None:
        if self.phase is Phase.PREPARING:
            self.phase = Phase.TRAINING
        self.epoch, self.epochs = event.epoch, event.epochs
        self.batch, self.batches, self.loss = 0, event.batches, None

    def _batch_ended(self, event: BatchEnded) -> None:
        self.epoch, self.batch, self.batches = event.epoch, event.batch, event.batches
        self.loss = event.loss
        if event.seconds_left is not None:
            self._left = event.seconds_left, self.clock()

    def _epoch_ended(self, event: EpochEnded) -> None:
        self.epoch = self.epochs_done = event.epoch
        self.epochs = event.epochs
        self.batch = self.batches
        self._settle_judge(event.values)
        self.rows = [row for row in self.rows if row.get("epoch") != event.epoch]
        self.rows.append({"epoch": event.epoch, **event.values})
        self.epoch_seconds.append(event.seconds)
        self.best_epoch, self.best_value = event.best_epoch, event.best_value
        per_epoch = self.seconds_per_epoch or 0.0
        self._left = per_epoch * (event.epochs - event.epoch), self.clock()
        values = ", ".join(
            f"{name} {value_text(value)}"
            for name, value in event.values.items()
            if name not in (*_NOT_CURVES, "learning_rate")
        )
        self.add_log(f"Epoch {event.epoch} of {event.epochs}: {values}")

    def _settle_judge(self, values: Mapping[str, float]) -> None:
        """The judge that the engine takes where the chosen one does not exist."""
        if self.judge not in values:
            self.judge = self.judge.replace("total_", "")
        if self.judge not in values:
            self.judge = self.judge.removeprefix("val_")

    def _checkpoint_saved(self, event: CheckpointSaved) -> None:
        path = Path(event.path)
        self.checkpoints[event.epoch] = path
        self.current_file = event.path
        if self.run_dir is None:
            self.run_dir = path.parent
        self.add_log(f"Best so far: saved {path.name}.")

    def _log_line(self, event: LogLine) -> None:
        self.add_log(event.text)

    def _finished(self, event: JobFinished) -> None:
        result = event.result
        if "best_weights" in result:
            self.best_weights = Path(str(result["best_weights"]))
        if "run_dir" in result:
            self.run_dir = Path(str(result["run_dir"]))
        self._end(Phase.FINISHED)
        self.add_log("Training finished.")

    def _cancelled(self, _event: JobCancelled) -> None:
        self._end(Phase.CANCELLED)
        self.add_log("Training stopped.")

    def _failed(self, event: JobFailed) -> None:
        self.message, self.details = event.message, event.details
        self.problems = event.problems
        self._end(Phase.FAILED)
        self.add_log(event.message)

    def _died(self, event: WorkerDied) -> None:
        if self.phase is Phase.STOPPING:
            self._end(Phase.CANCELLED)
            self.add_log("Training was stopped by force.")
            return
        self.message = (
            "The engine ended by itself in mid-training; every whole epoch is kept, and the "
            "training can be resumed."
        )
        self.details = event.log
        self._end(Phase.FAILED)
        self.add_log(self.message)

    def _end(self, phase: Phase) -> None:
        self.phase = phase
        self._ended = self.clock()
        self._left = None
        if self.best_weights is None and self.run_dir is not None and self.checkpoints:
            self.best_weights = self.run_dir / "best.weights.h5"

    def _thin_previews(self) -> None:
        """Over the memory limit, drop every other one of the older half, but not the best."""
        kept = (image for images in self.previews.values() for image in images)
        if sum(image.nbytes for image in kept) > PREVIEW_BYTES:
            epochs = sorted(self.previews)
            for epoch in epochs[1 : len(epochs) // 2 : 2]:
                if epoch != self.best_epoch:
                    del self.previews[epoch]


_HANDLERS: dict[type, Callable[[MonitorState, Any], None]] = {
    FilesRead: MonitorState._files_read,
    EpochStarted: MonitorState._epoch_started,
    BatchEnded: MonitorState._batch_ended,
    EpochEnded: MonitorState._epoch_ended,
    CheckpointSaved: MonitorState._checkpoint_saved,
    LogLine: MonitorState._log_line,
    JobFinished: MonitorState._finished,
    JobCancelled: MonitorState._cancelled,
    JobFailed: MonitorState._failed,
    WorkerDied: MonitorState._died,
}


def value_text(value: float) -> str:
    """A loss or metric with four significant digits."""
    return f"{value:.4g}"


def _small(image: np.ndarray) -> np.ndarray:
    """The image with at most PREVIEW_SIDE pixels a side, (height, width, channels)."""
    height, width = image.shape[:2]
    factor = PREVIEW_SIDE / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return image.reshape(*image.shape[:2], -1)
