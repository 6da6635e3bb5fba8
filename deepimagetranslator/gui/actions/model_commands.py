"""Commands of the Model and Train menus."""

from __future__ import annotations

import tkinter as tk
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app.views import TRAINING, Wanted, drawn
from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.config.specs import AugmentationSpec, ModelSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.actions.data_commands import DataCommands
from deepimagetranslator.gui.system_dialogs import WEIGHTS_TYPES
from deepimagetranslator.gui.windows_os import open_folder


class ModelCommands(DataCommands):
    """The network, its weights and their training."""

    def set_training(self) -> None:
        """Define training parameters."""
        from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog  # noqa: PLC0415

        TrainingDialog.open(
            self.root,
            self.session.specs.training,
            on_ok=lambda spec: self.session.set_section("training", spec),
        )

    def new_model(self) -> None:
        """Define a new network and make it the current model."""
        from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog  # noqa: PLC0415

        def create(model: ModelSpec, large_images: str) -> None:
            data = replace(self.session.specs.data, large_images=large_images)
            self.session.set_section("data", data)
            self.session.set_model(model)

        ModelDialog.open(
            self.root,
            self.session.specs.model,
            self.session.specs.training,
            self.session.pair_shape(),
            on_ok=create,
            large_images=self.session.specs.data.large_images,
        )

    def load_weights(self) -> None:
        """Choose a weights file."""
        settings = self.session.settings
        path = self.boxes.open_file("Load weights", settings.folder("weights"), WEIGHTS_TYPES)
        if path is not None:
            settings.used_folder("weights", path.parent)
            self.session.load_weights(path)

    def save_weights(self) -> None:
        """Save a copy of the current model."""
        if self.session.weights is None:
            raise UserError("There is no model to save; make, load or train one first.")
        folder = self.session.settings.folder("weights")
        name = "model.weights.h5"
        path = self.boxes.save_file("Save current model weights", folder, name, WEIGHTS_TYPES)
        if path is not None:
            if not path.name.endswith((".h5", ".hdf5")):
                path = path.with_name(path.name + ".weights.h5")
            self.session.save_weights(path)

    def load_epoch(self) -> None:
        """Choose among the epochs whose weights were kept."""
        from deepimagetranslator.gui.dialogs.epoch_dialog import EpochDialog  # noqa: PLC0415

        found = [i for run in self.session.runs() for i in RunFolder(run).improvements()]
        monitor = self.session.monitor
        if monitor.run_dir is not None and monitor.run_dir not in self.session.runs():
            found += RunFolder(monitor.run_dir).improvements()
        if not found:
            raise UserError("There are no weights of an epoch yet; train the model first.")
        EpochDialog.open(self.root, found, self.session.load_weights)

    def describe_weights(self) -> None:
        """What the current model's file says of itself."""
        if self.session.weights is None:
            raise UserError("There is no model; make, load or train one first.")
        lines = "\n".join(self.session.weights_lines)
        self.boxes.tell("Weights", f"{self.session.weights}\n\n{lines}")

    def set_augmentation(self) -> None:
        """Choose the augmentation, with a preview of the user's own pair."""
        from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog  # noqa: PLC0415

        AugmentationDialog.open(
            self.root,
            self.session.specs.augmentation,
            self._draw_preview if self.session.matched.train else None,
            on_ok=lambda spec: self.session.set_section("augmentation", spec),
        )

    def _draw_preview(self, spec: AugmentationSpec, number: int) -> tuple[Array, Array | None]:
        """The pair in view as epoch ``number`` of training draws it. For a thread."""
        session = self.session
        data = session.dataset
        if data is None:
            raise UserError("Load training images and their targets to see a preview.")
        index = min(session.positions[TRAINING], len(data.train) - 1)
        pair = data.train[index]
        seed = session.specs.training.seed
        wanted = Wanted(TRAINING, index, len(data.train), pair.input, pair.target)
        wanted = replace(wanted, augmentation=spec, seed=seed, epoch=number)
        return drawn(data, wanted)

    def train(self) -> None:
        """Check the data, train the model and show the monitor."""
        self.when_checked(self._train)

    def _train(self, weights: Path | None = None) -> None:
        self.session.train(weights=weights)
        self.show_monitor()

    def train_from_weights(self) -> None:
        """Train from the weights of a file."""
        settings = self.session.settings
        path = self.boxes.open_file("Start from weights", settings.folder("weights"), WEIGHTS_TYPES)
        if path is not None:
            self.when_checked(lambda: self._train(path))

    def resume(self) -> None:
        """Go on with the last training after its last whole epoch."""
        run_dir = self.session.monitor.run_dir
        if run_dir is None or not RunFolder(run_dir).last.exists():
            runs = [run for run in self.session.runs() if RunFolder(run).last.exists()]
            if not runs:
                raise UserError("There is no training to resume; train the model first.")
            run_dir = runs[-1]
        self.session.train(run_dir, resume=True)
        self.show_monitor()

    def finish_early(self) -> None:
        """End the training after this epoch."""
        self._refuse_idle()
        self.session.finish_early()

    def stop(self) -> None:
        """Stop the job."""
        self._refuse_idle()
        self.session.stop()

    def _refuse_idle(self) -> None:
        if not self.session.job_kind:
            raise UserError("Nothing runs that could be stopped.")

    def show_monitor(self) -> None:
        """The training monitor, in front."""
        from deepimagetranslator.gui.monitor.training_monitor import MonitorActions, open_monitor  # noqa: PLC0415

        session, monitor = self.session, self.session.monitor

        def folder() -> None:
            if monitor.run_dir is not None:
                open_folder(monitor.run_dir)

        def best() -> None:
            if monitor.best_weights is not None:
                session.load_weights(monitor.best_weights)

        window = open_monitor(
            self.root,
            monitor,
            MonitorActions(
                finish=session.finish_early,
                stop=session.stop,
                force_stop=session.force_stop,
                load_best=best,
                translate=self.guarded(self.load_folder_for_translation),
                open_folder=folder,
                use_epoch=lambda _epoch, path: session.load_weights(path),
                resume=self.guarded(self.resume),
                show_details=lambda: self.boxes.tell("Details", monitor.details or "None."),
            ),
        )
        self._remember_place(window, "monitor geometry")

    def _remember_place(self, window: tk.Toplevel, name: str) -> None:
        """Put a window where it was last, and remember where it goes; once a window."""
        if getattr(window, "_place_is_remembered", False):
            return
        setattr(window, "_place_is_remembered", True)  # noqa: B010
        place = self.session.settings.get(name)
        if place:
            window.geometry(place)

        def note(_event: object) -> None:
            self.places[name] = window.geometry()

        window.bind("<Configure>", note, add=True)
