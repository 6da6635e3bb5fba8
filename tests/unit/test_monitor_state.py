"""What the training monitor shows, event by event, without a window."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepimagetranslator.app.training import previews, words
from deepimagetranslator.app.training import state as training_state
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.messages import events
from deepimagetranslator.core.runs.run_folder import RunFolder


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock, tmp_path) -> MonitorState:
    state = MonitorState(clock)
    state.begin(tmp_path, 4)
    return state


def end_epoch(state: MonitorState, epoch: int, value: float, best: int, seconds=20.0) -> None:
    state.handle(events.EpochStarted(epoch, 4, 10))
    state.handle(events.BatchEnded(epoch, 10, 10, 0.5, 60.0))
    values = {"epoch": epoch, "loss": 0.5, "mse": 0.1, "val_loss": value, "val_mse": 0.2}
    values |= {"learning_rate": 0.001, "seconds": seconds}
    state.handle(events.EpochEnded(epoch, 4, values, seconds, best, 0.25))


def test_a_new_state_is_idle_and_passes_events_over():
    state = MonitorState()
    state.handle(events.EpochStarted(1, 4, 10))
    assert (state.phase, state.version, state.running) == (Phase.IDLE, 0, False)
    assert words.headline(state) == "No training is running"
    assert state.seconds_left is None and state.overall_part == 0


def test_progress(state, clock):
    assert state.phase is Phase.PREPARING
    state.handle(events.FilesRead(3, 8))
    assert "3 of 8 files" in words.remark(state)
    state.handle(events.EpochStarted(1, 4, 10))
    assert state.phase is Phase.TRAINING
    state.handle(events.BatchEnded(1, 5, 10, 0.75, 70.0))
    assert (state.epoch_part, state.overall_part) == (0.5, 0.125)
    assert words.headline(state) == "Training, epoch 1 of 4"
    assert words.remark(state) == "Loss 0.75 so far in this epoch."
    clock.now += 30
    assert state.seconds_left == 40
    assert state.seconds_passed == 30
    assert words.status(state) == "Training 1/4, 40 s left"
    state.handle(events.BatchEnded(1, 10, 10, 0.7, 35.0))
    assert state.validating and "validation" in words.remark(state)


def test_epochs_make_rows_curves_and_the_best(state):
    end_epoch(state, 1, 0.5, 1)
    end_epoch(state, 2, math.nan, 1, seconds=30)
    assert state.overall_part == 0.5 and state.epochs_done == 2
    assert state.seconds_per_epoch == 25 and state.seconds_left == 50
    assert state.curve_names() == ["loss", "mse", "learning_rate"]
    assert state.series("val_loss") == ((1, 0.5),)
    assert state.series("val_mse") == ((1, 0.2), (2, 0.2))
    assert state.series("nothing") == ()
    facts = dict(words.facts(state))
    assert facts["Best"] == "epoch 1" and facts["Best val_loss"] == "0.25"
    assert state.log[0][1].startswith("Epoch 1 of 4: loss 0.5, mse 0.1")


def test_every_event_of_the_training_changes_the_version(state):
    for event in (
        events.FilesRead(1, 2),
        events.LogLine("A sentence."),
        events.EpochStarted(1, 4, 10),
        events.BatchEnded(1, 1, 10, 0.5, None),
        events.CheckpointSaved("run/weights-improvement-01-0.5.weights.h5", 1, 0.5),
    ):
        before = state.version
        state.handle(event)
        assert state.version > before, event
    before = state.version
    state.handle(events.JobStarted())
    assert state.version == before


def test_a_resumed_run_goes_on(clock, tmp_path):
    run = RunFolder(tmp_path)
    run.improvement(2, 0.4).write_bytes(b"")
    history = [
        {"epoch": 1.0, "loss": 1.0, "val_loss": 0.6},
        {"epoch": 2.0, "loss": 0.9, "val_loss": 0.4},
        {"epoch": 3.0, "loss": 0.8, "val_loss": 0.5},
    ]
    state = MonitorState(clock)
    state.begin(tmp_path, 4, "val_loss", history)
    assert (state.epochs_done, state.best_epoch, state.best_value) == (3, 2, 0.4)
    assert state.weights_of(2) == run.improvement(2, 0.4)
    end_epoch(state, 4, 0.45, 2)
    assert [epoch for epoch, _ in state.series("loss")] == [1, 2, 3, 4]


def test_the_monitored_metric_is_one_that_the_run_has(clock, tmp_path):
    state = MonitorState(clock)
    state.begin(tmp_path, 4, "val_total_loss")
    end_epoch(state, 1, 0.5, 1)
    assert state.monitored == "val_loss"
    state.begin(tmp_path, 4, "val_total_loss", [{"epoch": 1.0, "loss": 0.5}])
    assert state.monitored == "loss"


def test_weights_of_an_epoch_are_looked_up(state, tmp_path):
    path = tmp_path / "weights-improvement-01-0.5000.weights.h5"
    state.handle(events.CheckpointSaved(str(path), 1, 0.5))
    assert state.weights_of(1) is None, "it is not there any more"
    path.write_bytes(b"")
    assert state.weights_of(1) == path
    assert state.weights_of(2) is None
    assert state.current_file == str(path)


def test_finish_then_the_end(state, tmp_path):
    end_epoch(state, 1, 0.5, 1)
    state.request_finish()
    state.request_finish()
    assert state.phase is Phase.FINISHING and state.running
    assert [text for _, text in state.log].count("Finishing after this epoch, as you asked.") == 1
    state.handle(events.EpochStarted(2, 4, 10))
    assert state.phase is Phase.FINISHING
    state.handle(events.JobFinished({"best_weights": str(tmp_path / "best.weights.h5")}))
    assert state.phase is Phase.FINISHED and not state.running
    assert state.overall_part == 1 and state.seconds_left is None
    said = words.remark(state)
    assert "1 epoch was trained" in said and "epoch 1" in said and str(tmp_path) in said
    state.request_stop()
    assert state.phase is Phase.FINISHED
    state.handle(events.JobCancelled())
    assert state.phase is Phase.FINISHED


def test_stopping_may_be_forced_after_ten_seconds(state, clock):
    state.request_stop()
    assert state.phase is Phase.STOPPING and not state.may_force
    clock.now += 9.9
    state.request_stop()
    assert not state.may_force
    clock.now += 0.1
    assert state.may_force
    state.handle(events.WorkerDied(-9, "log"))
    assert state.phase is Phase.CANCELLED
    assert words.remark(state) == "No epoch was completed, so there are no weights."


def test_cancelled(state, clock):
    state.request_stop()
    clock.now += 1
    state.handle(events.JobCancelled())
    clock.now += 50
    assert state.phase is Phase.CANCELLED and state.seconds_passed == 1


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (events.JobFailed("user", "The disk is full.", "trace"), "The disk is full."),
        (events.WorkerDied(-9, "trace"), "resumed"),
    ],
)
def test_a_failure_says_why(state, event, expected):
    state.handle(event)
    assert state.phase is Phase.FAILED and state.details == "trace"
    assert expected in words.remark(state) and expected in state.log[-1][1]


def test_previews_are_small_and_bounded(state, monkeypatch):
    large = np.zeros((1000, 500, 3), np.uint8)
    grey = np.full((64, 64), 7, np.uint8)
    state.add_preview(1, [large, grey])
    assert [image.shape for image in state.previews.epochs[1]] == [(512, 256, 3), (64, 64, 1)]
    assert state.previews.epochs[1][1].max() == 7
    monkeypatch.setattr(previews, "PREVIEW_BYTES", 20 * 64 * 64)
    state.previews.epochs.clear()
    state.best_epoch = 2
    for epoch in range(1, 60):
        state.add_preview(epoch, [grey])
    kept = sorted(state.previews.epochs)
    assert len(kept) <= 20 and {1, 2, 59} <= set(kept)
    state.set_preview_references([grey], [large])
    assert state.previews.targets[0].shape == (512, 256, 3)


def test_the_log_is_bounded_and_counted(state, monkeypatch):
    for number in range(training_state.LOG_LINES + 10):
        state.add_log(str(number))
    assert len(state.log) == training_state.LOG_LINES
    assert state.logged == training_state.LOG_LINES + 10


def test_begin_forgets_the_last_training(state, tmp_path):
    end_epoch(state, 1, 0.5, 1)
    state.add_preview(1, [np.zeros((8, 8), np.uint8)])
    before = state.version
    state.begin(tmp_path, 9)
    assert (
        not state.rows and not state.previews.epochs and not state.log and state.best_epoch is None
    )
    assert state.version > before and state.epochs == 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (3900, "1 h 05 min"),
        (86399, "1 d 00 h"),
        (180000, "2 d 02 h"),
    ],
)
def test_durations(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "1 s"), (42, "40 s"), (200, "3 min"), (7200, "2 h 00 min")]
)
def test_time_left_is_rough(seconds, text):
    assert words.time_left(seconds) == text


def test_the_status_names_each_step(state, clock):
    seen = [words.status(state)]
    for event in (
        events.FilesRead(3, 8),
        events.EpochStarted(1, 4, 10),
        events.BatchEnded(1, 5, 10, 0.75, 70.0),
        events.BatchEnded(1, 10, 10, 0.7, 35.0),
    ):
        state.handle(event)
        seen.append(words.status(state))
    assert seen == [
        "Preparing the training",
        "Preparing the training, files 3/8",
        "Training 1/4, first step",
        "Training 1/4, 70 s left",
        "Training 1/4, evaluating, 35 s left",
    ]
    assert words.progress(state) == 0.25


def test_while_preparing_the_bar_is_of_the_files(state):
    state.handle(events.FilesRead(2, 8))
    assert words.progress(state) == 0.25
    state.handle(events.EpochStarted(1, 4, 10))
    assert words.progress(state) == 0


def test_while_finishing_the_plan_of_before_is_not_shown(state):
    end_epoch(state, 1, 0.5, 1)
    state.handle(events.EpochStarted(2, 4, 10))
    state.handle(events.BatchEnded(2, 5, 10, 0.7, 500.0))
    assert (state.overall_part, state.seconds_left) == (1.5 / 4, 500)
    state.request_finish()
    assert (state.overall_part, state.seconds_left) == (0.75, None)
    assert words.overall_text(state) == "1 of 2 epochs"
    state.handle(events.BatchEnded(2, 10, 10, 0.7, 490.0))
    assert words.status(state) == "Finishing after epoch 2, evaluating"
    state.request_stop()
    assert (words.status(state), state.seconds_left) == ("Stopping", None)


def test_without_validation_images_nothing_is_said_of_them(clock, tmp_path):
    state = MonitorState(clock)
    state.begin(tmp_path, 4, "loss", validated=False)
    state.handle(events.EpochStarted(1, 4, 10))
    state.handle(events.BatchEnded(1, 10, 10, 0.7, 35.0))
    assert not state.validating and "validation" not in words.remark(state)
    assert words.status(state) == "Training 1/4, 35 s left"


HISTORY = [
    {"epoch": 1.0, "loss": 1.0, "val_loss": 0.6, "seconds": 3.0},
    {"epoch": 2.0, "loss": 0.9, "val_loss": 0.4, "seconds": 3.0},
]


def test_a_resume_keeps_the_log_and_the_earlier_epochs(state, tmp_path):
    grey = np.full((8, 8), 7, np.uint8)
    for epoch in (1, 2, 3):
        end_epoch(state, epoch, 0.5, 1)
        state.add_preview(epoch, [grey])
    state.handle(events.WorkerDied(-9, "log"))
    assert state.may_resume
    before = list(state.log)
    state.resume(tmp_path, 4, "val_loss", HISTORY)
    assert list(state.log) == [*before, (state.log[-1][0], "Resumed after epoch 2.")]
    assert state.logged == len(state.log)
    assert sorted(state.previews.epochs) == [1, 2], "the third epoch is trained again"


def test_a_resume_of_another_run_begins_with_its_history(state, tmp_path):
    end_epoch(state, 1, 0.5, 1)
    state.resume(tmp_path / "other", 4, "val_loss", HISTORY)
    assert [text for _, text in state.log] == [
        "Epoch 1 of 4: loss 1, val_loss 0.6",
        "Epoch 2 of 4: loss 0.9, val_loss 0.4",
        "Resumed after epoch 2.",
    ]
    assert [time for time, _ in list(state.log)[:2]] == ["", ""], "when is not known"
    assert not state.previews.epochs


def test_a_new_training_in_the_same_folder_keeps_nothing(state, tmp_path):
    end_epoch(state, 1, 0.5, 1)
    state.begin(tmp_path, 4)
    assert not state.log and not state.rows


def test_a_recalled_run_without_validation_says_so_and_has_its_best_epoch(state, tmp_path):
    history = [{"epoch": n, "loss": loss} for n, loss in ((1, 0.9), (2, 0.4), (3, 0.6))]
    state.recall(tmp_path, 3, "val_loss", history)
    assert not state.validated
    assert (state.monitored, state.best_epoch, state.best_value) == ("loss", 2, 0.4)
    state.recall(tmp_path, 1, "val_loss", [{"epoch": 1, "loss": 0.9, "val_loss": math.nan}])
    assert state.validated and state.best_epoch is None
    assert "nan" not in words.remark(state)
