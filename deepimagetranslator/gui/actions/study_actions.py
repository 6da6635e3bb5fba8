"""The menu Train > Study: new, open and running studies."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from deepimagetranslator.app.events import StudyOpened, StudyReported
from deepimagetranslator.app.last_run import EarlierRun
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.study.outlook import Outlook
from deepimagetranslator.app.study.reading import read_run
from deepimagetranslator.app.study.studies import FOLDER, suggested_folder
from deepimagetranslator.app.study.study_state import StudyState
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.study.ensemble import scored_weights
from deepimagetranslator.core.system.system_path import exists
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.actions.window_places import WindowPlaces
from deepimagetranslator.gui.system_dialogs import Boxes
from deepimagetranslator.gui.windows_os import open_folder

PAGE = ".html"
"""The ending of a report that is opened outside this program."""


class StudyActions:
    """Makes, opens, runs and shows studies.

    Args:
        root: the root window.
        session: runs the study.
        boxes: message boxes.
        pickers: ask for files and folders.
        places: keep the position of the view.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, pickers: Pickers, places: WindowPlaces
    ) -> None:
        self._root = root
        self._session = session
        self._studies = session.studies
        self._boxes = boxes
        self._pickers = pickers
        self._places = places
        session.bus.subscribe(StudyOpened, self._on_opened)
        session.bus.subscribe(StudyReported, self._on_reported)

    def new(self) -> None:
        """Plan a study of the project."""
        from deepimagetranslator.gui.study.new_study_dialog import NewStudyDialog  # noqa: PLC0415

        project = self._session.project
        NewStudyDialog.open(
            self._root,
            project.contents,
            suggested_folder(self._session.settings, project.path),
            partial(self._pickers.folder, "Folder of studies", FOLDER),
            self._guarded_for(self._make, "New study"),
        )

    def open(self) -> None:
        """Open a study."""
        folder = self._pickers.folder("Open study", FOLDER)
        if folder is not None:
            self._session.settings.used_folder(FOLDER, folder.parent)
            self.open_folder(folder)

    def open_folder(self, folder: Path) -> None:
        """Open the study in a folder."""
        self._studies.open(folder)

    def recent(self) -> list[Path]:
        """The folders of recent studies."""
        return self._studies.recent

    def may_plan(self) -> bool:
        """Whether there are images and targets for a study."""
        data = self._session.project.specs.data
        return bool(data.train_inputs and data.train_targets)

    def has_study(self) -> bool:
        """Whether a study is open."""
        return self._studies.state is not None

    def show(self) -> None:
        """Show the open study."""
        from deepimagetranslator.gui.study.study_window import (  # noqa: PLC0415
            StudyWindowActions,
            open_study_window,
        )

        studies, guarded, named = self._studies, self._boxes.guarded, self._guarded_for
        actions = StudyWindowActions(
            run=guarded(studies.run, "Run study"),
            stop=studies.stop,
            force_stop=studies.force_stop,
            again=named(studies.run, "Try again"),
            open_cell=named(self.open_cell, "Show training"),
            use_weights=named(self.use_weights, "Use its weights"),
            report=guarded(studies.report, "Make report"),
            open_folder=guarded(self._open_own_folder, "Open folder"),
            refresh=studies.refresh,
        )
        window = open_study_window(self._root, studies, actions)
        self._places.follow(window, "study geometry")

    def open_cell(self, name: str) -> None:
        """Show the training of a cell in a monitor of its own.

        Raises:
            UserError: nothing of it is trained yet.
        """
        state = self._state()
        if name == state.current:
            self._show_monitor(state, name, state.monitor)
            return
        self._session.background.run(
            "training of a study",
            partial(read_run, state.folder, state.cells[name].cell),
            partial(self._show_run, state, name),
            partial(self._session.bus.publish_error, action="Show training"),
        )

    def use_weights(self, name: str) -> None:
        """Make the scored weights of a cell the current model.

        Raises:
            UserError: there are none.
        """
        state = self._state()
        path = scored_weights(state.plan, state.folder, state.cells[name].cell)
        if not exists(path):
            raise UserError(f"There is no weights file {path}; it was moved or deleted.")
        self._session.model.load(path)

    def _guarded_for(self, action: Callable[[Any], object], name: str) -> Callable[[Any], None]:
        """As ``Boxes.guarded``, for an action with an argument."""
        return lambda argument: self._boxes.guarded(partial(action, argument), name)()

    def _make(self, outlook: Outlook) -> None:
        if outlook.study is not None:
            self._studies.make(outlook.study, Path(outlook.draft.output.strip()))

    def _on_opened(self, _change: StudyOpened) -> None:
        """Show the study, and measure how long it takes if the worker is free."""
        self.show()
        state = self._studies.state
        if state is not None and state.open_cells and state.forecast is None:
            with suppress(UserError):  # a job is running; the epochs will tell
                self._studies.forecast()

    def _on_reported(self, change: StudyReported) -> None:
        from deepimagetranslator.gui.study.study_window import StudyWindow  # noqa: PLC0415

        for window in self._root.winfo_children():
            if isinstance(window, StudyWindow):
                window.show_report()
        page = next((path for path in change.files if path.suffix == PAGE), None)
        if page is not None:
            self._boxes.guarded(partial(open_folder, page), "Open report")()

    def _open_own_folder(self) -> None:
        open_folder(self._state().folder.path)

    def _show_run(self, state: StudyState, name: str, run: EarlierRun) -> None:
        monitor, training = MonitorState(), run.training
        monitor.recall(
            run.run_dir, training.epochs, training.judge, run.history, run.log, run.inputs
        )
        self._show_monitor(state, name, monitor)

    def _show_monitor(self, state: StudyState, name: str, monitor: MonitorState) -> None:
        from deepimagetranslator.gui.monitor.training_monitor import (  # noqa: PLC0415
            MonitorActions,
            TrainingMonitor,
        )

        model, studies = self._session.model, self._studies
        studies.previews.show(state, name, monitor)
        folder = state.folder.cell(state.cells[name].cell)
        actions = MonitorActions(
            finish=None,
            stop=studies.stop,
            force_stop=studies.force_stop,
            load_best=lambda: model.load(folder.run.best),
            translate=None,
            open_folder=self._boxes.guarded(partial(open_folder, folder.path), "Open folder"),
            use_epoch=lambda _epoch, path: model.load(path),
            ask_file=partial(self._pickers.new_file, purpose="curves"),
            show_error=lambda title, text: self._boxes.fail(title, text, ""),
        )
        TrainingMonitor(self._root, monitor, actions, f"Training {name}").to_front()

    def _state(self) -> StudyState:
        state = self._studies.state
        if state is None:
            raise UserError("There is no open study; open one first.")
        return state
