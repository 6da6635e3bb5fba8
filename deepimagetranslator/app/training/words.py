"""Texts about a ``MonitorState`` for the training monitor and the status bar."""

from __future__ import annotations

from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.training.state import MonitorState, value_text

NOTHING = "–"
MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float | None) -> str:
    """A duration in one or two units, for instance "1 h 05 min"; a dash for None."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02d} s"
    whole = round(seconds / MINUTE)
    if whole < DAY // MINUTE:
        return f"{whole // 60} h {whole % 60:02d} min"
    return f"{whole // 1440} d {whole % 1440 // 60:02d} h"


def time_left(seconds: float) -> str:
    """A rounded duration that does not flicker while it counts down, for instance "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds / 5) * 5)} s"
    if seconds < 90 * MINUTE:
        return f"{round(seconds / MINUTE)} min"
    return duration(seconds)


def headline(state: MonitorState) -> str:
    """The phase of the training in a few words."""
    match state.phase:
        case Phase.IDLE:
            return "No training is running"
        case Phase.PREPARING:
            return "Preparing the training"
        case Phase.FINISHED:
            return "Training finished"
        case Phase.CANCELLED:
            return "Training stopped"
        case Phase.FAILED:
            return "Training failed"
        case Phase.FINISHING:
            return f"Finishing after epoch {max(1, state.epoch)}"
        case Phase.STOPPING:
            return "Stopping"
        case Phase.TRAINING:
            return f"Training, epoch {state.epoch} of {state.epochs}"


def remark(state: MonitorState) -> str:
    """A sentence below the headline: the current step, or the result."""
    match state.phase:
        case Phase.IDLE:
            return "Train the model to begin one."
        case Phase.PREPARING if state.files:
            return f"Checking the images: {state.files_done} of {state.files} files."
        case Phase.PREPARING:
            return "Reading the images and building the network."
        case Phase.STOPPING if state.may_force:
            return "The training process does not respond. You can force it to stop."
        case Phase.STOPPING:
            return "The training stops after the current step."
        case Phase.FINISHED | Phase.CANCELLED:
            return _reached(state)
        case Phase.FAILED:
            return state.message
    if state.tried[1]:
        done, count = state.tried
        return f"Finding out which images the network suits: {done} of {count} changes are tried."
    if state.validating:
        return f"Evaluating the validation images after epoch {state.epoch}."
    if state.loss is None:
        return "The first step of the epoch takes longest."
    return f"Loss {value_text(state.loss)} so far in this epoch."


def overall_text(state: MonitorState) -> str:
    """Beside the overall bar: "36 of 100 epochs"."""
    if not state.epochs:
        return NOTHING
    return f"{state.epochs_done} of {state.last_epoch} {_plural(state.last_epoch, 'epoch')}"


def epoch_text(state: MonitorState) -> str:
    """Beside the epoch's bar: "120 of 320 steps"."""
    if not state.batches:
        return NOTHING
    return f"{state.batch} of {state.batches} {_plural(state.batches, 'step')}"


def facts(state: MonitorState) -> list[tuple[str, str]]:
    """The figures of the monitor: (label, value)."""
    left = state.seconds_left
    best = NOTHING if state.best_epoch is None else f"epoch {state.best_epoch}"
    value = NOTHING if state.best_value is None else value_text(state.best_value)
    return [
        ("Time per epoch", duration(state.seconds_per_epoch)),
        ("Time passed", duration(state.seconds_passed) if state.phase is not Phase.IDLE else "–"),
        ("Time left", NOTHING if left is None else f"about {time_left(left)}"),
        ("Best", best),
        (f"Best {state.monitored}", value),
        _inputs_fact(state),
    ]


def _inputs_fact(state: MonitorState) -> tuple[str, str]:
    """The value that the network must reach to be of use; empty texts if it is unknown."""
    inputs, monitored = state.inputs, state.monitored.removeprefix("val_")
    if not inputs:
        return "", ""
    metric = monitored if monitored in inputs else next(iter(inputs))
    return f"Input itself, {metric}", value_text(inputs[metric])


def status(state: MonitorState) -> str:
    """For the status bar: "Training 12/200, evaluating, 3 min left"."""
    words, left = headline(state), state.seconds_left
    if state.phase is Phase.PREPARING and state.files:
        return f"{words}, files {state.files_done}/{state.files}"
    if state.phase is Phase.TRAINING:
        words = f"Training {state.epoch}/{state.epochs}"
    if state.phase in (Phase.TRAINING, Phase.FINISHING) and state.tried[1]:
        return f"{words}, changes {state.tried[0]}/{state.tried[1]}"
    if state.phase in (Phase.TRAINING, Phase.FINISHING):
        first = state.loss is None and state.epoch > state.epochs_done
        words += ", evaluating" if state.validating else ", first step" if first else ""
    return words if left is None else f"{words}, {time_left(left)} left"


def progress(state: MonitorState) -> float:
    """For the bar beside the status: the completed fraction of the phase, 0 to 1."""
    if state.phase is Phase.PREPARING:
        return state.files_done / state.files if state.files else 0.0
    return state.overall_part


def _reached(state: MonitorState) -> str:
    if not state.epochs_done:
        return "No epoch was completed, so there are no weights."
    one = state.epochs_done == 1
    words = "1 epoch was trained" if one else f"{state.epochs_done} epochs were trained"
    words += f" in {duration(state.seconds_passed)}."
    if state.best_epoch is not None and state.best_value is not None:
        words += f" The best is epoch {state.best_epoch}, with {state.monitored} "
        words += f"{value_text(state.best_value)}."
    judged = state.verdict
    if judged is not None and not judged.better:
        words += f" {judged}"
    if state.run_dir is not None:
        words += f" The weights are in {state.run_dir}."
    return words


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
