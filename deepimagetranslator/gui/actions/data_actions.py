"""The Data menu: checking, values, label colours, validation."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from deepimagetranslator.app.data_check import DataCheck
from deepimagetranslator.app.label_editor import count_colours
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.splitting import SplitWay
from deepimagetranslator.app.views import load
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.system_dialogs import IMAGE_TYPES, Boxes

if TYPE_CHECKING:
    from deepimagetranslator.gui.data_check.check_window import CheckWindow


_PATIENCE_MS = 250


class DataActions:
    """What is done with the loaded pairs before training.

    Args:
        root: of the window.
        session: holds the pairs.
        boxes: file pickers and message boxes.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes) -> None:
        self._root = root
        self._session = session
        self._project = session.project
        self._boxes = boxes

    @cached_property
    def check(self) -> DataCheck:
        """Pairs, findings and what was mended: the truth of the check window."""
        return DataCheck(self._project)

    def check_data(self) -> None:
        """The data doctor, in front."""
        self._open_check()

    def pairs_loaded(self) -> None:
        """Show at once which files of two folders have no partner."""
        if any(problem.fatal for problem in self._project.matched.problems):
            self.check_data()

    # ---- before a training -----------------------------------------------------------------

    def when_checked(self, train: Callable[[], object]) -> None:
        """Start a training at once if nothing speaks against it, else ask in the check window."""
        data = self._project.specs.data
        if not (data.train_inputs and data.train_targets) or self._session.jobs.kind:
            train()  # which says what is missing
        elif self._project.reader.running:
            # A check after a small change takes a moment only; a window would flash.
            check = self._boxes.guarded(lambda: self._check_and_train(train))
            self._root.after(_PATIENCE_MS, check)
        else:
            self._check_and_train(train)

    def _check_and_train(self, train: Callable[[], object]) -> None:
        self.check.refresh()
        if self._project.reader.complete and not self.check.unseen() and not self.check.blocked:
            train()
        else:
            self._open_check().before_training(train)

    def _open_check(self) -> CheckWindow:
        from deepimagetranslator.gui.data_check.check_window import CheckWindow  # noqa: PLC0415

        for child in self._root.winfo_children():
            if isinstance(child, CheckWindow):
                child.to_front()
                return child
        return CheckWindow(
            self._root,
            self._session,
            self.check,
            self._boxes.guarded,
            self._ask_target,
            self._repair,
        )

    def _ask_target(self) -> ImageRef | None:
        folder = self._session.settings.folder("training targets")
        chosen = self._boxes.open_file("Choose a target", folder, IMAGE_TYPES)
        return None if chosen is None else ImageRef(chosen)

    def _repair(self, problem: Problem) -> None:
        if problem.kind == "blurred_labels":
            self.set_labels()  # shows what it would change before it does
        else:
            self._boxes.guarded(lambda: self.check.repair(problem))()

    # ---- dialogs ---------------------------------------------------------------------------

    def split_validation(self) -> None:
        """Keep some persons' pairs for validation."""
        from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog  # noqa: PLC0415

        project = self._project
        pairs = [*project.matched.train, *project.matched.val]
        if not pairs:
            raise UserError("There are no pairs to split; load training images and targets first.")

        def split(way: SplitWay) -> None:
            warning = project.split_validation(way)
            train, val = len(project.matched.train), len(project.matched.val)
            note = f"\n\n{warning}" if warning else ""
            words = f"{train} training and {val} validation pairs.{note}"
            self._boxes.tell("Validation split", words)

        SplitDialog.open(
            self._root,
            pairs,
            SplitWay(seed=project.specs.training.seed),
            patient_of(pairs[0].input) is not None,
            on_ok=lambda way: self._boxes.guarded(lambda: split(way))(),
        )

    def set_values(self) -> None:
        """Choose which values become 0 and 1, looking at the training images' own."""
        from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import (  # noqa: PLC0415
            ValuesDialog,
            with_values,
        )

        project = self._project
        wanted = replace(self._session.viewer.wanted(), dataset=None, augmentation=None)

        def read_pair() -> tuple[Array | None, Array | None]:
            shown = load(wanted)
            return shown.input, shown.target

        def take(chosen: DataSpec) -> None:
            project.set_section("data", with_values(project.specs.data, chosen))

        ValuesDialog.open(self._root, project.specs.data, project.matched.train, read_pair, take)

    def set_labels(self) -> None:
        """Name, recolour and merge the classes of the targets, and make blurred ones exact."""
        from deepimagetranslator.gui.dialogs.labels.labels_dialog import LabelsDialog, with_labels  # noqa: PLC0415

        project = self._project
        targets = [pair.target for pair in project.matched.train]
        in_view = self._session.viewer.wanted().target or next(iter(targets), None)

        def read_target() -> tuple[Array, str] | None:
            return None if in_view is None else (read_image(in_view), in_view.name)

        def take(chosen: DataSpec) -> None:
            project.set_section("data", with_labels(project.specs.data, chosen))

        LabelsDialog.open(
            self._root,
            project.specs.data,
            lambda stopped: count_colours(targets, stopped),
            read_target,
            self._boxes.colour,
            take,
        )
