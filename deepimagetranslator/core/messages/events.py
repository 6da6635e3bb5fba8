"""Events: what training, translation and evaluation report to their caller.

Events are frozen dataclasses of plain values, paths, specs and arrays. The command line prints
them; the worker sends them to the window through its pipe. Exactly one of JobFinished,
JobCancelled, JobFailed and WorkerDied ends a job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.export.confidence import ConfidenceMap
from deepimagetranslator.core.imaging.image_ref import ImageRef


@dataclass(frozen=True)
class LogLine:
    """A sentence for the log."""

    text: str


@dataclass(frozen=True)
class EpochStarted:
    """An epoch began. ``epoch`` counts from 1; ``batches`` is the number of training steps."""

    epoch: int
    epochs: int
    batches: int


@dataclass(frozen=True)
class BatchEnded:
    """A training step ended. At most five per second are sent, but the last of an epoch always.

    ``seconds_left`` is the estimated time to the end of the training; None if not yet known.
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
        values: the row of history.csv: loss, metrics, val_loss and so on, by name.
        seconds: its duration.
        best_epoch, best_value: the epoch with the lowest monitored metric so far, and that value.
    """

    epoch: int
    epochs: int
    values: Mapping[str, float]
    seconds: float
    best_epoch: int
    best_value: float


@dataclass(frozen=True)
class InputsMeasured:
    """The validation inputs were compared with their targets, as if the network did nothing.

    ``values`` are the loss and metrics by name, see ``core.runs.input_itself``. Sent once, after
    the first epoch, and only where inputs and targets can be compared.
    """

    values: Mapping[str, float]


@dataclass(frozen=True)
class ChangesTried:
    """After the last epoch: ``done`` of ``count`` predictions that tell which images suit."""

    done: int
    count: int


@dataclass(frozen=True)
class CheckpointSaved:
    """The weights of a new best epoch were written."""

    path: str
    epoch: int
    value: float


@dataclass(frozen=True)
class PartTranslated:
    """Some parts (tiles, or bands of rows) of a large image are done; at most five per second.

    ``done`` of ``parts`` are finished; ``index`` is the image's number, from 1.
    """

    source: ImageRef
    done: int
    parts: int
    index: int
    count: int


@dataclass(frozen=True)
class SliceTranslated:
    """One slice of a volume is done; the volume is written after its last slice.

    ``index`` is the number of finished images.
    """

    index: int
    count: int


@dataclass(frozen=True)
class ImageTranslated:
    """One image was translated and written; ``index`` counts from 1.

    The slices of a volume are reported together when it is written, with the same ``index``.
    ``palette`` has the colours of written class numbers; None for other outputs. ``mark`` says why
    the image is far from the training images; None if it is not, or if that is unknown.
    ``disagreement`` says how far the networks of an ensemble are apart on it; None for one network.
    """

    source: ImageRef
    output: ImageRef
    index: int
    count: int
    palette: Palette | None = None
    mark: DomainMark | None = None
    disagreement: float | None = None


@dataclass(frozen=True)
class ImageSkipped:
    """One image could not be translated; ``reason`` is a sentence with the remedy."""

    source: ImageRef
    reason: str
    index: int
    count: int


@dataclass(frozen=True)
class FilesRead:
    """``done`` of ``count`` files have been read and checked."""

    done: int
    count: int


@dataclass(frozen=True)
class FilesWritten:
    """``done`` of ``count`` parts of a report, or files of a pack, have been written."""

    done: int
    count: int


@dataclass(frozen=True)
class CellStarted:
    """The training of a study's cell of this name began, or goes on; its events follow."""

    name: str


@dataclass(frozen=True)
class CellEnded:
    """The cell is done, has failed, or was left to another process; its files say which.

    Attributes:
        name: of the cell.
        problem: why it is not done, as a sentence; else empty.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True)
class WorkerReady:
    """The worker has loaded Keras and is ready.

    Attributes:
        versions: version numbers by package name.
        device: a description, such as "CPU, 8 cores, bfloat16".
        unused_gpu: why an available GPU is not used, as a sentence; else empty.
    """

    versions: Mapping[str, str]
    device: str
    unused_gpu: str = ""


@dataclass(frozen=True)
class PreviewReady:
    """The network's output for one image, as it would be written.

    Attributes:
        number: the request's number.
        image: (height, width, 1 or 3) uint8, uint16 or float32; None if it cannot be translated.
        epoch: the epoch after which the weights were saved; 0 if unknown.
        problem: why there is no image, as a sentence; else empty.
        confidence: the map of its confidence if it was requested.
        mark: why the image is far from the training images; None if it is not, or if that is
            unknown.
    """

    number: int
    image: Any
    epoch: int
    problem: str = ""
    mark: DomainMark | None = None
    confidence: ConfidenceMap | None = None


@dataclass(frozen=True)
class WeightsDescribed:
    """The description of a weights file, or why it cannot be used.

    Attributes:
        path: the file.
        lines: the description for the user, one fact per line.
        model: the network; None if there is a problem.
        problem: why the file cannot be used, as a sentence; else empty.
        scalings: intensity normalization of its inputs and of its targets.
        palette: the label colours of its targets; None if they are not label maps.
        epoch: the epoch after which it was saved; 0 if unknown.
        domain_unknown: why images unlike the training images cannot be recognized with this file,
            as a sentence; empty if they can.
    """

    path: str
    lines: tuple[str, ...] = ()
    model: ModelSpec | None = None
    problem: str = ""
    scalings: tuple[IntensityNormalization | None, IntensityNormalization | None] = (None, None)
    palette: Palette | None = None
    epoch: int = 0
    domain_unknown: str = ""


@dataclass(frozen=True)
class ModelInitialised:
    """A new network with random weights was saved in ``path``, unless there is a ``problem``."""

    path: str
    problem: str = ""


@dataclass(frozen=True)
class JobStarted:
    """A job began."""


@dataclass(frozen=True)
class JobFinished:
    """A job succeeded; ``result`` holds plain values by name."""

    result: Mapping[str, Any]


@dataclass(frozen=True)
class JobCancelled:
    """A job was cancelled; no incomplete file is left."""


@dataclass(frozen=True)
class JobFailed:
    """A job failed.

    Attributes:
        kind: "user" for an error that the user can fix, else "unexpected".
        message: what went wrong, one or more lines.
        details: the traceback for the log; may be empty.
        problems: for a "user" error, each problem with its remedy.
    """

    kind: str
    message: str
    details: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class WorkerDied:
    """The worker process stopped unexpectedly. ``log`` is the end of its log file."""

    exit_code: int | None
    log: str


Event = (
    LogLine
    | EpochStarted
    | BatchEnded
    | EpochEnded
    | InputsMeasured
    | ChangesTried
    | CheckpointSaved
    | PartTranslated
    | SliceTranslated
    | ImageTranslated
    | ImageSkipped
    | FilesRead
    | FilesWritten
    | CellStarted
    | CellEnded
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
    """A ``Report`` that does nothing."""
