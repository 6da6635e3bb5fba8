"""The view of a study, without an engine: table, curves, buttons, report, keys."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from focus import focus
from quiet import QuietWindow
from study_sets import done_study, project_of_persons
from window import open_menu

from deepimagetranslator.core.messages.events import (
    BatchEnded,
    CellStarted,
    EpochEnded,
    EpochStarted,
    JobCancelled,
    JobFinished,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    ForecastStudy,
    ReportStudy,
    RunStudy,
)
from deepimagetranslator.core.study.new_study import Wishes, plan_study
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import crossed
from deepimagetranslator.gui.actions import study_actions
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor
from deepimagetranslator.gui.study.study_window import StudyWindow

OPEN, DONE = "augmentation-off_fold-3", "augmentation-on_fold-1"


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """A study of 2 x 3 cells of which the last is open."""
    project = project_of_persons(tmp_path / "p", ("anna", "bert", "carl"))
    varied = crossed(["augmentation=on,off"])
    study = plan_study(project, Wishes(variations=varied, settings=("training.epochs=4",)))
    folder = StudyFolder(tmp_path / "study")
    done_study(study, folder, lambda _cell, _person: 0.5, but=(OPEN,))
    rows = "".join(f"{n},{1 / n},{1.1 / n},2\n" for n in range(1, 5))
    place = folder.cells / DONE
    (place / "history.csv").write_text(f"epoch,loss,val_loss,seconds\n{rows}")
    (place / "last.weights.h5").write_bytes(b"weights")
    return folder


@pytest.fixture
def window(root: tk.Tk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuietWindow]:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    window = QuietWindow(root, tmp_path)
    yield window
    window.close()


@pytest.fixture
def view(window: QuietWindow, folder: StudyFolder) -> StudyWindow:
    """The view of the study, opened by the menu, after its forecast."""
    window.answers.paths = [folder.path]
    window.main.menus["Study"].invoke("Open study...")
    window.until(lambda: window.sessions.requests(ForecastStudy))
    window.answer(JobFinished({"trainings": 1, "seconds": 120.0}))
    view = next(w for w in window.root.winfo_children() if isinstance(w, StudyWindow))
    window.until(lambda: settled(view))
    return view


def settled(view: StudyWindow) -> bool:
    state, studies = view.studies.state, view.studies
    shown = state is not None and view._shown == (id(state), state.version, state.may_force, False)
    return shown and not studies.reading


def enabled(view: StudyWindow) -> set[str]:
    return {name for name, button in view.buttons.items() if button.instate(["!disabled"])}


def line(view: StudyWindow, name: str) -> list[str]:
    return [str(value) for value in view.cells.table.item(name, "values")]


def test_the_table_the_curves_and_the_forecast(window: QuietWindow, view: StudyWindow) -> None:
    assert view.headline.cget("text") == "5 of 6 trainings are done"
    assert view.remark.cget("text") == "1 training, about 2 min on this machine."
    assert "2 variations × 3 folds" in view.about.cget("text")
    assert "No p: with 3 persons" in view.about.cget("text")
    assert line(view, DONE)[:2] == ["augmentation-on", "1: anna"]
    assert line(view, DONE)[4:] == ["done", "4 of 4", "0.6667"]
    assert line(view, OPEN)[4:] == ["to do", "0 of 4", ""]
    window.until(lambda: view.curves.picture is not None)
    assert enabled(view) == {"folder", "report", "run", "close"}
    assert view.buttons["run"].cget("text") == "Resume"
    state = view.studies.state
    assert state is not None
    assert window.session.settings.get("folder studies") == str(state.folder.path.parent)


def test_it_fills_in_while_it_runs_and_can_be_stopped(
    window: QuietWindow, view: StudyWindow, folder: StudyFolder
) -> None:
    focus(view)
    view.event_generate("<Alt-r>")
    assert window.sessions.requests(RunStudy)[0].folder == folder.path
    window.answer(CellStarted(OPEN), EpochStarted(1, 4, 8), BatchEnded(1, 2, 8, 0.5, None))
    window.until(lambda: line(view, OPEN)[4] == "training")
    assert "epoch 1 of 4, step 2 of 8" in view.remark.cget("text")
    assert enabled(view) == {"folder", "stop", "close"}
    before = view.curves._lines
    window.answer(EpochEnded(1, 4, {"loss": 0.9, "val_loss": 1.0}, 2.0, 1, 1.0))
    window.until(lambda: line(view, OPEN)[5] == "1 of 4" and len(view.curves._lines) > len(before))
    window.answer(WorkerReady({}, "CPU"))
    window.answer(BatchEnded(2, 1, 8, 0.5, None))
    assert window.main.status.get().startswith("Study 6/6, epoch 2/4")
    view.event_generate("<Alt-s>")
    assert window.sessions.engine.asked == ["cancel"]
    window.until(lambda: view.buttons["stop"].cget("text") == "Stopping...")
    window.answer(JobCancelled())
    window.until(lambda: settled(view) and "run" in enabled(view))


def test_a_killed_worker_is_told_in_the_view(window: QuietWindow, view: StudyWindow) -> None:
    view.buttons["run"].invoke()
    window.answer(CellStarted(OPEN), WorkerDied(-9, "log"))
    window.until(lambda: settled(view) and "run" in enabled(view))
    assert "stopped unexpectedly" in view.remark.cget("text")
    assert str(view.remark.cget("style")) == "Error.TLabel"
    assert window.answers.failed == [], "the view says it itself"


def test_a_failed_cell_tells_its_reason_and_is_tried_again(
    window: QuietWindow, view: StudyWindow, folder: StudyFolder
) -> None:
    place = folder.cells / OPEN
    place.mkdir(parents=True)
    (place / "study-failure.txt").write_text("A file is missing.\n")
    focus(view)
    view.event_generate("<F5>")
    window.until(lambda: line(view, OPEN)[4] == "failed")
    view.cells.table.selection_set(OPEN)
    window.until(lambda: view.reason.cget("text") == "A file is missing.")
    view.buttons["again"].invoke()
    assert window.sessions.requests(RunStudy)[0].only == (OPEN,)


def test_a_double_click_opens_the_training(window: QuietWindow, view: StudyWindow) -> None:
    table = view.cells.table
    table.selection_set(DONE)
    focus(table)
    table.event_generate("<Return>")

    def monitors() -> list[TrainingMonitor]:
        return [w for w in window.root.winfo_children() if isinstance(w, TrainingMonitor)]

    window.until(monitors)
    (monitor,) = monitors()
    assert monitor.title() == f"Training {DONE}"
    assert monitor.state_shown.epochs_done == 4
    assert not monitor.buttons["finish"].winfo_manager()
    monitor.destroy()
    view.buttons["use"].invoke()
    weights = window.sessions.requests(DescribeWeights)[-1].path
    assert weights.name == "last.weights.h5" and weights.parent.name == DONE
    table.selection_set(OPEN)
    view.actions.open_cell(OPEN)
    window.until(lambda: window.answers.failed)
    assert "No epoch of" in window.answers.failed[0]


def test_the_report_opens_and_its_summary_is_shown(
    window: QuietWindow, view: StudyWindow, folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(study_actions, "open_folder", opened.append)
    view.buttons["report"].invoke()
    assert window.sessions.requests(ReportStudy)
    folder.report.mkdir()
    page, summary = folder.report / "report.html", folder.report / "report.md"
    summary.write_text(
        "# Study\n\nSix `cells`.\n\n![Loss](a.png)\n\n- one\n\n"
        "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |\n"
    )
    window.answer(JobFinished({"files": [str(page), str(summary)]}))
    assert opened == [page]
    window.until(lambda: "Six cells" in view.summary.text.get("1.0", "end"))
    text = view.summary.text.get("1.0", "end")
    assert (
        "•\tone" in text
        and "\ta\tb|c\n\t1\t2\n" in text
        and "---" not in text
        and "a.png" not in text
    )
    assert str(view.tabs.select()) == str(view.summary)


def test_recent_studies_are_in_the_menu(
    window: QuietWindow, view: StudyWindow, folder: StudyFolder
) -> None:
    view.destroy()
    menu = open_menu(window.main, "Study")
    assert menu.entrycget("end", "label") == str(folder.path)
    assert menu.entrycget("New study...", "state") == "disabled", "no images are loaded"
    menu.invoke(str(folder.path))
    window.until(lambda: [w for w in window.root.winfo_children() if isinstance(w, StudyWindow)])


@pytest.mark.parametrize("width", [1120, 760])
def test_all_buttons_are_seen_in_any_width(
    window: QuietWindow, view: StudyWindow, width: int
) -> None:
    view.geometry(f"{width}x600")
    window.until(lambda: view.winfo_width() == width)
    window.root.update()
    for name, button in view.buttons.items():
        right = button.winfo_rootx() - view.winfo_rootx() + button.winfo_width()
        below = button.winfo_rooty() - view.winfo_rooty() + button.winfo_height()
        assert right <= width and below <= 600, name


def test_names_of_variations_fit_their_column(window: QuietWindow, view: StudyWindow) -> None:
    measure = view.theme.font("text").measure
    assert view.cells.table.column("variation", "width") > measure("augmentation-off")
