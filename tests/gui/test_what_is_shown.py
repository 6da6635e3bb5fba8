"""What the main window shows is so: panes, status, progress, tick, boxes at the end of a job."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from quiet import QuietWindow
from sessions import write_pairs

from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    EpochEnded,
    EpochStarted,
    Event,
    FilesRead,
    ImageTranslated,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobStarted,
    PreviewReady,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import ValuesDialog
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor
from deepimagetranslator.gui.viewer.viewport import FIT

NAMES = [f"p{k}.png" for k in range(4)]


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    write_pairs(tmp_path, NAMES)
    window = QuietWindow(root, tmp_path)
    window.answer(WorkerReady({}, "CPU"))
    yield window
    window.close()


def told(window: QuietWindow, event: Event) -> str:
    """The status after an event."""
    window.answer(event)
    return window.main.status.get()


def bar(window: QuietWindow) -> float:
    return float(window.main.progress.cget("value"))


def predicted(window: QuietWindow) -> None:
    """Answer the newest request for a prediction."""
    request = window.sessions.requests(PreviewTranslation)[-1]
    window.answer(PreviewReady(request.number, np.full((24, 24, 1), 99, np.uint8), 1))


def windows(window: QuietWindow, kind: type) -> list[tk.Misc]:
    window.root.update()
    return [child for child in window.root.winfo_children() if isinstance(child, kind)]


# ---- status --------------------------------------------------------------------------------


def test_the_status_of_a_training_names_each_step(window: QuietWindow, tmp_path: Path) -> None:
    window.load(tmp_path)
    window.session.jobs.train(tmp_path / "run")
    seen = [
        told(window, event)
        for event in (
            JobStarted(),
            FilesRead(4, 4),
            EpochStarted(1, 3, 10),
            BatchEnded(1, 5, 10, 0.5, 30.0),
            BatchEnded(1, 10, 10, 0.5, 25.0),
            EpochEnded(1, 3, {"loss": 0.5}, 10.0, 1, 0.5),
        )
    ]
    assert seen == [
        "Preparing the training",
        "Preparing the training, files 4/4",
        "Training 1/3, first step",
        "Training 1/3, 30 s left",
        "Training 1/3, 25 s left",
        "Training 1/3, 20 s left",
    ]
    window.session.jobs.finish_early()
    assert window.main.status.get() == "Finishing after epoch 1"
    assert told(window, EpochStarted(2, 3, 10)) == "Finishing after epoch 2, first step"
    window.answer(JobFinished({}))
    assert window.main.status.get() == "Ready - CPU"
    assert not window.main.progress.winfo_ismapped()


def test_the_bar_of_the_last_job_is_gone_when_the_next_begins(
    window: QuietWindow, tmp_path: Path
) -> None:
    viewer, jobs = window.session.viewer, window.session.jobs
    source, output = ImageRef(tmp_path / "in" / "p0.png"), ImageRef(tmp_path / "out" / "p0.png")
    viewer.set_images_to_translate([source])
    for _ in range(2):
        jobs.translate(Path("w"), tmp_path / "new", TranslationSpec())
        assert (window.main.status.get(), bar(window)) == ("Starting the translation...", 0)
        assert told(window, FilesRead(1, 2)) == "Comparing 1/2", "with the training images"
        assert told(window, ImageTranslated(source, output, 3, 4)) == "Translating 3/4"
        assert bar(window) == 0.75
        jobs.stop()
        assert window.main.status.get() == "Stopping the translation..."
        assert told(window, ImageTranslated(source, output, 4, 4)).startswith("Stopping")
        window.answer(JobCancelled())
        assert window.main.status.get() == "Ready - CPU"


# ---- the end of a training -----------------------------------------------------------------


@pytest.mark.parametrize(
    "end", [WorkerDied(-9, "log"), JobFailed("unexpected", "ValueError: 3", "trace")]
)
def test_a_training_that_can_be_resumed_ends_in_its_monitor_without_a_box(
    window: QuietWindow, tmp_path: Path, end: Event
) -> None:
    window.load(tmp_path)
    window.session.jobs.train(tmp_path / "run")
    window.answer(EpochStarted(1, 3, 10), EpochEnded(1, 3, {"loss": 0.5}, 1.0, 1, 0.5), end)
    (monitor,) = windows(window, TrainingMonitor)
    assert isinstance(monitor, TrainingMonitor)
    assert monitor.buttons["resume"].winfo_manager()
    assert window.answers.asked == window.answers.failed == []
    monitor.destroy()


def test_a_training_that_fails_before_its_first_epoch_is_told_in_a_box(
    window: QuietWindow, tmp_path: Path
) -> None:
    window.load(tmp_path)
    window.session.jobs.train(tmp_path / "run")
    window.answer(JobFailed("user", "The disk is full.", ""))
    assert window.answers.failed == ["The disk is full."]


def test_a_training_stopped_by_force_did_not_stop_unexpectedly(
    window: QuietWindow, tmp_path: Path
) -> None:
    window.load(tmp_path)
    window.session.jobs.train(tmp_path / "run")
    window.session.jobs.stop()
    window.answer(WorkerDied(-9, ""))
    assert window.answers.asked == window.answers.failed == []
    for monitor in windows(window, TrainingMonitor):
        monitor.destroy()


def test_an_epoch_s_weights_are_asked_about_while_the_training_runs(
    window: QuietWindow, tmp_path: Path
) -> None:
    window.load(tmp_path)
    window.session.jobs.train(tmp_path / "run")
    path = RunFolder(tmp_path / "run").improvement(1, 0.5)
    window.main.actions.train.show_monitor()
    (monitor,) = windows(window, TrainingMonitor)
    assert isinstance(monitor, TrainingMonitor)
    for choice, loaded in ((1, 0), (0, 1)):
        window.answers.choice = choice
        monitor.actions.use_epoch(1, path)
        assert len(window.answers.asked) == loaded + 1
        assert sum(getattr(sent, "path", None) == path for sent in window.sessions.engine.sent) == (
            loaded
        )
    window.answer(JobCancelled())
    monitor.actions.use_epoch(1, path)
    assert len(window.answers.asked) == 2, "after it, nothing has to be asked"
    monitor.destroy()


# ---- panes ---------------------------------------------------------------------------------


def test_another_image_s_prediction_is_dimmed_and_in_no_overlay(
    window: QuietWindow, tmp_path: Path
) -> None:
    panes, viewer = window.main.panes, window.session.viewer
    pane = panes.panes["prediction"]
    window.load(tmp_path)
    window.use_weights(tmp_path / "a.weights.h5")
    predicted(window)
    panes.set_overlay("prediction")
    panes.set_difference(True)
    assert pane.image is not None and not pane.canvas.dimmed
    assert panes.panes["image"].canvas._overlay is not None
    viewer.step(1)
    window.until(lambda: pane.canvas.dimmed)
    assert panes.panes["image"].canvas._overlay is None
    assert str(pane.title.cget("text")) == "Predicted target"
    assert str(pane.name.cget("text")) == "" and "translating" in str(pane.note.cget("text"))
    assert panes._value_words("target", 0.5, 0.5) and not panes._value_words("prediction", 0.5, 0.5)
    window.until(lambda: not window.session.background.busy)
    predicted(window)
    assert not pane.canvas.dimmed
    viewer.show()  # the same image again
    window.until(lambda: not window.session.background.busy)
    assert not pane.canvas.dimmed


def test_a_dimmed_image_is_close_to_the_background(window: QuietWindow) -> None:
    canvas = window.main.panes.panes["prediction"].canvas
    canvas.show(np.full((24, 24, 1), 255, np.uint8))
    bright = canvas._pixels(canvas.image, canvas.rect())  # type: ignore[arg-type]
    canvas.dim()
    faint = canvas._pixels(canvas.image, canvas.rect())  # type: ignore[arg-type]
    background = np.array(canvas.winfo_rgb(canvas.cget("background"))) / 257
    assert bright.max() == 255
    assert np.abs(faint - background).max() < 0.4 * np.abs(bright - background).max()
    canvas.show(np.full((24, 24, 1), 255, np.uint8))
    assert not canvas.dimmed


@pytest.mark.parametrize(
    ("part", "role", "entry"),
    [
        ("training", "image", "File > Load training images"),
        ("validation", "image", "Data > Split validation from training"),
        ("translated", "image", "Translate > Load images for translation"),
        ("training", "prediction", "Model > New model"),
    ],
)
def test_an_empty_pane_names_the_menu_that_fills_it(
    window: QuietWindow, part: str, role: str, entry: str
) -> None:
    window.session.viewer.show_part(part)
    canvas = window.main.panes.panes[role].canvas
    window.until(lambda: entry in canvas._hint)


def test_an_empty_prediction_is_not_called_translated(window: QuietWindow, tmp_path: Path) -> None:
    window.load(tmp_path)
    pane = window.main.panes.panes["prediction"]
    assert pane.image is None
    assert [str(label.cget("text")) for label in (pane.note, pane.position)] == ["", ""]


def test_the_zoom_is_reset_when_other_images_are_loaded(
    window: QuietWindow, tmp_path: Path
) -> None:
    panes = window.main.panes
    canvas = panes.panes["image"].canvas
    window.load(tmp_path)
    panes.zoom_in()
    window.session.viewer.step(1)
    window.until(lambda: not window.session.background.busy)
    assert canvas.view != FIT, "it stays from image to image"
    write_pairs(tmp_path / "other", ["a.png", "b.png"])
    window.load(tmp_path / "other")
    assert canvas.view == FIT
    panes.zoom_in()
    window.session.viewer.set_images_to_translate([ImageRef(tmp_path / "in" / "p0.png")])
    window.until(lambda: canvas.view == FIT)


def test_the_tick_of_augmentation_is_off_where_it_does_nothing(
    window: QuietWindow, tmp_path: Path
) -> None:
    main, viewer = window.main, window.session.viewer
    assert main.augment_tick.instate(["disabled"]) and not main.augmented.get()
    window.load(tmp_path)
    assert main.augment_tick.instate(["!disabled"]) and not main.augmented.get()
    main.augment_tick.invoke()
    window.until(lambda: main.panes.panes["image"].note.cget("text") == "augmented")
    viewer.show_part("translated")
    window.until(lambda: main.augment_tick.instate(["disabled"]))
    assert not main.augmented.get()
    viewer.show_part("training")
    window.until(lambda: main.augment_tick.instate(["!disabled"]))
    assert main.augmented.get(), "the choice itself stays"


def test_values_and_window_opened_while_images_load_fills_in(
    window: QuietWindow, tmp_path: Path
) -> None:
    window.main.actions.data.set_values()
    (dialog,) = windows(window, ValuesDialog)
    assert isinstance(dialog, ValuesDialog) and dialog.preview.image is None
    window.load(tmp_path)
    window.until(lambda: dialog.preview.image is not None and dialog.reader.ranges is not None)
    assert dialog.reader.count == 4
    reader = dialog.reader
    window.session.viewer.step(1)
    window.until(lambda: not window.session.background.busy)
    assert dialog.reader is reader, "it is not read again for each image in view"
    dialog.cancel()
