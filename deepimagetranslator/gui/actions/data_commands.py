"""Commands of the Data menu: checking, values, label colours, validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagetranslator.app.data_check import DataCheck
from deepimagetranslator.app.label_editor import count_colours
from deepimagetranslator.app.splitting import SplitWay
from deepimagetranslator.app.views import load
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.series import patient_of
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.actions.file_commands import FileCommands
from deepimagetranslator.gui.system_dialogs import IMAGE_TYPES

if TYPE_CHECKING:
    from deepimagetranslator.gui.data_check.check_window import CheckWindow


_PATIENCE_MS = 250


class DataCommands(FileCommands):
    """What is done with the loaded pairs before training."""

    @cached_property
    def check(self) -> DataCheck:
        """Pairs, findings and what was mended: the truth of the check window."""
        return DataCheck(self.session)

    def check_data(self) -> None:
        """The data doctor, in front."""
        self._open_check()

    def when_checked(self, train: Callable[[], object]) -> None:
        """Start a training at once if nothing speaks against it, else ask in the check window."""
        session, data = self.session, self.session.specs.data
        if not (data.train_inputs and data.train_targets) or session.job_kind:
            train()  # which says what is missing
        elif session.examination.running:
            # A check after a small change takes a moment only; a window would flash.
            self.root.after(_PATIENCE_MS, self.guarded(lambda: self._check_and_train(train)))
        else:
            self._check_and_train(train)

    def _check_and_train(self, train: Callable[[], object]) -> None:
        self.check.refresh()
        if self.session.examination.complete and not self.check.unseen() and not self.check.blocked:
            train()
        else:
            self._open_check().before_training(train)

    def _open_check(self) -> CheckWindow:
        from deepimagetranslator.gui.data_check.check_window import CheckWindow  # noqa: PLC0415

        for child in self.root.winfo_children():
            if isinstance(child, CheckWindow):
                child.to_front()
                return child
        return CheckWindow(self.root, self.check, self.guarded, self._ask_target, self._repair)

    def _ask_target(self) -> Path | None:
        folder = self.session.settings.folder("training targets")
        return self.boxes.open_file("Choose a target", folder, IMAGE_TYPES)

    def _repair(self, problem: Problem) -> None:
        if problem.kind == "blurred_labels":
            self.set_labels()  # shows what it would change before it does
        else:
            self.guarded(lambda: self.check.repair(problem))()

    def pairs_loaded(self) -> None:
        """Show at once which files of two folders have no partner."""
        if any(problem.fatal for problem in self.session.matched.problems):
            self.check_data()

    def split_validation(self) -> None:
        """Keep some persons' pairs for validation."""
        from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog  # noqa: PLC0415

        session = self.session
        pairs = [*session.matched.train, *session.matched.val]
        if not pairs:
            raise UserError("There are no pairs to split; load training images and targets first.")

        def split(way: SplitWay) -> None:
            warning = session.split_validation(way)
            train, val = len(session.matched.train), len(session.matched.val)
            note = f"\n\n{warning}" if warning else ""
            words = f"{train} training and {val} validation pairs.{note}"
            self.boxes.tell("Validation split", words)

        SplitDialog.open(
            self.root,
            pairs,
            SplitWay(seed=session.specs.training.seed),
            patient_of(pairs[0].input) is not None,
            on_ok=lambda way: self.guarded(lambda: split(way))(),
        )

    def set_values(self) -> None:
        """Choose which values become 0 and 1, looking at the training images' own."""
        from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import (  # noqa: PLC0415
            ValuesDialog,
            with_values,
        )

        session = self.session
        wanted = replace(session.wanted(), dataset=None, augmentation=None)

        def read_pair() -> tuple[Array | None, Array | None]:
            shown = load(wanted)
            return shown.input, shown.target

        def take(chosen: DataSpec) -> None:
            session.set_section("data", with_values(session.specs.data, chosen))

        ValuesDialog.open(self.root, session.specs.data, session.matched.train, read_pair, take)

    def set_labels(self) -> None:
        """Name, recolour and merge the classes of the targets, and make blurred ones exact."""
        from deepimagetranslator.gui.dialogs.labels.labels_dialog import LabelsDialog, with_labels  # noqa: PLC0415

        session = self.session
        targets = [pair.target for pair in session.matched.train]
        in_view = session.wanted().target or next(iter(targets), None)

        def read_target() -> tuple[Array, str] | None:
            return None if in_view is None else (read_image(in_view), in_view.name)

        def take(chosen: DataSpec) -> None:
            session.set_section("data", with_labels(session.specs.data, chosen))

        LabelsDialog.open(
            self.root,
            session.specs.data,
            lambda stopped: count_colours(targets, stopped),
            read_target,
            self.boxes.colour,
            take,
        )
