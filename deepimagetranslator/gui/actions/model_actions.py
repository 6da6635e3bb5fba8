"""The Model menu: hyperparameters, the network, its weights."""

from __future__ import annotations

import tkinter as tk
from dataclasses import replace
from functools import partial

from deepimagetranslator.app.session import Session
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.run_folder import Improvement, RunFolder
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.system_dialogs import WEIGHTS_TYPES, Boxes


class ModelActions:
    """Actions on the network and its weights.

    Args:
        root: the root window.
        session: holds the project and the current model.
        boxes: message boxes.
        pickers: ask for files.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes, pickers: Pickers) -> None:
        self._root = root
        self._session = session
        self._project = session.project
        self._model = session.model
        self._boxes = boxes
        self._pickers = pickers

    def set_training(self) -> None:
        """Edit the hyperparameters of training."""
        from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog  # noqa: PLC0415

        TrainingDialog.open(
            self._root,
            self._project.section_start("training"),
            on_ok=partial(self._project.set_section, "training"),
        )

    def new_model(self) -> None:
        """Define a new network, initialize it and make it the current model."""
        from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog  # noqa: PLC0415

        def create(model: ModelSpec, chosen: frozenset[str], large_images: str) -> None:
            data = replace(self._project.specs.data, large_images=large_images)
            self._project.set_section("data", data)
            self._model.create(model, chosen)

        specs = self._project.specs
        ModelDialog.open(
            self._root,
            self._project.section_start("model"),
            specs.training,
            self._project.pair_shape(),
            on_ok=create,
            large_images=specs.data.large_images,
        )

    def load_weights(self) -> None:
        """Choose a weights file and make it the current model."""
        path = self._pickers.file("Load weights", "weights", WEIGHTS_TYPES)
        if path is not None:
            self._model.load(path)

    def save_weights(self) -> None:
        """Save a copy of the current model."""
        if self._model.weights is None:
            raise UserError("There is no model to save; make, load or train one first.")
        title, name = "Save current model weights", "model.weights.h5"
        path = self._pickers.new_file(title, name, WEIGHTS_TYPES, "weights")
        if path is not None:
            if not path.name.endswith((".h5", ".hdf5")):
                path = path.with_name(path.name + ".weights.h5")
            self._model.save(path)

    def has_weights(self) -> bool:
        """Whether there is a current model."""
        return self._model.weights is not None

    def has_epochs(self) -> bool:
        """Whether there are checkpoints of epochs."""
        return bool(self._epochs())

    def _epochs(self) -> list[Improvement]:
        """The checkpoints of the project's runs and of the last training."""
        runs, last = self._project.runs, self._session.jobs.monitor.run_dir
        if last is not None and last not in runs:
            runs = [*runs, last]
        return [i for run in runs for i in RunFolder(run).improvements()]

    def load_epoch(self) -> None:
        """Choose an epoch's checkpoint and make it the current model."""
        from deepimagetranslator.gui.dialogs.epoch_dialog import EpochDialog  # noqa: PLC0415

        found = self._epochs()
        if not found:
            raise UserError("There are no weights of an epoch yet; train the model first.")
        EpochDialog.open(self._root, found, self._model.load)

    def describe_weights(self) -> None:
        """Show the description of the current model's file."""
        if self._model.weights is None:
            raise UserError("There is no model; make, load or train one first.")
        lines = "\n".join(self._model.lines)
        self._boxes.inform("Weights", f"{self._model.weights}\n\n{lines}")
