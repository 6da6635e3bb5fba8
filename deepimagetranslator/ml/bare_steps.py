"""Epochs of a training compared with its bare steps: what the program costs beside Keras.

A bare step is Keras' own ``train_on_batch`` (``test_on_batch`` for validation) with the same
network, loss, metrics, optimizer and precision, on batches that are already in memory. All times
are wall times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.checks.examination import prepare
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.messages.events import (
    EpochEnded,
    EpochStarted,
    Event,
    Report,
    ignore,
)
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.ml import devices, training
from deepimagetranslator.ml.run_record import TrainingState
from deepimagetranslator.ml.training_job import Job


@dataclass(frozen=True)
class Epoch:
    """The duration of one epoch of ``training.train``, in seconds.

    Attributes:
        training: from the start to the end of the last training step.
        validation: from there to the end of the last validation step; 0 without validation.
        whole: the whole epoch, including history and checkpoints.
    """

    training: float
    validation: float
    whole: float


@dataclass(frozen=True)
class Comparison:
    """Epochs, and the bare steps that were measured after each epoch.

    Attributes:
        epochs: the first one includes the tracing of TensorFlow's functions.
        steps: mean seconds of a bare training step, after each epoch.
        forward: mean seconds of a bare validation step; empty without validation.
        train_steps, val_steps: steps per epoch.
    """

    epochs: tuple[Epoch, ...]
    steps: tuple[float, ...]
    forward: tuple[float, ...]
    train_steps: int
    val_steps: int

    def ratios(self, part: str) -> list[float]:
        """The duration of each epoch but the first, divided by that of its bare steps.

        The duration of a bare step is the mean of the measurements just before and just after the
        epoch.

        Args:
            part: "training", "validation" or "whole".
        """
        found = []
        for number, epoch in enumerate(self.epochs[1:]):
            bare = {
                "training": self.train_steps * sum(self.steps[number : number + 2]) / 2,
                "validation": self.val_steps * sum(self.forward[number : number + 2]) / 2,
            }
            bare["whole"] = sum(bare.values())
            found.append(getattr(epoch, part) / bare[part])
        return found


class BareSteps:
    """The bare steps of a project's training, on a separate network.

    Attributes:
        dataset: the project's data set.
        counts: training and validation steps per epoch.
    """

    def __init__(self, project: Project, folder: Path, most: int) -> None:
        """Build the network, and up to ``most`` batches for training and for validation each.

        Raises:
            UserError: see ``training.train``.
        """
        self.dataset = prepare(project.specs)
        precision = devices.choose_precision(project.specs.training.precision)
        state = TrainingState(precision=precision)
        run = RunFolder(folder)
        self._job = Job(project, self.dataset, run, state, ignore, JobControl())
        self._job.build(None)
        parts = self._job.train_batches, self._job.val_batches
        self.counts = len(parts[0]), len(parts[1])
        self._train, self._val = (
            [part.batch(1, index) for index in range(min(most, len(part)))] for part in parts
        )
        # The first call of each traces TensorFlow's functions.
        self._job.trained.train_on_batch(*self._train[0])
        if self._val:
            self._job.trained.test_on_batch(*self._val[0])

    def train(self, control: JobControl) -> float:
        """Mean seconds of a training step."""
        return self._mean(self._job.trained.train_on_batch, self._train, control)

    def validate(self, control: JobControl) -> float:
        """Mean seconds of a validation step: forward, loss and metrics."""
        return self._mean(self._job.trained.test_on_batch, self._val, control)

    def predict(self, control: JobControl) -> float:
        """Mean seconds of a prediction of one batch."""
        inputs = [(x,) for x, _ in self._train]
        return self._mean(self._job.network.predict_on_batch, [*inputs[:1], *inputs], control, 1)

    def close(self) -> None:
        """End the threads and release the memory."""
        self._job.close()

    @staticmethod
    def _mean(
        step: Callable[..., Any], batches: Sequence[Any], control: JobControl, skip: int = 0
    ) -> float:
        times = []
        for batch in batches:
            control.raise_if_cancelled()
            start = time.perf_counter()
            step(*batch)
            times.append(time.perf_counter() - start)
        return sum(times[skip:]) / len(times[skip:])


@dataclass
class _Clock:
    """Measures the epochs of a training by its events and by its calls between steps."""

    report: Report
    control: JobControl
    between: Callable[[], None]
    epochs: list[Epoch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.control = replace(self.control, serve=self._step_ended)
        self._start, self._batches = 0.0, 0
        self._ends: list[float] = []

    def _step_ended(self) -> None:
        self._ends.append(time.perf_counter())

    def __call__(self, event: Event) -> None:
        now = time.perf_counter()
        self.report(event)
        if isinstance(event, EpochStarted):
            self._start, self._batches, self._ends = now, event.batches, []
        elif isinstance(event, EpochEnded):
            trained, validated = self._ends[self._batches - 1], self._ends[-1]
            self.epochs.append(Epoch(trained - self._start, validated - trained, now - self._start))
            self.between()


def compare(
    project: Project,
    folder: Path,
    *,
    epochs: int = 3,
    most: int = 12,
    bare: BareSteps | None = None,
    report: Report = ignore,
    control: JobControl | None = None,
) -> Comparison:
    """Train a project as ``training.train`` does, and measure bare steps after each epoch.

    Args:
        project: the project; its number of epochs is ignored.
        folder: the run's folder.
        epochs: the number of epochs to measure after the first one.
        most: the number of bare steps to measure each time.
        bare: the project's bare steps, if they were built before.
        report: called with the events of the training.
        control: cancels the measurement.

    Raises:
        UserError: see ``training.train``.
        Cancelled: the caller cancelled.
    """
    control = control or JobControl()
    choices = replace(project.specs.training, epochs=epochs + 1)
    project = replace(project, specs=replace(project.specs, training=choices))
    own = bare or BareSteps(project, folder, most)
    steps: list[float] = []
    forward: list[float] = []

    def measure() -> None:
        steps.append(own.train(control))
        if own.counts[1]:
            forward.append(own.validate(control))

    clock = _Clock(report, control, measure)
    try:
        training.train(project, folder, report=clock, control=clock.control)
    finally:
        if bare is None:
            own.close()
    return Comparison(tuple(clock.epochs), tuple(steps), tuple(forward), *own.counts)
