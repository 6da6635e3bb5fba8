"""What each event of the worker changes in the state of a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    ChangesTried,
    CheckpointSaved,
    EpochEnded,
    EpochStarted,
    FilesRead,
    InputsMeasured,
    JobCancelled,
    JobFailed,
    JobFinished,
    LogLine,
    WorkerDied,
)

if TYPE_CHECKING:
    from deepimagetranslator.app.training.state import MonitorState


def handle(state: MonitorState, event: Any) -> bool:
    """Change the state by an event; returns False for one that says nothing of it."""
    known = _HANDLERS.get(type(event))
    if known is not None:
        known(state, event)
    return known is not None


def _files_read(state: MonitorState, event: FilesRead) -> None:
    state.files_done, state.files = event.done, event.count


def _changes_tried(state: MonitorState, event: ChangesTried) -> None:
    state.tried = event.done, event.count


def _epoch_started(state: MonitorState, event: EpochStarted) -> None:
    if state.phase is Phase.PREPARING:
        state.phase = Phase.TRAINING
    state.epoch, state.epochs = event.epoch, event.epochs
    state.batch, state.batches, state.loss = 0, event.batches, None


def _batch_ended(state: MonitorState, event: BatchEnded) -> None:
    state.epoch, state.batch, state.batches = event.epoch, event.batch, event.batches
    state.loss = event.loss
    if event.seconds_left is not None:
        state.left = event.seconds_left, state.clock()


def _epoch_ended(state: MonitorState, event: EpochEnded) -> None:
    state.epoch = state.epochs_done = event.epoch
    state.epochs = event.epochs
    state.batch = state.batches
    state.settle_monitored(event.values)
    state.rows = [row for row in state.rows if row.get("epoch") != event.epoch]
    state.rows.append({"epoch": event.epoch, **event.values})
    state.epoch_seconds.append(event.seconds)
    state.best_epoch, state.best_value = event.best_epoch, event.best_value
    per_epoch = state.seconds_per_epoch or 0.0
    state.left = per_epoch * (event.epochs - event.epoch), state.clock()
    state.log_epoch(event.epoch, event.values)


def _inputs_measured(state: MonitorState, event: InputsMeasured) -> None:
    state.inputs = event.values


def _checkpoint_saved(state: MonitorState, event: CheckpointSaved) -> None:
    path = Path(event.path)
    state.checkpoints[event.epoch] = path
    state.current_file = event.path
    if state.run_dir is None:
        state.run_dir = path.parent
    state.add_log(f"Best so far: saved {path.name}.")


def _log_line(state: MonitorState, event: LogLine) -> None:
    state.add_log(event.text)


def _finished(state: MonitorState, event: JobFinished) -> None:
    result = event.result
    if "best_weights" in result:
        state.best_weights = Path(str(result["best_weights"]))
    if "run_dir" in result:
        state.run_dir = Path(str(result["run_dir"]))
    state.end(Phase.FINISHED)
    state.add_log("Training finished.")


def _cancelled(state: MonitorState, _event: JobCancelled) -> None:
    state.end(Phase.CANCELLED)
    state.add_log("Training stopped.")


def _failed(state: MonitorState, event: JobFailed) -> None:
    state.message, state.details = event.message, event.details
    state.problems = event.problems
    state.end(Phase.FAILED)
    state.add_log(event.message)


def _died(state: MonitorState, event: WorkerDied) -> None:
    if state.phase is Phase.STOPPING:
        state.end(Phase.CANCELLED)
        state.add_log("Training was stopped by force.")
        return
    state.message = (
        "The training process stopped unexpectedly. Every completed epoch is kept, and the "
        "training can be resumed."
    )
    state.details = event.log
    state.end(Phase.FAILED)
    state.add_log(state.message)


_HANDLERS: dict[type, Callable[[MonitorState, Any], None]] = {
    FilesRead: _files_read,
    ChangesTried: _changes_tried,
    EpochStarted: _epoch_started,
    BatchEnded: _batch_ended,
    EpochEnded: _epoch_ended,
    InputsMeasured: _inputs_measured,
    CheckpointSaved: _checkpoint_saved,
    LogLine: _log_line,
    JobFinished: _finished,
    JobCancelled: _cancelled,
    JobFailed: _failed,
    WorkerDied: _died,
}
