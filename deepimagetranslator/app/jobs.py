"""The jobs that the worker runs for a session: training, translation, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.events import (
    Bus,
    Change,
    JobChanged,
    JobEnd,
    JobEnded,
    JobProgressed,
    ReadingEnded,
    UnlikeInputsFound,
)
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.shown_classes import classes_of_channels, classes_of_project
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.app.training.validation_strip import ValidationStrip
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.app.views import TRANSLATED
from deepimagetranslator.core.config.memory_plan import (
    training_memory_bytes,
    training_short_of_memory,
)
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import DataProblems, Problem, Repair, UserError
from deepimagetranslator.core.export.layout import require_folder
from deepimagetranslator.core.labelling.loop.round_record import is_round
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    EpochEnded,
    Event,
    ImageTranslated,
    JobFinished,
    WorkerDied,
)
from deepimagetranslator.core.messages.requests import (
    Evaluate,
    Job,
    StartTraining,
    TranslateImages,
)
from deepimagetranslator.core.runs.run_folder import RunFolder, new_run_dir
from deepimagetranslator.core.runs.run_state import history_to_resume
from deepimagetranslator.core.system.machine import free_memory_bytes
from deepimagetranslator.core.system.out_of_memory import tells_of_memory

DRAFTS = "drafting"
"""The job that drafts label maps of images that are not begun."""
STUDY, FORECAST, REPORT = STUDY_KINDS = ("study", "forecast", "report")
"""Jobs of a study: its trainings, how long they will take, and their report."""


class Jobs:
    """At most one running job, from its start to its end.

    Args:
        client: the connection to the worker.
        project: the project that is trained.
        viewer: holds the images to translate, and shows the translated ones.
        model: the model to evaluate; after a training it loads the best checkpoint.
        background: reads and writes the images of the training monitor.
        bus: gets ``JobChanged``, ``JobProgressed``, ``UnlikeInputsFound`` and ``JobEnded``.

    Attributes:
        kind: "training", "translation", "evaluation", ``DRAFTS``, one of ``STUDY_KINDS``, or ""
            while no job is running.
        stopping: whether the running job was asked to stop.
        monitor: the state of the running or last training.
        strip: translates a few validation images after each epoch.
        start_weights: the weights that the last training started from; None for new ones.
    """

    def __init__(
        self,
        client: WorkerClient,
        project: ProjectState,
        viewer: Viewer,
        model: CurrentModel,
        background: Background,
        bus: Bus,
    ) -> None:
        self._client = client
        self._project = project
        self._viewer = viewer
        self._model = model
        self._bus = bus
        self._translation: TranslateImages | None = None
        self.start_weights: Path | None = None
        self._of_project = True  # whether the training is one of the project's own pairs
        self._calibrated: Path | None = None  # weights that the running evaluation calibrates
        self.kind = ""
        self.stopping = False
        self.monitor = MonitorState()
        for change in (ReadingEnded, JobChanged):  # the second one after an earlier run is shown
            bus.subscribe(change, self._name_classes)
        self.strip = ValidationStrip(self.monitor, background, client.send, viewer.next_number)

    # ---- requests of the user --------------------------------------------------------------

    def train(
        self, run_dir: Path | None = None, *, resume: bool = False, weights: Path | None = None
    ) -> None:
        """Start a training.

        Args:
            run_dir: the run's folder; None makes a new one beside the project file.
            resume: continue the run in ``run_dir`` after its last completed epoch.
            weights: weights to start from; None initializes new ones.

        Raises:
            UserError: a job is already running, or the pairs have errors.
        """
        self.require_none()
        if resume and run_dir is not None and is_round(run_dir):  # not of the project's own pairs
            recorded = replace(load_project(RunFolder(run_dir).project), run={}, runs=())
            self.train_prepared(recorded, run_dir, weights, resume=True)
            return
        project, pairs = self._project, self._project.matched
        problems = [p for p in pairs.problems if p.fatal]
        if problems:
            raise DataProblems(problems[:12])
        self._of_project = True
        contents = replace(project.contents, run={}, runs=())
        folder = run_dir or new_run_dir(project.runs_home)
        request = StartTraining(
            self._client.next_job(), contents, folder, resume, weights, project.reader.record
        )
        self._begin_training(request, pairs.train, pairs.val, project.dataset)

    def train_prepared(
        self, contents: Project, run_dir: Path, weights: Path | None, *, resume: bool = False
    ) -> None:
        """Train on other files than the project's, such as copies of its label maps.

        Args:
            contents: what is trained.
            run_dir: the run's folder, which the project lists then.
            weights: weights to start from; None initializes new ones.
            resume: see ``train``.

        Raises:
            UserError: a job is already running.
        """
        self.require_none()
        self._of_project = False
        data, job = contents.specs.data, self._client.next_job()
        request = StartTraining(job, contents, run_dir, resume, weights)
        self._begin_training(request, matched(data, "train"), matched(data, "val"))
        self.monitor.name_classes(classes_of_project(contents.specs))

    def _begin_training(
        self,
        request: StartTraining,
        train: Sequence[ImagePair],
        val: Sequence[ImagePair],
        dataset: Dataset | None = None,
    ) -> None:
        """Show a training in the monitor, list its run, and begin it."""
        self._model.follow_training()
        self.start_weights, run_dir = request.start_weights, request.run_dir
        training = request.project.specs.training
        history = history_to_resume(RunFolder(run_dir)) if request.resume else []
        begin = self.monitor.resume if history else self.monitor.begin
        begin(run_dir, training.epochs, training.judge, history, bool(val))
        self._name_classes()
        self.strip.begin(val or train, dataset)
        self._project.add_run(run_dir)
        self._begin("training", request)

    def _name_classes(self, _change: Change | None = None) -> None:
        """Name the classes of the monitor's curves, as soon as they are known."""
        dataset, monitor = self._project.dataset, self.monitor
        if not self._of_project:
            return
        if dataset is not None and monitor.run_dir is not None and not monitor.classes:
            monitor.name_classes(classes_of_channels(dataset))

    def translate(
        self, weights: Path | tuple[Path, ...], output: Path, spec: TranslationSpec
    ) -> None:
        """Translate the loaded images and write them into the folder ``output``.

        Several weights files translate together.

        ``UnlikeInputsFound`` is published instead, before anything is written, if images have
        values unlike those of the training images.

        Raises:
            UserError: a job is already running, no images are loaded, or ``output`` is a file.
        """
        self.require_none()
        require_folder(output)
        inputs = tuple(self._viewer.to_translate)
        if not inputs:
            raise UserError("There are no images to translate; load some first.")
        job, folder = self._client.next_job(), self._viewer.folder_to_translate
        request = TranslateImages(job, weights, inputs, output, spec, folder, ask=True)
        self._translation = request
        self._begin("translation", request)

    def _go_on(self, asked: TranslateImages, accept: bool) -> None:
        """Translate the images of unlike values too, or skip them."""
        self.require_none()
        spec = replace(asked.spec, accept_values=accept)
        job = self._client.next_job()
        self._translation = replace(asked, job=job, spec=spec, ask=False)
        self._begin("translation", self._translation)

    def translate_again(self, repair: Repair) -> None:
        """Repeat the last translation with the settings of a repair.

        Raises:
            UserError: a job is already running.
        """
        self.require_none()
        assert self._translation is not None
        settings = {name.removeprefix("translation."): value for name, value in repair.settings}
        spec = replace(self._translation.spec, **settings)
        self._translation = replace(self._translation, job=self._client.next_job(), spec=spec)
        self._begin("translation", self._translation)

    def evaluate(
        self,
        pairs: Sequence[ImagePair],
        problems: Sequence[Problem] = (),
        *,
        calibrate: bool = False,
    ) -> None:
        """Evaluate the current model on pairs.

        Args:
            pairs: the pairs.
            problems: a problem for each file that was left out; they are part of the result.
            calibrate: calibrate the model's confidence too, and keep that in its file.

        Raises:
            UserError: a job is already running, there is no model, or there are no pairs.
        """
        self.require_none()
        weights = self._model.weights
        if weights is None:
            raise UserError("There is no model to evaluate; load or train one first.")
        if not pairs:
            raise UserError("There are no pairs to evaluate; load images and targets first.")
        job = self._client.next_job()
        clean_up = self._project.specs.translation.clean_up
        request = Evaluate(job, weights, tuple(pairs), tuple(problems), clean_up, calibrate)
        self._calibrated = weights if calibrate else None
        self._begin("evaluation", request)

    def run(self, kind: str, request: Callable[[int], Job]) -> None:
        """Start a job whose starter follows it by the changes on the bus.

        Args:
            kind: one of ``STUDY_KINDS``, or ``DRAFTS``.
            request: makes the request with the job's number.

        Raises:
            UserError: a job is already running.
        """
        self.require_none()
        self._begin(kind, request(self._client.next_job()))

    def finish_early(self) -> None:
        """End the training after this epoch."""
        self.monitor.request_finish()
        self._client.finish_early()
        self._bus.publish(JobChanged())

    def stop(self) -> None:
        """Stop the job at the next batch or image."""
        self.stopping = bool(self.kind)
        if self.kind == "training":
            self.monitor.request_stop()
        self._client.cancel()
        self._bus.publish(JobChanged())

    def force_stop(self) -> None:
        """Kill the worker process; the next job starts a new one."""
        self._client.force_stop()

    def short_of_memory(self, log: str) -> tuple[Problem, ...]:
        """The problem that memory was short, if that is why the engine ended in the training.

        Args:
            log: the end of the engine's log.
        """
        dataset = self._project.dataset
        if dataset is None:
            return ()
        specs, free = self._project.specs, free_memory_bytes()
        needed = training_memory_bytes(dataset.model, specs.training)
        if not tells_of_memory(log) and needed < free / 2:
            return ()
        return training_short_of_memory(dataset.model, specs.training, free, specs.model).problems

    def require_none(self) -> None:
        """Refuse a second job.

        Raises:
            UserError: one is running.
        """
        if self.kind:
            article = "An" if self.kind == "evaluation" else "A"
            raise UserError(f"{article} {self.kind} is running; stop it or wait until it ends.")

    def _begin(self, kind: str, job: Job) -> None:
        self.kind, self.stopping = kind, False
        self._client.submit(job)
        self._bus.publish(JobChanged())

    # ---- events of the worker --------------------------------------------------------------

    def take_progress(self, event: Event) -> None:
        """Handle an event of the running job."""
        training = self.kind == "training"
        if training:
            self.monitor.handle(event)
        if isinstance(event, ImageTranslated) and self.kind != DRAFTS:
            self._viewer.add_translated(event.source, event.output, event.palette, event.mark)
            self._viewer.marks.note_disagreement(event.source, event.disagreement)
        if training and isinstance(event, EpochEnded) and self.monitor.run_dir is not None:
            self.strip.ask(event.epoch)
            best = event.best_epoch
            dataset = self._project.dataset if self._of_project else None
            self._model.follow(RunFolder(self.monitor.run_dir).best, best, dataset)
        if self.kind in ("training", STUDY) or not isinstance(event, BatchEnded):
            self._bus.publish(JobProgressed(event))

    def take_end(self, event: JobEnd) -> None:
        """Handle the end of the job, or of a worker that had no job."""
        kind, self.kind, self.stopping = self.kind, "", False
        if kind == "training":
            self.monitor.handle(event)
            best = self.monitor.best_weights
            if best is not None and best.exists():
                self._model.load_trained(best)
        if self._calibrated is not None and kind == "evaluation" and isinstance(event, JobFinished):
            if self._model.weights == self._calibrated:
                self._model.load(self._calibrated)  # the file has changed
            self._calibrated = None
        if isinstance(event, WorkerDied) and not kind and event.exit_code in (0, None):
            return
        if isinstance(event, JobFinished) and "questions" in event.result:
            assert self._translation is not None
            go_on = partial(self._go_on, self._translation)
            self._bus.publish(UnlikeInputsFound(event.result["questions"], go_on))
            self._bus.publish(JobChanged())
            return
        if kind == "translation" and isinstance(event, JobFinished):
            self._viewer.show_part(TRANSLATED)
        self._bus.publish(JobEnded(kind, event))
        self._bus.publish(JobChanged())
