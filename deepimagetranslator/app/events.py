"""What has changed in a session: a class per change, and the bus that tells listeners of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from deepimagetranslator.app.views import Shown
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.imaging.series import Series
from deepimagetranslator.core.messages.events import (
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    PreviewReady,
    WorkerDied,
)

JobEnd = JobFinished | JobCancelled | JobFailed | WorkerDied


class Change:
    """A change that listeners may want to know of."""


@dataclass(frozen=True)
class EngineChanged(Change):
    """The engine is loaded, or has ended."""


@dataclass(frozen=True)
class ProjectChanged(Change):
    """Something about the project; always one of the three classes below."""


@dataclass(frozen=True)
class ProjectReplaced(ProjectChanged):
    """Another project was opened, or a new one begun."""


@dataclass(frozen=True)
class ProjectSaved(ProjectChanged):
    """The project's file was written."""


@dataclass(frozen=True)
class SpecsChanged(ProjectChanged):
    """The project's choices or its lists of files are different ones."""


@dataclass(frozen=True)
class ReadingProgressed(Change):
    """The reading of the project's files has begun or got further."""


@dataclass(frozen=True)
class ReadingEnded(Change):
    """The project's files have all been read, or the reading was stopped."""


@dataclass(frozen=True)
class LoadingChanged(Change):
    """Files are being listed or a project is being opened, or that has ended."""


@dataclass(frozen=True)
class SeveralSeriesFound(Change):
    """A folder holds several DICOM series; one of them must be chosen.

    Attributes:
        series: to choose from.
        go_on: called with the chosen one's uid; loads it.
    """

    series: tuple[Series, ...]
    go_on: Callable[[str], object]


@dataclass(frozen=True)
class ViewLoaded(Change):
    """What the panes show is there.

    Attributes:
        shown: the images.
    """

    shown: Shown


@dataclass(frozen=True)
class ViewTranslated(Change):
    """The current model's translation of the image in view is there.

    Attributes:
        preview: the translation, or why there is none.
    """

    preview: PreviewReady


@dataclass(frozen=True)
class WeightsChanged(Change):
    """There is another current model, or none any more."""


@dataclass(frozen=True)
class JobChanged(Change):
    """A job has begun, was asked to stop, or has ended."""


@dataclass(frozen=True)
class JobProgressed(Change):
    """The running job told how far it is.

    Attributes:
        event: what the engine sent.
    """

    event: Event


@dataclass(frozen=True)
class JobEnded(Change):
    """The job is over, or the engine ended without one.

    Attributes:
        kind: "training", "translation", "evaluation", or "" without a job.
        event: how it ended.
    """

    kind: str
    event: JobEnd


@dataclass(frozen=True)
class ProblemOccurred(Change):
    """What was asked for could not be done.

    Attributes:
        text: why, a sentence for the user.
        problems: the same with what puts it right, if that is known.
    """

    text: str
    problems: tuple[Problem, ...] = ()


AnyChange = TypeVar("AnyChange", bound=Change)


class Bus:
    """Tells listeners of changes, at once and in the order in which they subscribed.

    For one thread only: the window's.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[type[Change], Callable[[Any], object]]] = []

    def subscribe(self, kind: type[AnyChange], listener: Callable[[AnyChange], object]) -> None:
        """Have the listener called with every change of a class, its subclasses included."""
        self._listeners.append((kind, listener))

    def unsubscribe(self, listener: Callable[[AnyChange], object]) -> None:
        """No longer call the listener, whatever it subscribed to."""
        self._listeners = [(kind, other) for kind, other in self._listeners if other != listener]

    def publish(self, change: Change) -> None:
        """Tell those who subscribed to the change's class."""
        for kind, listener in tuple(self._listeners):
            if isinstance(change, kind):
                listener(change)

    def publish_error(self, error: Exception) -> None:
        """Tell what an error means to the user: a ``ProblemOccurred``."""
        if isinstance(error, UserError):
            self.publish(ProblemOccurred(str(error), error.problems))
        else:
            self.publish(ProblemOccurred(f"{type(error).__name__}: {error}"))
