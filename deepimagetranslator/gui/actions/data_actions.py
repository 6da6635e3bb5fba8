"""The Data menu: data check, intensity normalization, label colours, validation split."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from deepimagetranslator.app.data_check import DataCheck
from deepimagetranslator.app.events import ViewLoaded
from deepimagetranslator.app.label_editor import count_colours
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.splitting import SplitWay
from deepimagetranslator.app.views import load
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.persons import Tree
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import Problem, Repair, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.system_dialogs import IMAGE_TYPES, Boxes

if TYPE_CHECKING:
    from deepimagetranslator.gui.data_check.check_window import CheckWindow
    from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import ValuesDialog


_PATIENCE_MS = 250


class DataActions:
    """Actions on the loaded pairs before training.

    Args:
        root: the root window.
        session: holds the pairs.
        boxes: file pickers and message boxes.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes) -> None:
        self._root = root
        self._session = session
        self._project = session.project
        self._boxes = boxes
        self._values: ValuesDialog | None = None
        session.bus.subscribe(ViewLoaded, self._fill_values)

    @cached_property
    def check(self) -> DataCheck:
        """The state of the check window: pairs, findings, repairs."""
        return DataCheck(self._project)

    def has_files(self) -> bool:
        """Whether there are training images or targets."""
        data = self._project.specs.data
        return bool(data.train_inputs or data.train_targets)

    def has_pairs(self) -> bool:
        """Whether there are pairs of images and targets."""
        return bool(self._project.matched.train or self._project.matched.val)

    def check_data(self) -> None:
        """Open the window of the data check, or bring it to the front."""
        self._open_check()

    def pairs_loaded(self) -> None:
        """Open the data check if files of the two loaded folders have no partner."""
        if any(problem.fatal for problem in self._project.matched.problems):
            self.check_data()

    def persons_loaded(self, tree: Tree) -> None:
        """Open the data check if files have no partner, else ask which persons validate."""
        if tree.left_out:
            names = " and ".join(folder.name for folder in tree.left_out)
            words = f"Images in {names} are for a test; they were not loaded."
            self._boxes.inform("Load persons", words)
        if any(problem.fatal for problem in self._project.matched.problems):
            self.check_data()
        elif tree.folders and not self._project.matched.val:
            self.split_validation()

    # ---- before a training -----------------------------------------------------------------

    def when_checked(self, train: Callable[[], object]) -> None:
        """Start a training if the check has no unseen findings, else open the check window.

        Args:
            train: starts the training.
        """
        data = self._project.specs.data
        if not (data.train_inputs and data.train_targets) or self._session.jobs.kind:
            train()  # raises the error that says what is missing
        elif self._project.reader.running:
            # The check after a small change is quick; its window would only flash.
            check = self._boxes.guarded(lambda: self._check_and_train(train), "Train model")
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
        if chosen is None:
            return None
        self._session.settings.used_folder("training targets", chosen.parent)
        return ImageRef(chosen)

    def _repair(self, problem: Problem, repair: Repair) -> None:
        if problem.kind == "blurred_labels":
            self.set_labels()  # previews the change first
        elif problem.kind == "no_validation":
            self.split_validation()  # shows the groups first
        else:
            self._boxes.guarded(lambda: self.check.repair(repair), "Repair")()

    # ---- dialogs ---------------------------------------------------------------------------

    def split_validation(self) -> None:
        """Ask how to split the pairs into training and validation, then split them."""
        from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog  # noqa: PLC0415

        project, matched = self._project, self._project.matched
        pairs = [*matched.train, *matched.val]
        if not pairs:
            raise UserError("There are no pairs to split; load training images and targets first.")

        def split(way: SplitWay) -> None:
            warning = project.split_validation(way)
            train, val = len(project.matched.train), len(project.matched.val)
            note = f"\n\n{warning}" if warning else ""
            words = f"{train} training and {val} validation pairs.{note}"
            self._boxes.inform("Validation split", words)

        SplitDialog.open(
            self._root,
            matched.train,
            SplitWay(seed=project.specs.training.seed),
            patient_of(pairs[0].input) is not None,
            on_ok=lambda way: self._boxes.guarded(lambda: split(way), "Validation split")(),
            val=matched.val,
            persons=project.specs.data.persons,
        )

    def set_values(self) -> None:
        """Choose the intensity normalization, with a histogram of the training images' values."""
        from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import (  # noqa: PLC0415
            ValuesDialog,
            with_values,
        )

        project = self._project

        def take(chosen: DataSpec) -> None:
            project.set_section("data", with_values(project.specs.data, chosen))

        data, pairs = project.specs.data, project.matched.train
        self._values = ValuesDialog.open(self._root, data, pairs, self._pair_in_view(), take)

    def _pair_in_view(self) -> Callable[[], tuple[Array | None, Array | None]]:
        """A function that reads the pair in view, not augmented."""
        wanted = replace(self._session.viewer.wanted(), dataset=None, augmentation=None)

        def read_pair() -> tuple[Array | None, Array | None]:
            shown = load(wanted)
            return shown.input, shown.target

        return read_pair

    def _fill_values(self, _change: ViewLoaded) -> None:
        """Show images that were still being loaded when the dialog of values was opened."""
        if self._values is not None and self._values.winfo_exists():
            self._values.fill(self._project.matched.train, self._pair_in_view())

    def set_labels(self) -> None:
        """Name, recolour and merge the targets' classes; replace blurred colours by exact ones."""
        from deepimagetranslator.gui.dialogs.labels.labels_dialog import LabelsDialog, with_labels  # noqa: PLC0415

        project = self._project
        pairs = project.matched.train
        in_view = self._session.viewer.wanted().files[1] or next(iter(pairs), None)

        def read() -> tuple[Array, str] | None:
            if in_view is None:
                return None
            image = in_view.target if isinstance(in_view, ImagePair) else in_view
            return read_target(in_view), image.name

        def take(chosen: DataSpec) -> None:
            project.set_section("data", with_labels(project.specs.data, chosen))

        LabelsDialog.open(
            self._root,
            project.specs.data,
            lambda stopped: count_colours(pairs, stopped),
            read,
            self._boxes.colour,
            take,
        )
