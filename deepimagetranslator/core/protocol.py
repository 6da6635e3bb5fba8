"""What the engine tells its caller, and how the caller asks it to stop.

Events are frozen dataclasses of plain values. The command line prints them; the window's
worker sends them through its pipe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


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
class ImageTranslated:
    """One image was translated and written; ``index`` counts from 1."""

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


Event = (
    LogLine
    | EpochStarted
    | BatchEnded
    | EpochEnded
    | CheckpointSaved
    | ImageTranslated
    | ImageSkipped
    | FilesRead
)
Report = Callable[[Event], None]


class Cancelled(Exception):
    """The user cancelled the job; nothing half-done is left."""


@dataclass(frozen=True)
class JobControl:
    """Requests to a running job; may be set from any thread or a signal handler.

    Attributes:
        finish_early: training ends after this epoch, a normal end.
        cancel: the job stops at the next batch or image.
    """

    finish_early: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)

    def raise_if_cancelled(self) -> None:
        """Leave the job if the user asked for it.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        if self.cancel.is_set():
            raise Cancelled


def ignore(_event: Event) -> None:
    """A report that goes nowhere."""
