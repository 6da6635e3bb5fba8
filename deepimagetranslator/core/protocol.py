"""What the window asks of the engine, and what the engine tells its caller.

Requests and events are frozen dataclasses of plain values, paths, specs and arrays. The command
line prints events; the window's worker sends them through its pipe. Exactly one of JobFinished,
JobCancelled, JobFailed and WorkerDied ends a job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import ModelSpec, TranslationSpec
from deepimagetranslator.core.pairs import ImagePair
from deepimagetranslator.core.values.scaling import Scaling


@dataclass(frozen=True)
class LogLine:
    """A sentence for the log."""

    text: str


@dataclass(frozen=True)
class EpochStarted:
    """An epoch begins. ``epoch`` counts from 1; ``batches`` is the number of training steps."""

    epoch: int
    epochs: int
    batches: int


@dataclass(frozen=True)
class BatchEnded:
    """A training step ended; at most five a second are sent, the last one of an epoch always.

    ``seconds_left`` is the estimate for the whole training, None before there is one.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    seconds_left: float | None


@dataclass(frozen=True)
class EpochEnded:
    """An epoch ended, validation included.

    Attributes:
        values: the line of history.csv: loss, metrics, val_loss ... by name.
        seconds: its duration.
        best_epoch, best_value: the best so far by the training's judge.
    """

    epoch: int
    epochs: int
    values: Mapping[str, float]
    seconds: float
    best_epoch: int
    best_value: float


@dataclass(frozen=True)
class CheckpointSaved:
    """Improved weights were written."""

    path: str
    epoch: int
    value: float


@dataclass(frozen=True)
class PartTranslated:
    """So many parts (tiles, or bands of rows) of a large image are done; at most five a second.

    ``index`` is the image's, counted from 1.
    """

    source: str
    done: int
    parts: int
    index: int
    count: int


@dataclass(frozen=True)
class SliceTranslated:
    """One slice of a volume is done; the volume is written with its last one.

    ``index`` is the number of images that are done.
    """

    index: int
    count: int


@dataclass(frozen=True)
class ImageTranslated:
    """One image was translated and written; ``index`` counts from 1.

    All slices of a volume are told when it is written, so they have one ``index``.
    """

    source: str
    output: str
    index: int
    count: int


@dataclass(frozen=True)
class ImageSkipped:
    """One image could not be translated; ``reason`` is a sentence with the remedy."""

    source: str
    reason: str
    index: int
    count: int


@dataclass(frozen=True)
class FilesRead:
    """So many of the project's files have been read and checked."""

    done: int
    count: int


@dataclass(frozen=True)
class WorkerReady:
    """The engine is loaded.

    Attributes:
        versions: by package name.
        device: in words.
        unused_gpu: why a GPU that is there is not used, a sentence; else empty.
    """

    versions: Mapping[str, str]
    device: str
    unused_gpu: str = ""


@dataclass(frozen=True)
class PreviewReady:
    """The network's output for one image, as it would be written.

    Attributes:
        number: of the request.
        image: (height, width, 1 or 3) uint8, uint16 or float32; None if it cannot be translated.
        epoch: the epoch that the weights come from, 0 if not known.
        problem: why there is no image, a sentence.
    """

    number: int
    image: Any
    epoch: int
    problem: str = ""


@dataclass(frozen=True)
class WeightsDescribed:
    """What a weights file says of itself, or why it cannot be used.

    Attributes:
        path: the file.
        lines: for the user, one fact each.
        model: the network, None with a problem.
        problem: a sentence, empty if all is well.
        scalings: of its inputs and its targets.
    """

    path: str
    lines: tuple[str, ...] = ()
    model: ModelSpec | None = None
    problem: str = ""
    scalings: tuple[Scaling | None, Scaling | None] = (None, None)


@dataclass(frozen=True)
class ModelInitialised:
    """A new network with random weights lies in ``path``; or the problem, a sentence."""

    path: str
    problem: str = ""


