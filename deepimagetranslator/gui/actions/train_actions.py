"""The Train menu: augmentation, training and its monitor."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from deepimagetranslator.app.session import Session
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.views import TRAINING, Wanted, sample_pair
from deepimagetranslator.core.checks.repairs import repaired
from deepimagetranslator.core.config.specs import AugmentationSpec
from deepimagetranslator.core.errors import Repair, UserError
from deepimagetranslator.core.labelling.loop.without_targets import require_targets
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.runs.run_state import last_to_go_on
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.actions.window_places import WindowPlaces
from deepimagetranslator.gui.system_dialogs import WEIGHTS_TYPES, Boxes
from deepimagetranslator.gui.windows_os import open_folder

Action = Callable[[], object]


class TrainActions:
    """Starts, monitors and ends a training.

    Args:
        root: the root window.
        session: runs the training.
        boxes: message boxes.
        pickers: ask for files.
        places: keep the position of the monitor window.
        when_checked: called with a function that starts a training; calls that function after the
            data check.
        load_translation_folder: the action of the monitor's button "Translate images".
    """

    def __init__(
        self,
        root: tk.Tk,
        session: Session,
        boxes: Boxes,
        pickers: Pickers,
        places: WindowPlaces,
        when_checked: Callable[[Action], object],
        load_translation_folder: Action,
    ) -> None:
        self._root = root
        self._session = session
        self._jobs = session.jobs
        self._boxes = boxes
        self._pickers = pickers
        self._places = places
        self._when_checked = when_checked
        self._load_translation_folder = load_translation_folder

    def set_augmentation(self) -> None:
        """Choose the augmentation, with a preview on the pair in view."""
        from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog  # noqa: PLC0415

        project = self._session.project
        AugmentationDialog.open(
            self._root,
            project.section_start("augmentation"),
            self.sample_preview if project.matched.train else None,
            on_ok=partial(project.set_section, "augmentation"),
        )

    def sample_preview(self, spec: AugmentationSpec, number: int) -> tuple[Array, Array | None]:
        """The training pair in view, augmented as in epoch ``number``. Run it in a thread.

        Raises:
            UserError: the pairs have not been read yet, or there are none.
        """
        project = self._session.project
        data = project.dataset
        if data is None:
            raise UserError("Load training images and their targets to see a preview.")
        index = min(self._session.viewer.positions[TRAINING], len(data.train) - 1)
        pair = data.train[index]
        seed = project.specs.training.seed
        wanted = Wanted(TRAINING, index, len(data.train), pair.input, pair.target)
        wanted = replace(wanted, augmentation=spec, seed=seed, epoch=number)
        return sample_pair(data, wanted)

    def start(self) -> None:
        """Check the data, train the model and show the monitor.

        Raises:
            UserError: images without targets are being labelled.
        """
        store = LabelStore(self._session.labelling.place.folder)
        require_targets(self._session.project.specs.data, store)
        self._when_checked(self._train)

    def start_again(self, repair: Repair) -> None:
        """Start the last training anew with the settings of a repair."""
        project = self._session.project
        project.set_specs(repaired(project.specs, repair))
        self._train(self._jobs.start_weights)  # the data were checked before

    def start_from_weights(self) -> None:
        """Train from the weights of a file."""
        path = self._pickers.file("Start from weights", "weights", WEIGHTS_TYPES)
        if path is not None:
            self._when_checked(lambda: self._train(path))

    def resume(self) -> None:
        """Resume the last training after its last completed epoch; without one it begins again."""
        run_dir = self._last_run()
        if run_dir is None:
            raise UserError("There is no training to resume; train the model first.")
        self._jobs.train(run_dir, resume=True)
        self.show_monitor()

    def _last_run(self) -> Path | None:
        """The folder of the last training that can go on; None if there is none."""
        shown = self._jobs.monitor.run_dir
        return last_to_go_on([*self._session.project.runs, *([shown] if shown else [])])

    def finish_early(self) -> None:
        """End the training after this epoch."""
        self._jobs.finish_early()

    def stop(self) -> None:
        """Stop the running job."""
        self._jobs.stop()

    def may_start(self) -> bool:
        """Whether there are images and targets to train on, and no job is running."""
        data = self._session.project.specs.data
        return bool(data.train_inputs and data.train_targets and not self._jobs.kind)

    def may_resume(self) -> bool:
        """Whether there is a training to resume, and no job is running."""
        return not self._jobs.kind and self._last_run() is not None

    def may_finish(self) -> bool:
        """Whether a training is running that can be ended after this epoch."""
        return self._jobs.kind == "training" and self._jobs.monitor.may_finish

    def may_stop(self) -> bool:
        """Whether a job is running that was not asked to stop yet."""
        return bool(self._jobs.kind) and not self._jobs.stopping

    def has_trained(self) -> bool:
        """Whether there is a training to show in the monitor."""
        return self._jobs.monitor.phase is not Phase.IDLE

    def show_monitor(self) -> None:
        """Open the training monitor, or bring it to the front."""
        from deepimagetranslator.gui.monitor.training_monitor import MonitorActions, open_monitor  # noqa: PLC0415

        jobs, model, monitor = self._jobs, self._session.model, self._jobs.monitor

        def folder() -> None:
            if monitor.run_dir is not None:
                open_folder(monitor.run_dir)

        def best() -> None:
            if monitor.best_weights is not None:
                model.load(monitor.best_weights)

        actions = MonitorActions(
            finish=jobs.finish_early,
            stop=jobs.stop,
            force_stop=jobs.force_stop,
            load_best=best,
            translate=self._boxes.guarded(self._load_translation_folder, "Translate images"),
            open_folder=folder,
            use_epoch=self._use_epoch,
            ask_file=partial(self._pickers.new_file, purpose="curves"),
            show_error=lambda title, text: self._boxes.fail(title, text, ""),
            resume=self._boxes.guarded(self.resume, "Resume training"),
            show_details=lambda: self._boxes.inform("Details", monitor.details or "None."),
        )
        self._places.follow(open_monitor(self._root, monitor, actions), "monitor geometry")

    def _use_epoch(self, epoch: int, path: Path) -> None:
        """Make an epoch's checkpoint the current model; asks while the training still runs."""
        question = (
            f"The training goes on. Use the weights of epoch {epoch} for the predictions from now "
            "on, instead of the best weights after each epoch?"
        )
        answers = (f"Use epoch {epoch}", "Cancel")
        running = self._jobs.kind == "training"
        if not running or self._boxes.choose("Use this epoch's weights", question, answers) == 0:
            self._session.model.load(path)

    def _train(self, weights: Path | None = None) -> None:
        self._jobs.train(weights=weights)
        self.show_monitor()
