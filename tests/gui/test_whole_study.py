"""A study by the real window and the real engine: planned, stopped, resumed, killed, reported."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from window import Window

from deepimagetranslator import cli
from deepimagetranslator.app.study.axes import Axis
from deepimagetranslator.app.study.study_state import Phase
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.core.study.status import Step
from deepimagetranslator.gui.actions import study_actions
from deepimagetranslator.gui.study.new_study_dialog import NewStudyDialog
from deepimagetranslator.gui.study.study_window import StudyWindow

QUICK = (
    *("model.depth=1", "model.base_filters=4", "model.normalization=none"),
    *("model.initialization=he_normal", "training.optimizer=sgd", "training.schedule=constant"),
    *("training.precision=float32", "training.metrics="),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three drawn persons, two slices of 32 x 32 pixels each."""
    folder = tmp_path_factory.mktemp("study")
    write_sample(folder / "persons", size=32, people=[1, 2, 3], slices=2)
    project = folder / "project.json"
    line = ["new", str(project), "--persons", str(folder / "persons")]
    assert cli.main([*line, *(word for text in QUICK for word in ("--set", text))]) == 0
    return project


def steps(window: Window) -> list[Step]:
    state = window.session.studies.state
    assert state is not None
    return [found.step for found in state.cells.values()]


def idle(window: Window) -> bool:
    studies = window.session.studies
    return studies.state is not None and not studies.state.busy and not studies.reading


def press(window: Window, view: StudyWindow, name: str) -> None:
    """Press a button of the view as soon as it can be pressed."""
    window.until(lambda: view.buttons[name].instate(["!disabled"]))
    view.buttons[name].invoke()


def test_a_study_is_planned_stopped_resumed_killed_and_reported(
    window: Window, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(study_actions, "open_folder", shown.append)
    window.session.loader.open(project)
    window.until(lambda: window.session.project.dataset is not None)
    window.choose("Study", "New study...")
    dialog = window.dialog(NewStudyDialog)
    assert isinstance(dialog, NewStudyDialog)
    dialog.axes.add(Axis("training.learning_rate", "0.1, 0.01"))
    dialog.texts["epochs"].set("2")
    folder = tmp_path / "my study"
    dialog.texts["output"].set(str(folder))
    window.until(lambda: dialog.value() is not None)
    assert dialog.count.cget("text") == "6 trainings: 2 variations × 3 folds."
    dialog.ok_button.invoke()

    window.until(lambda: window.session.studies.state is not None)
    view = window.dialog(StudyWindow)
    assert isinstance(view, StudyWindow)
    studies = window.session.studies
    state = studies.state
    assert state is not None
    window.until(lambda: state.forecast is not None and idle(window))
    assert state.forecast is not None and state.forecast[0] == 6 and state.forecast[1] > 0
    window.until(lambda: "6 trainings, about" in view.remark.cget("text"))

    press(window, view, "run")
    window.until(lambda: Step.DONE in steps(window) and state.current)
    window.until(lambda: state.cells[state.current].epoch == 1 if state.current else False)
    assert window.session.client.alive and not window.session.jobs.monitor.rows
    window.choose("File", "Exit")
    assert "A study is running" in window.answers.asked[-1] and state.busy, "it asks first"
    press(window, view, "stop")
    window.until(lambda: idle(window))
    done = [name for name, found in state.cells.items() if found.step is Step.DONE]
    assert done and Step.TO_DO in steps(window)
    weights = folder / "cells" / done[0] / "last.weights.h5"
    before = weights.stat().st_mtime_ns

    press(window, view, "run")
    count = len(done)
    window.until(lambda: steps(window).count(Step.DONE) > count and state.current)
    pid = window.session.client.pid
    assert pid is not None
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    window.until(lambda: idle(window) and state.message)
    window.until(lambda: "stopped unexpectedly" in view.remark.cget("text"))
    assert window.answers.failed == []

    press(window, view, "run")
    window.until(lambda: state.phase is Phase.RUNNING)
    window.until(lambda: idle(window) and steps(window) == [Step.DONE] * 6)
    assert weights.stat().st_mtime_ns == before, "what is done is not repeated"
    for cell in state.plan.cells():
        rows = RunFolder(folder / "cells" / cell.name).read_history()
        assert [row["epoch"] for row in rows] == [1, 2]
    window.until(lambda: view.curves.picture is not None)
    window.until(lambda: view.headline.cget("text") == "All trainings are done")
    values = [view.cells.table.item(name, "values")[-1] for name in state.cells]
    assert all(0 <= float(value) <= 1 for value in values)

    press(window, view, "report")
    window.until(lambda: "No p: with 3 persons" in view.summary.text.get("1.0", "end"))
    assert shown == [folder / "report" / "report.html"] and shown[0].exists()
    assert (folder / "report" / "summary.csv").exists()
    assert window.answers.failed == []
