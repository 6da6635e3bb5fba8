"""What the panes show: a place in a part, and the current model's translation of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app import views
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.session_base import SessionBase
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION, Shown, Wanted
from deepimagetranslator.core.config.specs import OPERATIONS
from deepimagetranslator.core.data.intensity.chosen import chosen_windows
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.requests import DescribeWeights, PreviewTranslation
from deepimagetranslator.core.system.atomic_write import atomic_write


class ViewingSession(SessionBase):
    """A session through whose images one can step, and whose model shows what it makes of them."""

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        super().__init__(client, settings)
        self._shown: Shown | None = None
        self._preview_number = 0
        self._wanted_number = 0

    # ---- looking ---------------------------------------------------------------------------

    def count(self, part: str | None = None) -> int:
        """How many images a part has."""
        return len(self._entries(part or self.part))

    def show_part(self, part: str) -> None:
        """Show the training, validation or translated images."""
        self.part = part
        self.show()

    def step(self, by: int) -> None:
        """The next or previous image; wraps around."""
        if self.count():
            self.go(self.positions[self.part] + by)

    def go(self, index: int) -> None:
        """The image at ``index``; wraps around."""
        if self.count():
            self.positions[self.part] = index % self.count()
            self.show()

    def show(self) -> None:
        """Load what the panes show, in the background; "view" tells when it is there."""
        wanted = self.wanted()
        self.background.run("view", lambda: views.load(wanted), self._loaded, self._failed)

    def wanted(self) -> Wanted:
        """What the panes should show."""
        entries = self._entries(self.part)
        if not entries:
            return Wanted(self.part, 0, 0)
        index = min(self.positions[self.part], len(entries) - 1)
        source, target = entries[index]
        wanted = Wanted(
            self.part,
            index,
            len(entries),
            source,
            target,
            self.translated.get(source) if source and self.part == TRANSLATED else None,
            seed=self.specs.training.seed,
        )
        augmentation = self.specs.augmentation
        drawable = self.dataset is not None and source is not None and target is not None
        on_validation = any(augmentation.ticks(name)[2] for name in OPERATIONS)
        if drawable and (
            (self.part == TRAINING and self.augmented)
            or (self.part == VALIDATION and on_validation)
        ):
            wanted = replace(wanted, dataset=self.dataset, augmentation=augmentation)
        return wanted

    def normalizations(
        self,
    ) -> tuple[IntensityNormalization | None, IntensityNormalization | None]:
        """How the values of the inputs and targets in view are scaled, as far as it is known."""
        if self.part == TRANSLATED:
            return self.weights_scalings
        if self.dataset is not None:
            return self.dataset.input_scaling, self.dataset.target_scaling
        return chosen_windows(self.specs.data)

    def _entries(self, part: str) -> list[tuple[Path | None, Path | None]]:
        if part == TRANSLATED:
            return [(path, None) for path in self.to_translate]
        pairs = self.matched.train if part == TRAINING else self.matched.val
        if pairs:
            return [(pair.input, pair.target) for pair in pairs]
        data = self.specs.data
        inputs, targets = (
            (data.train_inputs, data.train_targets)
            if part == TRAINING
            else (data.val_inputs, data.val_targets)
        )
        # One side alone is shown too, as it is being loaded.
        if inputs:
            return [(Path(path), None) for path in inputs]
        return [(None, Path(path)) for path in targets]

    def _loaded(self, shown: Shown) -> None:
        self._shown = shown
        self._tell("view", shown)
        self.predict()

    def predict(self) -> None:
        """Have the image in view translated by the current model."""
        shown = self._shown
        if self.weights is None or shown is None or shown.for_model is None:
            return
        if shown.output is not None:
            return
        self._wanted_number = self._next_number()
        name = shown.wanted.input.name if shown.wanted.input else ""
        request = PreviewTranslation(self._wanted_number, self.weights, shown.for_model, name)
        self.client.send(request)

    @property
    def preview_note(self) -> str:
        """For the caption of the model's translation of the image in view; mostly empty."""
        shown = self._shown
        if shown is None or shown.for_model is None or shown.for_model is shown.input:
            return ""
        height, width = shown.for_model.shape[:2]
        return f"of the image at {width} x {height}"

    def _next_number(self) -> int:
        self._preview_number += 1
        return self._preview_number

    # ---- weights ---------------------------------------------------------------------------

    def load_weights(self, path: Path) -> None:
        """Make a weights file the current model; it is described first."""
        self.client.send(DescribeWeights(path))

    def save_weights(self, path: Path) -> None:
        """Copy the current model's file.

        Raises:
            UserError: there is no model, or the copy cannot be written.
        """
        if self.weights is None:
            raise UserError("There is no model to save; make, load or train one first.")
        with atomic_write(path) as temporary:
            shutil.copyfile(self.weights, temporary)
