"""Training: fit, checkpoints, exact resume, events.

A run's folder holds what is needed to repeat, resume and use it: see ``core.run_folder``.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.config.specs import SECTIONS
from deepimagetranslator.core.data.checksums import checksums
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.messages.events import (
    CheckpointSaved,
    EpochEnded,
    LogLine,
    Report,
    ignore,
)
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.ml import devices, weights
from deepimagetranslator.ml.losses import build_loss
from deepimagetranslator.ml.metrics import build_metrics
from deepimagetranslator.ml.optimizers import build_optimizer
from deepimagetranslator.ml.progress import NOT_A_NUMBER, ProgressCallback
from deepimagetranslator.ml.run_log import logged, run_log
from deepimagetranslator.ml.sequence import PairSequence
from deepimagetranslator.ml.sharing import LossScaling, SharedModel
from deepimagetranslator.ml.unet import COARSE, FINAL, lsuv_initialize, unet_tensors

# What may differ between a run and its resumption: it changes no step that is still to come,
# or, for the epochs, the user asks for more of them.
_FREE_AT_RESUME = {
    "data.cache_mib",
    "training.epochs",
    "training.keep_best",
    "training.early_stopping",
}

_FIRST_PIXELS = 2**20


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Attributes:
        run_dir: the run's folder.
        best_weights: the file of the best weights.
        epochs: whole epochs trained in all.
        best_epoch, best_value: the best epoch and its value by the judge (lower is better).
        seconds: of this call.
        values: the last epoch's line of the history.
    """

    run_dir: Path
    best_weights: Path
    epochs: int
    best_epoch: int
    best_value: float
    seconds: float
    values: Mapping[str, float]


@dataclass
class TrainingState:
    """Where a run stands after its last whole epoch; stored in last.weights.h5."""

    epoch: int = 0
    epochs: int = 0
    best_epoch: int = 0
    best_value: float = math.inf
    precision: str = "float32"
    values: dict[str, float] = field(default_factory=dict)


def train(
    project: Project,
    run_dir: Path,
    *,
    report: Report = ignore,
    control: JobControl | None = None,
    resume: bool = False,
    start_weights: Path | None = None,
) -> TrainingResult:
    """Train a project's network and keep its checkpoints.

    Args:
        project: the choices and the image lists.
        run_dir: the run's folder, made if need be; it must hold no other run unless resumed.
        report: is told what happens, see ``core.protocol``.
        control: to finish early or cancel from another thread.
        resume: continue the run in ``run_dir`` after its last whole epoch.
        start_weights: begin with these weights instead of random ones.

    Raises:
        UserError: the user must change something; before training, where it can be known.
        Cancelled: by ``control``; the run can be resumed from its last whole epoch.
    """
    start = time.monotonic()
    control = control or JobControl()
    run = RunFolder(run_dir)
    standing = _resume_or_start(run, project, resume)
    dataset = prepare(project.specs, report, control)
    if not standing.epoch:
        precision = devices.choose_precision(project.specs.training.precision)
        standing.precision = precision
        _write_run_record(run, project, dataset, precision, start_weights, report)
    with run_log(run.log, dataset, standing.precision, standing.epoch):
        _work(Job(project, dataset, run, standing, logged(report), control), start_weights)
    return TrainingResult(
        run_dir,
        run.best,
        standing.epoch,
        standing.best_epoch,
        standing.best_value,
        time.monotonic() - start,
        standing.values,
    )


def _work(job: Job, start_weights: Path | None) -> None:
    """Make the network and train it."""
    standing, training = job.standing, job.project.specs.training
    try:
        scope, split = devices.distribution(training.batch_size)
        if split:
            job.report(LogLine(split))
        with scope:
            job.build(start_weights if not standing.epoch else None)
        if standing.epoch < training.epochs:
            job.fit()
        else:
            job.report(LogLine(f"All {standing.epoch} epochs were trained already."))
    finally:
        job.close()


