"""What is loaded and chosen, which job runs: the truth that the window shows.

Knows no Tk and no Keras. The window calls ``tick`` often and is told of changes by topic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.loading import LoadingSession
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.validation_strip import ValidationStrip
from deepimagetranslator.app.views import TRANSLATED
from deepimagetranslator.core.config.run_folder import RunFolder, new_run_dir
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    EpochEnded,
    Event,
    ImageTranslated,
    JobCancelled,
    JobFailed,
    JobFinished,
    ModelInitialised,
    PreviewReady,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import Evaluate, StartTraining, TranslateImages


class Session(LoadingSession):
    """The state of one window: with the jobs that the engine does for it."""

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        super().__init__(client, settings)
        self._strip = ValidationStrip(self.monitor, self.background, client.send, self._next_number)

    def tick(self) -> None:
        """Take up what the engine and the threads have done; call it every 15 ms or so."""
        self.background.poll()
        if self.examination.moved():
            self._tell("examining")
        for event in self.client.poll():
            self._handle(event)

    # ---- jobs ------------------------------------------------------------------------------

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
            raise UserError(*map(str, problems[:12]))
        run_dir = run_dir or new_run_dir(self.runs_home)
        history = RunFolder(run_dir).read_history() if resume else []
        self.monitor.begin(run_dir, self.specs.training.epochs, self.specs.training.judge, history)
        self._strip.begin(self.matched.val or self.matched.train, self.dataset)
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
        self.lock.release()

    def _refuse_second_job(self) -> None:
        if self.job_kind:
            raise UserError(f"A {self.job_kind} runs already; stop it or wait for its end.")

    # ---- events ----------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        match event:
            case WorkerReady():
                self.device, self.versions = event.device, event.versions
                self.unused_gpu = event.unused_gpu
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
        self.weights_scalings = event.scalings
        self._tell("weights")
        self.predict()

    def _preview(self, event: PreviewReady) -> None:
        if self._strip.take(event):
            return
        if event.number == self._wanted_number:
            self._tell("prediction", event)
