"""What the window asks of the engine, and what the engine tells its caller.

Requests and events are frozen dataclasses of plain values, paths, specs and arrays. The command
line prints events; the window's worker sends them through its pipe. Exactly one of JobFinished,
JobCancelled, JobFailed and WorkerDied ends a job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.imaging.image_ref import ImageRef


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

    source: ImageRef
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

    source: ImageRef
    output: ImageRef
    index: int
    count: int


@dataclass(frozen=True)
class ImageSkipped:
    """One image could not be translated; ``reason`` is a sentence with the remedy."""

    source: ImageRef
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
    scalings: tuple[IntensityNormalization | None, IntensityNormalization | None] = (None, None)


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
        message: what went wrong, a sentence or several lines.
        details: for the log, may be empty.
        problems: of a "user" error what is wrong and what puts it right.
    """

    kind: str
    message: str
    details: str = ""
    problems: tuple[Problem, ...] = ()


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


def ignore(_event: Event) -> None:
    """A report that goes nowhere."""
