"""Training: a run begun, begun again or resumed, and what came of it.

The files of a run are described in ``core.runs.run_folder``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deepimagetranslator.core.config.memory_plan import (
    training_memory_bytes,
    training_short_of_memory,
)
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data import check_record
from deepimagetranslator.core.data.dataset import Dataset
from deepimagetranslator.core.data.facts import ImageChangedError
from deepimagetranslator.core.data.odd_values import told
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import (
    LogLine,
    Report,
    ignore,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.input_itself import Verdict, recorded_inputs
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_lock import locked
from deepimagetranslator.ml import devices
from deepimagetranslator.ml.memory import Short, enough_memory, require_memory
from deepimagetranslator.ml.run_log import logged, run_log, without_names
from deepimagetranslator.ml.run_record import (
    TrainingState,
    as_begun,
    begin_or_refuse,
    prepared,
    recorded_start,
    resumed,
    run_to_resume,
    write_run_record,
)
from deepimagetranslator.ml.training_job import Job


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        run_dir: the run's folder.
        best_weights: the file with the best weights.
        epochs: the total number of complete epochs.
        best_epoch, best_value: the epoch with the lowest monitored metric, and that value.
        seconds: the duration of this call.
        values: loss and metrics of the last epoch, by name.
        verdict: the best epoch compared with the validation inputs themselves; None where they
            cannot be compared with their targets.
    """

    run_dir: Path
    best_weights: Path
    epochs: int
    best_epoch: int
    best_value: float
    seconds: float
    values: Mapping[str, float]
    verdict: Verdict | None = None


def train(
    project: Project,
    run_dir: Path,
    *,
    report: Report = ignore,
    control: JobControl | None = None,
    resume: bool = False,
    start_weights: Path | None = None,
    record: Path | None = None,
) -> TrainingResult:
    """Train a project's network and keep its checkpoints.

    Each image is read once before training, unless the record shows that it is unchanged since it
    was checked, and once in the first epoch, where its content is compared with the check.

    Args:
        project: the settings and the image lists.
        run_dir: the run's folder, created if needed; it must not hold another run unless resumed.
        report: called with each event, see ``core.messages.events``.
        control: finishes early or cancels, from any thread.
        resume: continue the run in ``run_dir`` after its last complete epoch.
        start_weights: start with the weights of this file instead of random ones.
        record: the file with the results of the data check, see ``core.data.check_record``; None
            to read all images.

    Raises:
        ImageChangedError: an image has changed since it was checked; the record is deleted.
        UserError: the user must change something; raised before training if possible.
        Cancelled: the caller cancelled; the run can be resumed from its last complete epoch.
    """
    start = time.monotonic()
    control = control or JobControl()
    run = RunFolder(run_dir)
    with locked(run):
        state, judged = _train(project, run, report, control, resume, start_weights, record)
    return TrainingResult(
        run_dir,
        run.best,
        state.epoch,
        state.best_epoch,
        state.best_value,
        time.monotonic() - start,
        state.values,
        judged,
    )


def _train(
    project: Project,
    run: RunFolder,
    report: Report,
    control: JobControl,
    resume: bool,
    start_weights: Path | None,
    record: Path | None,
) -> tuple[TrainingState, Verdict | None]:
    """Train in a locked folder, see ``train``.

    Returns:
        The state after the last epoch, and its comparison with the inputs themselves.
    """
    before = run_to_resume(run, project) if resume else None
    if resume and before is None:
        start_weights = recorded_start(run)
    if before is None:
        begin_or_refuse(run, report)
    dataset = prepared(project, before, report, control, record)
    needed, short = _memory(project, dataset)
    require_memory(needed, short)
    history, inputs = "", dict[str, float]()
    if before is not None:
        inputs = recorded_inputs(before.run)
        taken = resumed(run, project, before, report)
        state, history, dataset = taken.state, taken.history, as_begun(dataset, run)
    else:
        state = TrainingState(precision=devices.choose_precision(project.specs.training.precision))
        write_run_record(run, project, dataset, state.precision, start_weights, report)

    def nameless(text: str) -> str:
        return without_names(text, dataset, run.path, start_weights)

    with (
        run_log(run.log, dataset, state.precision, state.epoch, nameless),
        devices.gradients_forgotten(),
        enough_memory(short),
    ):
        try:
            job = Job(
                project, dataset, run, state, logged(report, nameless), control, history, inputs
            )
            _work(job, start_weights)
        except ImageChangedError:
            check_record.forget(record)
            raise
    return state, job.baseline.verdict(job.history, state.best_epoch)


def _memory(project: Project, dataset: Dataset) -> tuple[int, Short]:
    """The bytes that a training step needs, and the error if there are fewer."""
    model, training = dataset.model, project.specs.training
    images = training.batch_size
    if not training.steps_per_epoch:
        images = min(images, len(dataset.train))
    precision = devices.choose_precision(training.precision)
    training = replace(training, batch_size=images, precision=precision)

    def short(free: int) -> UserError:
        return training_short_of_memory(model, training, free, project.specs.model)

    return training_memory_bytes(model, training), short


def _work(job: Job, start_weights: Path | None) -> None:
    """Build the network and train it."""
    state, training, dataset = job.state, job.project.specs.training, job.dataset
    if dataset.not_finite:
        images = f"of {2 * len(dataset.train + dataset.val)} inputs and targets"
        job.report(LogLine(told(dataset.not_finite, images) + " The data check names them."))
    try:
        scope, split = devices.distribution(training.batch_size)
        if split:
            job.report(LogLine(split))
        with scope:
            job.build(start_weights if not state.epoch else None)
        job.baseline.tell()
        if state.epoch < training.epochs:
            job.fit()
        else:
            job.report(LogLine(f"All {state.epoch} epochs were trained already."))
        if training.recognize_unlike:
            job.learn_domain()
        job.baseline.conclude(job.history, state.best_epoch)
    finally:
        job.close()
