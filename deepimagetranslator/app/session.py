"""What is loaded and chosen, which job runs: the truth that the window shows.

Knows no Tk and no Keras. The window calls ``tick`` often and is told of changes by topic.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app import views
from deepimagetranslator.app.background import Background
from deepimagetranslator.app.monitor_state import MonitorState
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.validation_strip import ValidationStrip
from deepimagetranslator.app.views import PARTS, TRAINING, TRANSLATED, VALIDATION, Shown, Wanted
from deepimagetranslator.app.worker_client import WorkerClient
from deepimagetranslator.core import dataset as datasets
from deepimagetranslator.core import paths
from deepimagetranslator.core.dataset import Dataset
from deepimagetranslator.core.files import complete_file
from deepimagetranslator.core.groups import split_by_group
from deepimagetranslator.core.images import image_size
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.project import Project, load_project, save_project
from deepimagetranslator.core.protocol import (
    BatchEnded,
    DescribeWeights,
    EpochEnded,
    Evaluate,
    Event,
    ImageTranslated,
    InitialiseModel,
    JobCancelled,
    JobFailed,
    JobFinished,
    ModelInitialised,
    PreviewReady,
    PreviewTranslation,
    StartTraining,
    TranslateImages,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.run_folder import RunFolder, new_run_dir, runs_folder
from deepimagetranslator.core.specs import OPERATIONS, ModelSpec, Specs, TranslationSpec, with_sizes

Listener = Callable[[str, object], None]


class Session:
    """The state of one window.

    Attributes:
        project, path, changed: what is chosen, its file if it has one, and whether it was changed.
        matched: the pairs by name and what has no partner.
        problems: what is wrong with the images, as far as it is known.
        dataset: the examined data set once the files have been read, else None.
        part, positions: what is shown, and where in each part.
        augmented: whether training images are shown augmented.
        weights: the current model's file, None while there is none.
        weights_lines: what that file says of itself.
        to_translate, translated: images loaded for translation; outputs by input.
        job_kind: "training", "translation", "evaluation", or "" while none runs.
        monitor: of the last training.
        device: the engine's device in words, empty until it is loaded.

    Topics told to listeners: "engine", "project", "view" (a ``Shown``), "prediction" (a
    PreviewReady), "weights", "job", "job ended" (the event), "progress" (an event), "problem" (a
    sentence).
    """

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.background = Background()
        self.monitor = MonitorState()
        self.project = Project()
        self.path: Path | None = None
        self.changed = False
        self.matched = datasets.Matched((), (), ())
        self.problems: tuple[Problem, ...] = ()
        self.dataset: Dataset | None = None
        self.part = TRAINING
        self.positions = dict.fromkeys(PARTS, 0)
        self.augmented = True
        self.weights: Path | None = None
        self.weights_lines: tuple[str, ...] = ()
        self.to_translate: list[Path] = []
        self.translated: dict[Path, Path] = {}
        self.job_kind = ""
        self.device = ""
        self._listeners: list[Listener] = []
        self._shown: Shown | None = None
        self._preview_number = 0
        self._wanted_number = 0
        self._strip = ValidationStrip(self.monitor, self.background, client.send, self._next_number)

    # ---- listening -------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> None:
        """Have ``listener(topic, subject)`` called at every change."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """No longer call the listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self, topic: str, subject: object = None) -> None:
        for listener in list(self._listeners):
            listener(topic, subject)

    def tick(self) -> None:
        """Take up what the engine and the threads have done; call it every 15 ms or so."""
        self.background.poll()
        for event in self.client.poll():
            self._handle(event)

    # ---- the project -----------------------------------------------------------------------

    @property
    def specs(self) -> Specs:
        """Every choice."""
        return self.project.specs

    def open_project(self, path: Path) -> None:
        """Load a project file.

        Raises:
            UserError: it is none.
        """
        self._replace_project(load_project(path), path)
        self.settings.used_project(path)

    def new_project(self) -> None:
        """Begin anew."""
        self._replace_project(Project(), None)

    def save_project(self, path: Path) -> None:
        """Write the project file.

        Raises:
            UserError: it cannot be written.
        """
        save_project(replace(self.project, run={}), path)
        self.path, self.changed = path, False
        self.settings.used_project(path)
        self._tell("project")

    def _replace_project(self, project: Project, path: Path | None) -> None:
        self.project, self.path, self.changed = project, path, False
        self.weights, self.weights_lines = None, ()
        self.positions = dict.fromkeys(PARTS, 0)
        self.part = TRAINING
        self._rematch()
        if path is not None:
            self._load_best_of(path)
        self._tell("weights")

    def _load_best_of(self, path: Path) -> None:
        """The best weights of the project's latest run, if there is one."""
        for run_dir in reversed(self.runs(path)):
            if RunFolder(run_dir).best.exists():
                self.load_weights(RunFolder(run_dir).best)
                return

    @property
    def obstacle(self) -> str:
        """Why the loaded pairs cannot be trained on, a sentence; empty if they can."""
        data = self.specs.data
        if not (data.train_inputs and data.train_targets):
            return ""
        fatal = [problem for problem in self.problems if problem.fatal]
        more = f" (and {len(fatal) - 1} more)" if len(fatal) > 1 else ""
        return f"{fatal[0]}{more}" if fatal else ""

    def set_section(self, section: str, spec: object) -> None:
        """Take over the choices of one section ("training", "model", "augmentation" ...)."""
        specs = replace(self.specs, **{section: spec})  # type: ignore[arg-type]
        if specs == self.specs:
            return
        self.project = replace(self.project, specs=specs)
        self.changed = True
        if section in ("data", "model", "training"):
            self._rematch()
        else:
            self.show()
        self._tell("project")

    def set_model(self, model: ModelSpec) -> None:
        """Take over a network and make it, with new weights, the current model."""
        self.set_section("model", model)
        path = paths.user_folder() / "unsaved" / "new-model.weights.h5"
        self.client.send(InitialiseModel(self._sized(model), path, self.specs.training.seed))

    def load_files(self, part: str, side: str, files: Sequence[Path]) -> None:
        """Load images ("inputs") or targets of the training or validation part, or to translate."""
        if part == TRANSLATED:
            self.to_translate = list(files)
            self.translated = {}
            self.positions[TRANSLATED] = 0
            self.part = TRANSLATED
            self.show()
            self._tell("project")
            return
        prefix = "train" if part == TRAINING else "val"
        names = tuple(str(path.absolute()) for path in files)
        data = replace(self.specs.data, **{f"{prefix}_{side}": names})  # type: ignore[arg-type]
        self.part = part
        self.positions[part] = 0
        specs = replace(self.specs, data=data)
        if side == "targets" and part == TRAINING and self.project.preset == "recommended":
            specs = datasets.suited_to_targets(specs, names)
        self.project = replace(self.project, specs=specs)
        self.changed = True
        self._rematch()
        self._tell("project")

    def split_validation(self, fraction: float, pattern: str | None) -> str:
        """Keep whole persons of the training pairs for validation; a warning or nothing.

        Raises:
            UserError: there is no such split.
        """
        everyone = [*self.matched.train, *self.matched.val]
        split = split_by_group(everyone, fraction, pattern or None, self.specs.training.seed)
        data = datasets.with_split(self.specs.data, split)
        self.set_section("data", data)
        return split.warning

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

    def _rematch(self) -> None:
        """Pair the files anew and read them in the background."""
        self.matched = datasets.match(self.specs.data)
        self.problems = self.matched.problems
        self.dataset = None
        self.show()
        if self.matched.train and not any(p.fatal for p in self.matched.problems):
            specs = self.specs
            self.background.run(
                "examine", lambda: datasets.examine(specs), self._examined, self._failed
            )

    def _examined(self, found: tuple[Dataset | None, datasets.Matched, list[Problem]]) -> None:
        self.dataset = found[0]
        self.problems = tuple(found[2])
        self._tell("examined")
        self.show()

    def _failed(self, error: Exception) -> None:
        text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        self._tell("problem", text)

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
        if self.weights is None or shown is None or shown.input is None:
            return
        if shown.output is not None:
            return
        self._wanted_number = self._next_number()
        name = shown.wanted.input.name if shown.wanted.input else ""
        self.client.send(PreviewTranslation(self._wanted_number, self.weights, shown.input, name))

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
        with complete_file(path) as temporary:
            shutil.copyfile(self.weights, temporary)

    # ---- jobs ------------------------------------------------------------------------------

    def runs(self, path: Path | None = None) -> list[Path]:
        """The folders of the project's runs, by time."""
        path = path or self.path
        if path is None:
            return []
        return sorted(p for p in runs_folder(path).glob("*") if p.is_dir())

    def train(
        self, run_dir: Path | None = None, *, resume: bool = False, weights: Path | None = None
    ) -> None:
        """Start a training, in a new folder beside the project unless one is given.

        Raises:
            UserError: a job runs already, or the data do not allow it.
        """
        self._refuse_second_job()
        problems = [p for p in self.matched.problems if p.fatal]
        if problems:
            raise UserError("\n".join(map(str, problems[:12])))
        home = runs_folder(self.path) if self.path else paths.user_folder() / "runs"
        run_dir = run_dir or new_run_dir(home)
        history = RunFolder(run_dir).read_history() if resume else []
        self.monitor.begin(run_dir, self.specs.training.epochs, self.specs.training.judge, history)
        self._strip.begin(self.matched.val or self.matched.train)
        self.job_kind = "training"
        job = self.client.next_job()
        project = replace(self.project, run={})
        self.client.submit(StartTraining(job, project, run_dir, resume, weights))
        self._tell("job")

    def translate(self, weights: Path, output: Path, spec: TranslationSpec) -> None:
        """Translate the loaded images into a folder.

        Raises:
            UserError: a job runs already, or no images are loaded.
        """
        self._refuse_second_job()
        if not self.to_translate:
            raise UserError("There are no images to translate; load some first.")
        self.job_kind = "translation"
        job = self.client.next_job()
        inputs = tuple(self.to_translate)
        self.client.submit(TranslateImages(job, weights, inputs, output, spec))
        self._tell("job")

    def evaluate(self, pairs: Sequence[ImagePair]) -> None:
        """Measure the current model on pairs.

        Raises:
            UserError: a job runs already, or there is no model or nothing to measure.
        """
        self._refuse_second_job()
        if self.weights is None:
            raise UserError("There is no model to measure; load or train one first.")
        if not pairs:
            raise UserError("There is nothing to measure; load images with targets first.")
        self.job_kind = "evaluation"
        self.client.submit(Evaluate(self.client.next_job(), self.weights, tuple(pairs)))
        self._tell("job")

    def finish_early(self) -> None:
        """End the training after this epoch."""
        self.monitor.request_finish()
        self.client.finish_early()
        self._tell("job")

    def stop(self) -> None:
        """Stop the job at the next batch or image."""
        if self.job_kind == "training":
            self.monitor.request_stop()
        self.client.cancel()
        self._tell("job")

    def force_stop(self) -> None:
        """End the engine's process; it is started again at the next job."""
        self.client.force_stop()

    def close(self) -> None:
        """End everything."""
        self.background.close()
        self.client.close()

    def _refuse_second_job(self) -> None:
        if self.job_kind:
            raise UserError(f"A {self.job_kind} runs already; stop it or wait for its end.")

    # ---- events ----------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case WorkerReady():
                self.device = event.device
                self._tell("engine")
            case PreviewReady():
                self._preview(event)
            case WeightsDescribed():
                self._described(event)
            case ModelInitialised():
                if event.problem:
                    self._tell("problem", event.problem)
                else:
                    self.load_weights(Path(event.path))
            case JobFinished() | JobCancelled() | JobFailed() | WorkerDied():
                self._ended(event)
            case _:
                self._progress(event)

    def _progress(self, event: Event) -> None:
        if self.job_kind == "training":
            self.monitor.handle(event)
        if isinstance(event, ImageTranslated):
            self.translated[Path(event.source)] = Path(event.output)
        if isinstance(event, EpochEnded) and self.monitor.run_dir is not None:
            self._strip.ask(event.epoch)
            self.weights = RunFolder(self.monitor.run_dir).best
            self.predict()
        if not isinstance(event, BatchEnded) or self.job_kind == "training":
            self._tell("progress", event)

    def _ended(self, event: Event) -> None:
        kind, self.job_kind = self.job_kind, ""
        if kind == "training":
            self.monitor.handle(event)
            if self.monitor.best_weights is not None and self.monitor.best_weights.exists():
                self.load_weights(self.monitor.best_weights)
        if isinstance(event, WorkerDied):
            self.device = ""
            self._tell("engine")
            if not kind and event.exit_code in (0, None):
                return
        if kind == "translation" and isinstance(event, JobFinished):
            self.part = TRANSLATED
            self.show()
        self._tell("job ended", (kind, event))
        self._tell("job")

    def _described(self, event: WeightsDescribed) -> None:
        if event.problem:
            self._tell("problem", event.problem)
            return
        self.weights = Path(event.path)
        self.weights_lines = event.lines
        self._tell("weights")
        self.predict()

    def _preview(self, event: PreviewReady) -> None:
        if self._strip.take(event):
            return
        if event.number == self._wanted_number:
            self._tell("prediction", event)
