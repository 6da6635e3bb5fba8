"""The current model: the weights that preview, translate and evaluate images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.events import Bus, ProblemOccurred, ProjectReplaced, WeightsChanged
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ModelInitialised, WeightsDescribed
from deepimagetranslator.core.messages.requests import DescribeWeights, InitialiseModel
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import atomic_write


class CurrentModel:
    """A weights file and its description. A project that is opened brings its own, or none.

    Args:
        send: sends a request to the worker.
        project: provides the sizes of a new model and the weights of its last run.
        bus: gets ``WeightsChanged``.

    Attributes:
        weights: the weights file; None if there is no model.
        lines: the description of the file, one sentence a line.
        normalizations: the intensity normalization of inputs and of targets in training; None
            where the file does not tell.
        palette: the label colours of its targets; None if they are not label maps, or unknown.
        epoch: the epoch after which the file was saved; 0 if unknown.
        domain_unknown: why images unlike the training images are not recognized, as a sentence;
            else empty.
    """

    def __init__(
        self,
        send: Callable[[DescribeWeights | InitialiseModel], object],
        project: ProjectState,
        bus: Bus,
    ) -> None:
        self._send = send
        self._project = project
        self._bus = bus
        self._follows = False
        self._asked: set[str] = set()
        self._outdated: set[str] = set()  # asked for by a project that was closed since then
        self._clear()
        bus.subscribe(ProjectReplaced, self._on_project)

    def _clear(self) -> None:
        self.weights: Path | None = None
        self.lines: tuple[str, ...] = ()
        self.normalizations: tuple[IntensityNormalization | None, IntensityNormalization | None]
        self.normalizations = None, None
        self.palette: Palette | None = None
        self.epoch = 0
        self.domain_unknown = ""

    @property
    def title(self) -> str:
        """The model in a few words, such as "best.weights.h5 of 2026-11-28_10-16-27, epoch 5"."""
        if self.weights is None:
            return ""
        words = self.weights.name
        if RunFolder(self.weights.parent).history.exists():
            words += f" of {self.weights.parent.name}"
        return f"{words}, epoch {self.epoch}" if self.epoch else words

    def create(self, model: ModelSpec, chosen: frozenset[str] | None = None) -> None:
        """Set the project's network, and initialize it as the current model."""
        self._project.set_section("model", model, chosen)
        path = paths.user_folder() / "unsaved" / "new-model.weights.h5"
        seed = self._project.specs.training.seed
        self._send(InitialiseModel(self._project.sized(model), path, seed))

    def load(self, path: Path) -> None:
        """Make a weights file the current model, after the worker has read its description.

        A training that is running does not replace it.
        """
        self._follows = False
        self._asked.add(str(path))
        self._outdated.discard(str(path))
        self._send(DescribeWeights(path))

    def follow_training(self) -> None:
        """Let the training that begins replace the current model, until another one is loaded."""
        self._follows = True

    def follow(self, path: Path, epoch: int, dataset: Dataset | None) -> None:
        """Use weights that a running training has just written, without reading a description.

        Args:
            path: the file.
            epoch: the epoch after which it was saved.
            dataset: the data set of the training; None if it is not known.
        """
        if self._follows:
            self.weights, self.epoch = path, epoch
            self.palette, self.normalizations = None, (None, None)
            self.domain_unknown = ""  # thresholds follow at the training's end
            if dataset is not None:
                self.palette = dataset.palette
                self.normalizations = dataset.input_scaling, dataset.target_scaling
            self._bus.publish(WeightsChanged())

    def load_trained(self, path: Path) -> None:
        """As ``load``, for the best weights of a training that has ended."""
        if self._follows:
            self.load(path)

    def moved(self, before: Path, after: Path) -> None:
        """Follow the file into another folder if its folder was moved."""
        if self.weights is not None and self.weights.is_relative_to(before):
            self.weights = after / self.weights.relative_to(before)
            self._bus.publish(WeightsChanged())

    def save(self, path: Path) -> None:
        """Copy the current model's file.

        Raises:
            UserError: there is no model, or the copy cannot be written.
        """
        if self.weights is None:
            raise UserError("There is no model to save; make, load or train one first.")
        with atomic_write(path) as temporary:
            shutil.copyfile(self.weights, temporary)

    def take_description(self, event: WeightsDescribed) -> None:
        """Handle the description of a weights file: the file becomes the current model."""
        self._asked.discard(event.path)
        if event.path in self._outdated:
            self._outdated.discard(event.path)
            return
        if event.problem:
            self._bus.publish(ProblemOccurred(event.problem, "Load model weights"))
            return
        self.weights = Path(event.path)
        self.lines, self.normalizations = event.lines, event.scalings
        self.palette, self.epoch = event.palette, event.epoch
        self.domain_unknown = event.domain_unknown
        self._bus.publish(WeightsChanged())

    def take_new(self, event: ModelInitialised) -> None:
        """Handle the initialization of a new model: load it, or publish why it failed."""
        if event.problem:
            self._bus.publish(ProblemOccurred(event.problem, "New model"))
        else:
            self.load(Path(event.path))

    def _on_project(self, _change: ProjectReplaced) -> None:
        self._clear()
        self._follows = False  # a training that is running is of the project before
        self._outdated |= self._asked
        best = (RunFolder(run).best for run in reversed(self._project.runs))
        latest = next((path for path in best if path.exists()), None)
        if latest is not None:
            self.load(latest)
        self._bus.publish(WeightsChanged())