class Job:
    """One training: the network, its batches and what happens after each epoch."""

    def __init__(
        self,
        project: Project,
        dataset: Dataset,
        run: RunFolder,
        standing: TrainingState,
        report: Report,
        control: JobControl,
    ) -> None:
        self.project = project
        self.dataset = dataset
        self.run = run
        self.standing = standing
        self.report = report
        self.control = control
        specs = project.specs
        reader = PairReader(dataset, specs.data.cache_mib * 2**20)
        self.train_batches, self.val_batches = (
            PairSequence(
                PairSampler(
                    reader, pairs, specs.augmentation, specs.training.seed, pairs is dataset.val
                ),
                specs.training.batch_size,
                standing.epoch + 1,
            )
            for pairs in (dataset.train, dataset.val)
        )
        self.judge = specs.training.judge
        if not specs.model.deep_supervision:
            self.judge = self.judge.replace("total_", "")
        if not dataset.val:
            self.judge = self.judge.removeprefix("val_")

    def build(self, start_weights: Path | None) -> None:
        """Make the network, compile it, and take up weights and optimizer state."""
        training = self.project.specs.training
        model = self.dataset.model
        inputs, outputs = unet_tensors(model, self.standing.precision, training.seed)
        # Two models over the same layers: only the second has an optimizer, so that saving the
        # first writes the weights alone.
        self.network = keras.Model(inputs, outputs, name="unet")
        self.trained = SharedModel(inputs, outputs, name="trained_unet")
        loss = build_loss(training.loss, model.final_activation)
        metrics = build_metrics(
            training.metrics,
            model.target_channels,
            self.dataset.channel_names,
            model.final_activation,
            sparse=self.dataset.sparse,
        )
        heads: dict[str, Any] = {"loss": loss, "metrics": metrics}
        if model.deep_supervision:
            heads = {
                "loss": {FINAL: loss, COARSE: build_loss(training.loss, model.final_activation)},
                "loss_weights": {FINAL: 0.5, COARSE: 0.5},
                "metrics": {FINAL: metrics},
            }
        optimizer = build_optimizer(training, len(self.train_batches) * training.epochs)
        if self.standing.precision == "float16":
            optimizer = LossScaling(optimizer)
        self.trained.compile(optimizer=optimizer, auto_scale_loss=False, **heads)
        if start_weights is not None:
            self._start_from(start_weights)
        elif not self.standing.epoch and model.initialization == "data_dependent":
            lsuv_initialize(self.network, model, self.standing.precision, self._first_images())
        if self.standing.epoch:
            # Built first, or Keras would silently start the optimizer anew.
            optimizer.build(self.trained.trainable_variables)
            self.trained.load_weights(self.run.last)
            state = weights.read_state(self.run.last)
            for name, variable in self._seed_states().items():
                variable.assign(state[name])

    def fit(self) -> None:
        """Train up to the last epoch, or as long as the user and the loss allow."""
        training = self.project.specs.training
        self.rate = self._learning_rate()
        callback = ProgressCallback(
            self.train_batches, training.epochs, self.report, self.control, self._epoch_ended
        )
        try:
            with enough_memory():
                self.trained.fit(
                    devices.feed(self.train_batches),
                    validation_data=devices.feed(self.val_batches) if self.dataset.val else None,
                    initial_epoch=self.standing.epoch,
                    epochs=training.epochs,
                    shuffle=False,
                    verbose=0,
                    callbacks=[callback],
                )
        except (UserError, Cancelled):
            raise
        except Exception:
            # Keras wraps what a batch raised; the original says what to do.
            original = self.train_batches.error or self.val_batches.error
            if original is not None:
                raise original from None
            raise

    def close(self) -> None:
        """End the threads and let go of the memory."""
        self.train_batches.close()
        self.val_batches.close()
        keras.utils.clear_session()

    def _start_from(self, path: Path) -> None:
        model = self.dataset.model
        size = (model.input_height, model.input_width)
        source, card = weights.load(path, size=size)
        renewed = weights.transfer(source, self.network)
        self.report(LogLine(f"Started from {path.name} ({card.program})."))
        if renewed:
            self.report(
                LogLine(
                    f"The last layer ({', '.join(renewed)}) starts anew: the weights are for "
                    f"{card.model.target_channels} target channels, this project has "
                    f"{model.target_channels}."
                )
            )

    def _first_images(self) -> np.ndarray:
        """The first epoch's first images: four, or fewer if they are large."""
        model, sampler = self.dataset.model, self.train_batches.sampler
        count = max(1, min(4, _FIRST_PIXELS // (model.input_height * model.input_width)))
        return np.stack([sampler.sample(1, int(i))[0] for i in sampler.order(1)[:count]])

    def _learning_rate(self) -> float:
        """Of the next step; history.csv names that of an epoch's first."""
        return float(keras.ops.convert_to_numpy(self.trained.optimizer.learning_rate))

    def _seed_states(self) -> dict[str, Any]:
        generators = [getattr(layer, "seed_generator", None) for layer in self.network.layers]
        found = [generator for generator in generators if generator is not None]
        return {f"seed_state_{i}": generator.state for i, generator in enumerate(found)}

    def _epoch_ended(self, epoch: int, values: dict[str, float], seconds: float) -> bool:
        standing, training = self.standing, self.project.specs.training
        value = values[self.judge]
        if not math.isfinite(value):
            raise UserError(NOT_A_NUMBER.format(epoch=epoch))
        improved = value < standing.best_value
        if improved:
            standing.best_epoch, standing.best_value = epoch, value
        standing.epoch, standing.epochs, standing.values = epoch, training.epochs, values
        row = {"epoch": epoch, **values, "learning_rate": self.rate, "seconds": round(seconds, 3)}
        self.rate = self._learning_rate()
        # The history first: a line too many is cut at a resume, a missing one would be lost.
        self.run.append_history(row)
        self._save(epoch, value, improved)
        self.report(
            EpochEnded(
                epoch,
                training.epochs,
                row,
                seconds,
                standing.best_epoch,
                standing.best_value,
            )
        )
        waited = epoch - standing.best_epoch
        if training.early_stopping and waited >= training.early_stopping:
            self.report(LogLine(f"Stopped: no better {self.judge} for {waited} epochs."))
            return True
        return self.control.finish_early.is_set()

    def _save(self, epoch: int, value: float, improved: bool) -> None:
        card = self._card(epoch, value)
        if improved:
            path = self.run.improvement(epoch, value)
            weights.save(self.network, path, card)
            with atomic_write(self.run.best) as temporary:
                shutil.copyfile(path, temporary)
            self.run.keep_improvements(self.project.specs.training.keep_best)
            self.report(CheckpointSaved(str(path), epoch, value))
        states = {
            name: np.asarray(keras.ops.convert_to_numpy(variable))
            for name, variable in self._seed_states().items()
        }
        weights.save(self.trained, self.run.last, card, asdict(self.standing) | states)

    def _card(self, epoch: int, value: float) -> weights.WeightsCard:
        training = self.project.specs.training
        summary = {
            "epoch": epoch,
            self.judge: value,
            "loss_function": training.loss,
            "precision": self.standing.precision,
            "seed": training.seed,
            "train_pairs": len(self.dataset.train),
            "val_pairs": len(self.dataset.val),
            "saved": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        return weights.WeightsCard(
            model=self.dataset.model,
            input_scaling=self.dataset.input_scaling,
            target_scaling=self.dataset.target_scaling,
            palette=self.dataset.palette,
            large_images=self.project.specs.data.large_images,
            preset=self.project.preset,
            training=summary | {name: float(v) for name, v in self.standing.values.items()},
        )


@contextmanager
def enough_memory() -> Iterator[None]:
    """What is computed inside may not fit into memory.

    Raises:
        UserError: it does not, with the remedy.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            raise UserError(
                "There is not enough memory for this network: choose a smaller batch size, fewer "
                "channels, a smaller image size, or close other programs."
            ) from error
        raise


def _resume_or_start(run: RunFolder, project: Project, resume: bool) -> TrainingState:
    """Where the run in the folder stands; a fresh one where there is none."""
    if not resume:
        if run.last.exists() or run.history.exists():
            raise UserError(
                f"{run.path} holds a run already: resume it, or choose another folder.",
                remedy=Remedy(action="resume"),
            )
        return TrainingState()
    if not run.last.exists():
        message = f"{run.path} holds no run that has finished an epoch; begin a new one."
        raise UserError(message)
    before = load_project(run.project)
    _refuse_changes(before, project)
    # The run's own record stays, its file hashes with it; only what may be changed follows.
    specs = replace(before.specs, training=project.specs.training)
    save_project(replace(before, specs=specs), run.project)
    state = weights.read_state(run.last)
    standing = TrainingState(**{name: state[name] for name in asdict(TrainingState())})
    run.cut_history(standing.epoch)
    run.drop_improvements_after(standing.epoch)
    return standing


def _refuse_changes(before: Project, now: Project) -> None:
    for section in SECTIONS:
        if section == "translation":
            continue
        old, new = getattr(before.specs, section), getattr(now.specs, section)
        for info in fields.fields_of(old):
            name = f"{section}.{info.name}"
            was, becomes = getattr(old, info.name), getattr(new, info.name)
            if info.kind == "paths":
                same = _same_files(before, was, becomes)
            else:
                same = was == becomes or name in _FREE_AT_RESUME
            if not same:
                change = f"was changed from {was} to {becomes} since the run began"
                if info.kind == "paths":
                    change = "names other files, or files of other content, than the run began with"
                raise UserError(
                    f"{name} {change}. Resume with the old choice, or start a new run from its "
                    "weights.",
                    remedy=Remedy(action="train_from_weights"),
                )


def _same_files(before: Project, was: tuple[str, ...], becomes: tuple[str, ...]) -> bool:
    """Whether image files, perhaps in another place by now, still hold what the run began with."""
    hashes = before.run.get("sha256", {})
    try:
        found = checksums(parse_images(becomes))
        return [hashes.get(old) for old in was] == found
    except OSError:
        return False


def _write_run_record(
    run: RunFolder,
    project: Project,
    dataset: Dataset,
    precision: str,
    start_weights: Path | None,
    report: Report,
) -> None:
    """Make the run's folder and write down everything needed to repeat the run."""
    if start_weights is not None:
        weights.read_card(start_weights)  # refused before there is a folder
    try:
        run.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {run.path} cannot be made ({error.strerror}).") from error
    pairs = (*dataset.train, *dataset.val)
    files = [image for pair in pairs for image in (pair.input, pair.target)]
    if start_weights is not None:
        files.append(ImageRef(start_weights))
    report(LogLine(f"{len(dataset.train)} training and {len(dataset.val)} validation pairs."))
    hashes = dict(zip((str(file.absolute()) for file in files), checksums(files), strict=True))
    facts = {
        "versions": devices.versions(),
        "device": devices.describe_device(),
        "precision": precision,
        "network": fields.to_json(dataset.model),
        "start_weights": None if start_weights is None else str(start_weights.absolute()),
        "sha256": hashes,
    }
    save_project(replace(project, run=facts), run.project)