@dataclass(frozen=True)
class JobStarted:
    """A job begins."""


@dataclass(frozen=True)
class JobFinished:
    """A job ended well; ``result`` holds plain values by name."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class JobCancelled:
    """A job was cancelled; nothing half-done is left."""


@dataclass(frozen=True)
class JobFailed:
    """A job failed.

    Attributes:
        kind: "user" for something that the user can put right, else "unexpected".
        message: one sentence with the remedy.
        details: for the log, may be empty.
    """

    kind: str
    message: str
    details: str = ""


@dataclass(frozen=True)
class WorkerDied:
    """The engine's process ended by itself: its exit code and the end of its log."""

    exit_code: int | None
    log: str


Event = (
    LogLine
    | EpochStarted
    | BatchEnded
    | EpochEnded
    | CheckpointSaved
    | PartTranslated
    | SliceTranslated
    | ImageTranslated
    | ImageSkipped
    | FilesRead
    | WorkerReady
    | PreviewReady
    | WeightsDescribed
    | ModelInitialised
    | JobStarted
    | JobFinished
    | JobCancelled
    | JobFailed
    | WorkerDied
)
Report = Callable[[Event], None]


@dataclass(frozen=True)
class StartTraining:
    """Train a project in ``run_dir``; see ``ml.training.train``."""

    job: int
    project: Project
    run_dir: Path
    resume: bool = False
    start_weights: Path | None = None


@dataclass(frozen=True)
class TranslateImages:
    """Translate files and folders; see ``ml.translation.translate``."""

    job: int
    weights: Path
    inputs: tuple[Path, ...]
    output: Path
    spec: TranslationSpec


@dataclass(frozen=True)
class Evaluate:
    """Measure what weights make of pairs; the result has the table's rows."""

    job: int
    weights: Path
    pairs: tuple[ImagePair, ...]


Job = StartTraining | TranslateImages | Evaluate


@dataclass(frozen=True)
class DescribeWeights:
    """Short; answered by WeightsDescribed."""

    path: Path


@dataclass(frozen=True)
class InitialiseModel:
    """Make a network with random weights and save it in ``path``; answered by ModelInitialised."""

    spec: ModelSpec
    path: Path
    seed: int


@dataclass(frozen=True)
class PreviewTranslation:
    """Translate one image; answered by PreviewReady.

    Of those that wait only the newest is answered, unless they are to be kept.

    Attributes:
        number: comes back with the answer.
        weights: the weights file.
        image: (height, width, channels) in the file's own type.
        name: of the image, for messages.
        keep: answer it even if a newer one waits.
    """

    number: int
    weights: Path
    image: Any
    name: str
    keep: bool = False


@dataclass(frozen=True)
class FinishEarly:
    """End the training after this epoch."""

    job: int


@dataclass(frozen=True)
class CancelJob:
    """Stop the job at the next batch or image."""

    job: int


@dataclass(frozen=True)
class Shutdown:
    """Leave."""


Request = (
    Job
    | DescribeWeights
    | InitialiseModel
    | PreviewTranslation
    | FinishEarly
    | CancelJob
    | Shutdown
)


class Cancelled(Exception):
    """The user cancelled the job; nothing half-done is left."""


@dataclass(frozen=True)
class JobControl:
    """Requests to a running job; may be set from any thread or a signal handler.

    Attributes:
        finish_early: training ends after this epoch, a normal end.
        cancel: the job stops at the next batch or image.
        serve: what the caller wants done between two steps; quick.
    """

    finish_early: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)
    serve: Callable[[], None] = lambda: None

    def between_steps(self) -> None:
        """Called between batches and images: serve short requests, leave if cancelled.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        self.serve()
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Leave the job if the user asked for it.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        if self.cancel.is_set():
            raise Cancelled


def ignore(_event: Event) -> None:
    """A report that goes nowhere."""
