"""The current model: the weights by which images are previewed, translated and evaluated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.events import Bus, ProblemOccurred, ProjectReplaced, WeightsChanged
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ModelInitialised, WeightsDescribed
from deepimagetranslator.core.messages.requests import DescribeWeights, InitialiseModel
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import atomic_write


class CurrentModel:
    """A weights file, and what it says of itself. Another project brings its own, or none.

    Args:
        send: sends a request to the engine.
        project: gives the sizes of a new model, and the weights of its last run.
        bus: is told of ``WeightsChanged``.

    Attributes:
        weights: the file, None while there is none.
        lines: what the file says of itself.
        scalings: of the inputs and targets that it was trained with, as far as they are known.
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
        self._clear()
        bus.subscribe(ProjectReplaced, self._on_project)

    def _clear(self) -> None:
        self.weights: Path | None = None
        self.lines: tuple[str, ...] = ()
        self.scalings: tuple[IntensityNormalization | None, IntensityNormalization | None]
        self.scalings = None, None

    def create(self, model: ModelSpec, chosen: frozenset[str] | None = None) -> None:
        """Take over a network into the project and make it, with new weights, the current model."""
        self._project.set_section("model", model, chosen)
        path = paths.user_folder() / "unsaved" / "new-model.weights.h5"
        seed = self._project.specs.training.seed
        self._send(InitialiseModel(self._project.sized(model), path, seed))

    def load(self, path: Path) -> None:
        """Make a weights file the current model; the engine describes it first."""
        self._send(DescribeWeights(path))

    def follow(self, path: Path) -> None:
        """Use weights that a running training has just written; its end loads them."""
        self.weights = path

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
        """The engine has read a weights file: it is the current model now."""
        if event.problem:
            self._bus.publish(ProblemOccurred(event.problem))
            return
        self.weights = Path(event.path)
        self.lines, self.scalings = event.lines, event.scalings
        self._bus.publish(WeightsChanged())

    def take_new(self, event: ModelInitialised) -> None:
        """The engine has made a new model, or says why it could not."""
        if event.problem:
            self._bus.publish(ProblemOccurred(event.problem))
        else:
            self.load(Path(event.path))

    def _on_project(self, _change: ProjectReplaced) -> None:
        self._clear()
        best = (RunFolder(run).best for run in reversed(self._project.runs))
        latest = next((path for path in best if path.exists()), None)
        if latest is not None:
            self.load(latest)
        self._bus.publish(WeightsChanged())
