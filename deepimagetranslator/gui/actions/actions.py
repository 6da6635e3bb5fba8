"""The actions of the menus: an object per menu."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.session import Session
from deepimagetranslator.gui.actions.data_actions import DataActions
from deepimagetranslator.gui.actions.drop_actions import DropActions
from deepimagetranslator.gui.actions.evaluate_actions import EvaluateActions
from deepimagetranslator.gui.actions.file_actions import FileActions
from deepimagetranslator.gui.actions.help_actions import HelpActions
from deepimagetranslator.gui.actions.model_actions import ModelActions
from deepimagetranslator.gui.actions.notices import Notices
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.actions.study_actions import StudyActions
from deepimagetranslator.gui.actions.train_actions import TrainActions
from deepimagetranslator.gui.actions.translate_actions import TranslateActions
from deepimagetranslator.gui.actions.view_actions import ViewActions
from deepimagetranslator.gui.actions.window_places import WindowPlaces
from deepimagetranslator.gui.labelling.commands import LabelCommands
from deepimagetranslator.gui.labelling.loop_commands import LoopCommands
from deepimagetranslator.gui.system_dialogs import Boxes


class Actions:
    """Creates the menus' objects with their dependencies.

    Args:
        root: the root window.
        session: the state of the window.
        boxes: file pickers and message boxes.
        leave: ends the program.

    Attributes:
        file, data, model, train, study, translate, evaluate, view, help: an object per menu.
        drop: loads files that are dropped onto the window.
        labels: painting of label maps.
        loop: the next image to label, drafts, training on what is done.
        places: keeps the positions of other windows.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, leave: Callable[[], object]
    ) -> None:
        pickers = Pickers(boxes, session.settings)
        self.places = WindowPlaces(session.settings)
        self.data = DataActions(root, session, boxes)
        self.labels = LabelCommands(session, boxes)
        self.file = FileActions(
            session.project,
            session.loader,
            boxes,
            pickers,
            self.data.pairs_loaded,
            self.data.persons_loaded,
            leave,
            self.labels.may_close,
        )
        self.model = ModelActions(root, session, boxes, pickers)
        self.translate = TranslateActions(root, session, boxes, pickers)
        self.train = TrainActions(
            root,
            session,
            boxes,
            pickers,
            self.places,
            when_checked=self.data.when_checked,
            load_translation_folder=self.translate.load_folder,
        )
        self.loop = LoopCommands(session, boxes, self.train.show_monitor, self.labels.toggle)
        self.study = StudyActions(root, session, boxes, pickers, self.places)
        self.evaluate = EvaluateActions(root, session, boxes, pickers)
        self.drop = DropActions(self.file, session.loader, session.viewer, session.model)
        self.view = ViewActions(root, session.settings)
        self.help = HelpActions(root, session, boxes)
        again = {"training": self.train.start_again, "translation": self.translate.start_again}
        Notices(root, session, boxes, self.train.show_monitor, self.study.show, again)
