"""End to end through the real widgets and the real engine, as a user works."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from tkinter import ttk
from typing import Any

import numpy as np
import pytest
from focus import focus
from window import Window

from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import SampleSet, write_sample
from deepimagetranslator.gui.data_check.check_window import CheckWindow
from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog
from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog
from deepimagetranslator.gui.jobs.job_window import JobWindow
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor

DATA_2021 = Path(__file__).parents[1] / "data" / "weights_2021"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return write_sample(tmp_path_factory.mktemp("sample"), size=64, people=[1, 2, 3], slices=4)


def type_into(dialog: Any, name: str, text: str) -> None:
    """Type into a field of a dialog, or choose in it."""
    control = dialog.form.controls[name]
    assert isinstance(control, ttk.Entry)
    control.delete(0, "end")
    control.insert(0, text)
    dialog.update()


def load(window: Window, sample: SampleSet) -> None:
    for part, person in (("training", "person01"), ("validation", "person02")):
        pairs = sample.pairs[person]
        window.answers.files = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
        window.choose("File", f"Load {part} images")
        window.choose("File", f"Load {part} targets")
    window.until(lambda: window.session.project.dataset is not None)


def set_up(window: Window, epochs: int) -> None:
    """Hyperparameters, a small network and milder augmentation, through the dialogs."""
    window.choose("Model", "Set model hyperparameters")
    dialog = window.dialog(TrainingDialog)
    type_into(dialog, "epochs", "3x")
    assert dialog.ok_button.instate(["disabled"])
    type_into(dialog, "epochs", str(epochs))
    dialog.ok_button.invoke()
    assert window.session.project.specs.training.epochs == epochs
    window.choose("Model", "New model")
    dialog = window.dialog(ModelDialog)
    type_into(dialog, "depth", "3")
    type_into(dialog, "base_filters", "4")
    dialog.ok_button.invoke()
    assert window.session.project.specs.model.depth == 3
    window.choose("Train", "Data augmentation")
    dialog = window.dialog(AugmentationDialog)
    for name, text in (("scaling", "4"), ("translation", "4")):
        control = dialog.controls[name]
        control.delete(0, "end")
        control.insert(0, text)
    dialog.update()
    dialog.ok_button.invoke()
    assert window.session.project.specs.augmentation.scaling == 4


def test_from_sample_images_to_a_translated_folder(
    window: Window, sample: SampleSet, tmp_path: Path
) -> None:
    load(window, sample)
    set_up(window, epochs=3)
    window.until(lambda: window.session.model.weights is not None)
    window.until(lambda: window.shown("prediction") is not None)
    project = tmp_path / "project.json"
    window.answers.paths = [project]
    window.choose("File", "Save project")

    window.until(lambda: window.session.project.reader.complete)
    window.key("F5")
    check = window.dialog(CheckWindow)
    assert not check.check.blocked
    check.buttons["train"].invoke()  # few images, it says
    monitor = window.dialog(TrainingMonitor)
    state = window.session.jobs.monitor
    window.until(lambda: len(state.rows) >= 1)
    monitor.buttons["finish"].invoke()
    window.until(lambda: state.phase is Phase.FINISHED)
    assert 1 <= state.epochs_done <= 3
    assert len(state.series("val_loss")) == state.epochs_done
    window.until(lambda: state.previews.epochs)
    window.until(lambda: window.session.model.weights == state.best_weights)
    monitor.buttons["load_best"].invoke()
    window.until(lambda: window.session.model.weights == state.best_weights)
    monitor.destroy()

    window.choose("Train", "Show monitor")
    assert window.session.jobs.monitor is state
    window.dialog(TrainingMonitor).destroy()

    inputs = sample.pairs["person03"][0][0].parent
    window.answers.paths = [inputs]
    window.choose("Translate", "Load folder for translation...")
    viewer = window.session.viewer
    window.until(lambda: viewer.part == "translated" and viewer.count() == 4)
    window.until(lambda: window.shown("prediction") is not None)
    seen = []
    for _ in range(4):
        window.key("Right")
        window.root.update()
        seen.append(window.session.viewer.positions["translated"])
    assert seen == [1, 2, 3, 0]

    output = tmp_path / "translated"
    window.choose("Translate", "Translate and save...")
    dialog = window.dialog(TranslationDialog)
    dialog.folder.set(str(output))
    dialog.update()
    dialog.ok_button.invoke()
    job = window.dialog(JobWindow)
    window.until(lambda: not window.session.jobs.kind)
    job.destroy()
    written = sorted(path.name for path in output.iterdir())
    assert written == [path.name for path, _ in sample.pairs["person03"]]
    window.until(
        lambda: np.array_equal(window.shown("prediction"), read_image(output / written[0]))
    )

    window.choose("Evaluate", "Evaluate on validation images")
    job = window.dialog(JobWindow)
    window.until(lambda: job.measures is not None and job.measures.figure is not None)
    table = job.measures.table
    # Four channels of the whole volume, of the mean, and of each of the four images.
    assert len(table.get_children()) == 4 * (1 + 1 + 4)
    table.selection_set(table.get_children()[-1])
    focus(table)
    table.event_generate("<Return>")
    assert window.session.viewer.positions["validation"] == 3
    job.destroy()

    window.choose("File", "New project")
    window.answers.paths = [project]
    window.choose("File", "Open project...")
    window.until(lambda: window.session.project.path == project)
    assert window.session.project.specs.model.depth == 3
    assert len(window.session.project.matched.train) == 4
    window.until(lambda: window.session.model.weights == state.best_weights)
    assert window.answers.failed == []


def test_a_killed_engine_is_told_and_resumed_to_the_same_result(
    window: Window, sample: SampleSet, tmp_path: Path
) -> None:
    load(window, sample)
    set_up(window, epochs=4)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    window.session.jobs.train(whole)
    window.until(lambda: not window.session.jobs.kind)
    window.session.jobs.train(killed)
    window.until(lambda: len(window.session.jobs.monitor.rows) == 2)
    pid = window.session.client.pid
    assert pid is not None
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    window.until(lambda: window.session.jobs.monitor.phase is Phase.FAILED)
    monitor = window.dialog(TrainingMonitor)  # it says so itself: there is no box
    window.until(lambda: "stopped unexpectedly" in str(monitor.head.remark.cget("text")))
    assert window.answers.asked == window.answers.failed == []
    monitor.buttons["resume"].invoke()
    window.until(lambda: window.session.jobs.monitor.phase is Phase.FINISHED)
    histories = [RunFolder(folder).read_history() for folder in (whole, killed)]
    for ours, theirs in zip(*histories, strict=True):
        for name in set(ours) - {"seconds"}:
            assert ours[name] == pytest.approx(theirs[name], abs=1e-6), name


def test_a_2021_user_s_way(window: Window, sample: SampleSet, tmp_path: Path) -> None:
    """Old menus in the old order, many-file selection, a weights file of 2021."""
    load(window, sample)
    weights = next(DATA_2021.glob("*weights.hdf5"))
    window.answers.paths = [weights]
    window.choose("Model", "Load model weights")
    window.until(lambda: window.session.model.weights == weights)
    window.until(lambda: window.shown("prediction") is not None)
    window.answers.files = [[pair[0] for pair in sample.pairs["person03"]]]
    window.choose("Translate", "Load images for translation")
    window.until(lambda: window.session.viewer.to_translate)
    window.choose("Translate", "Save translated images")
    dialog = window.dialog(TranslationDialog)
    dialog.folder.set(str(tmp_path / "out"))
    dialog.update()
    dialog.ok_button.invoke()
    window.until(lambda: not window.session.jobs.kind)
    assert len(list((tmp_path / "out").iterdir())) == 4
    copy = tmp_path / "copy.hdf5"
    window.answers.paths = [copy]
    window.choose("Model", "Save current model weights")
    assert copy.read_bytes() == weights.read_bytes()
    assert window.answers.failed == []


def test_stop_ends_a_training_at_once(window: Window, sample: SampleSet, tmp_path: Path) -> None:
    load(window, sample)
    set_up(window, epochs=500)
    window.session.jobs.train(tmp_path / "run")
    window.until(lambda: window.session.jobs.monitor.rows)
    window.choose("Train", "Stop")
    window.until(lambda: window.session.jobs.monitor.phase is Phase.CANCELLED)
    assert not list((tmp_path / "run").glob(".tmp*"))


def test_closing_during_training_asks(window: Window, sample: SampleSet, tmp_path: Path) -> None:
    load(window, sample)
    set_up(window, epochs=500)
    window.session.jobs.train(tmp_path / "run")
    window.until(lambda: window.session.jobs.monitor.rows)
    window.choose("File", "Exit")
    assert "training is running" in window.answers.asked[-1]
    assert window.session.jobs.kind == "training"
    window.answers.choice = 0
    closed = []
    window.app.close = lambda: closed.append(window.session.jobs.monitor.phase)  # type: ignore[method-assign]
    window.choose("File", "Exit")
    asked = len(window.answers.asked)
    window.until(lambda: closed)
    del window.app.close
    assert closed == [Phase.FINISHED]
    assert len(window.answers.asked) == asked  # nothing is asked at night
    kept = load_project(tmp_path / "run.json")
    assert kept.runs == (tmp_path / "run",) and kept.specs.data.train_inputs
