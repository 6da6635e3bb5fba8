"""The project: its file, its choices, its pairs, and the reading of all its images."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.examination import Examination, Found
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.viewing import ViewingSession
from deepimagetranslator.app.views import PARTS, TRAINING
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.run_folder import RunFolder, runs_folder
from deepimagetranslator.core.config.specs import ModelSpec, Specs
from deepimagetranslator.core.config.validation import with_sizes
from deepimagetranslator.core.data import dataset as datasets
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.messages.requests import InitialiseModel
from deepimagetranslator.core.system import paths

# Pairing thousands of names takes longer than a window may wait: loading does it in its thread, and
# whoever asks again, for instance after a change of the network, has it at once.
match_once = lru_cache(4)(datasets.match)


class ChoosingSession(ViewingSession):
    """A session whose project can be changed, and which pairs and examines its files anew then.

    Attributes:
        examination: the reading of all files.
    """

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        super().__init__(client, settings)
        self.examination = Examination(self.background, self._examined, self._failed)

    # ---- the project -----------------------------------------------------------------------

    def open_project(self, path: Path) -> None:
        """Load a project file.

        Raises:
            UserError: it is none, or another window has it.
        """
        self._replace_project(load_project(path), path)
        self.settings.used_project(path)

    def new_project(self) -> None:
        """Begin anew."""
        self._replace_project(Project(), None)

    def save_project(self, path: Path) -> None:
        """Write the project file.

        Raises:
            UserError: it cannot be written, or another window has it.
        """
        self.lock.take(path)
        save_project(replace(self.project, run={}), path)
        self.path, self.changed = path, False
        self.settings.used_project(path)
        self._tell("project")

    def runs(self, path: Path | None = None) -> list[Path]:
        """The folders of the project's runs, by time."""
        path = path or self.path
        if path is None:
            return []
        return sorted(p for p in runs_folder(path).glob("*") if p.is_dir())

    @property
    def runs_home(self) -> Path:
        """Where new runs lie: beside the project's file if there is one."""
        return runs_folder(self.path) if self.path else paths.user_folder() / "runs"

    def set_section(self, section: str, spec: object) -> None:
        """Take over the choices of one section ("training", "model", "augmentation" ...)."""
        self.set_specs(replace(self.specs, **{section: spec}))  # type: ignore[arg-type]

    def set_specs(self, specs: Specs) -> None:
        """Take over all choices."""
        before = self.specs
        if specs == before:
            return
        self.project = replace(self.project, specs=specs)
        self.changed = True
        if (specs.data, specs.model, specs.training) == (
            before.data,
            before.model,
            before.training,
        ):
            self.show()
        else:
            self._rematch()
        self._tell("project")

    def set_model(self, model: ModelSpec) -> None:
        """Take over a network and make it, with new weights, the current model."""
        self.set_section("model", model)
        path = paths.user_folder() / "unsaved" / "new-model.weights.h5"
        self.client.send(InitialiseModel(self._sized(model), path, self.specs.training.seed))

    def _replace_project(self, project: Project, path: Path | None) -> None:
        if path is None:
            self.lock.release()
        else:
            self.lock.take(path)
        self.project, self.path, self.changed = project, path, False
        self.weights, self.weights_lines, self.weights_scalings = None, (), (None, None)
        self.positions = dict.fromkeys(PARTS, 0)
        self.part = TRAINING
        self._rematch()
        if path is not None:
            self._load_best_of(path)
        self._tell("project")
        self._tell("weights")

    def _load_best_of(self, path: Path) -> None:
        """The best weights of the project's latest run, if there is one."""
        for run_dir in reversed(self.runs(path)):
            if RunFolder(run_dir).best.exists():
                self.load_weights(RunFolder(run_dir).best)
                return

    # ---- pairs -----------------------------------------------------------------------------

    @property
    def obstacle(self) -> str:
        """Why the loaded pairs cannot be trained on, a sentence; empty if they can."""
        data = self.specs.data
        if not (data.train_inputs and data.train_targets):
            return ""
        fatal = [problem for problem in self.problems if problem.fatal]
        more = f" (and {len(fatal) - 1} more)" if len(fatal) > 1 else ""
        return f"{fatal[0]}{more}" if fatal else ""

    def pair_shape(self) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
        """Height, width and channels of the first pair's input and target, if there is one."""
        if not self.matched.train:
            return None
        try:
            first = self.matched.train[0]
            return image_size(first.input)[:3], image_size(first.target)[:3]
        except UserError:
            return None

    def _sized(self, model: ModelSpec) -> ModelSpec:
        """The model with the sizes and channels that the data decide; else those of a 256 image."""
        if self.dataset is not None:
            return self.dataset.model
        shape = self.pair_shape() or ((256, 256, 3), (256, 256, 3))
        return with_sizes(model, *shape)

    def examine(self) -> None:
        """Read the files again, for instance after the reading was cancelled."""
        if self.matched.train:
            self.examination.start(self.specs, self.runs_home)
            self._tell("examining")

    def stop_examining(self) -> None:
        """End the reading of the files."""
        self.examination.stop()
        self._tell("examined")

    def _rematch(self) -> None:
        """Pair the files anew and read them in the background."""
        self.examination.stop()
        self.matched = match_once(self.specs.data)
        self.problems = self.matched.problems
        self.dataset = None
        self.show()
        self.examine()

    def _examined(self, found: Found) -> None:
        self.dataset = found[0]
        self.problems = tuple(found[2])
        self._tell("examined")
        self.show()
