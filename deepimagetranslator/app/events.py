"""Changes of a session: a class per change, and the bus that publishes them to listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from deepimagetranslator.app.views import Shown
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.score import Score
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
    """Base class of all changes."""


@dataclass(frozen=True)
class EngineChanged(Change):
    """The worker has loaded TensorFlow, or has ended."""


@dataclass(frozen=True)
class ProjectChanged(Change):
    """The project changed; always one of the five classes below."""


@dataclass(frozen=True)
class ProjectReplaced(ProjectChanged):
    """Another project was opened, or a new one was started."""


@dataclass(frozen=True)
class ProjectSaved(ProjectChanged):
    """The project file was written."""


@dataclass(frozen=True)
class SpecsChanged(ProjectChanged):
    """The project's specs, including its lists of files, changed."""


@dataclass(frozen=True)
class RunsChanged(ProjectChanged):
    """A run was added to the project, or a run's folder was moved."""


@dataclass(frozen=True)
class LabelsMoved(ProjectChanged):
    """The folder of the project's label maps is another one."""


@dataclass(frozen=True)
class ReadingProgressed(Change):
    """The reading of the project's files started or made progress."""


@dataclass(frozen=True)
class ReadingEnded(Change):
    """The project's files have all been read, or the reading was stopped."""


@dataclass(frozen=True)
class LoadingChanged(Change):
    """The loading of files or of a project started or ended."""


@dataclass(frozen=True)
class SeveralSeriesFound(Change):
    """A folder holds several DICOM series; one of them must be chosen.

    Attributes:
        series: the series to choose from.
        go_on: call it with the UID of the chosen series to load that one.
    """

    series: tuple[Series, ...]
    go_on: Callable[[str], object]


@dataclass(frozen=True)
class ViewLoaded(Change):
    """The images for the panes have been read.

    Attributes:
        shown: the images.
    """

    shown: Shown


@dataclass(frozen=True)
class ViewTranslated(Change):
    """The current model has translated the image in view.

    Attributes:
        preview: the translated image, or why there is none.
    """

    preview: PreviewReady


@dataclass(frozen=True)
class ViewScored(Change):
    """The translated image in view has been compared with its target.

    Attributes:
        score: the result.
    """

    score: Score


@dataclass(frozen=True)
class ScoresChanged(Change):
    """The scores of the list of images changed."""


@dataclass(frozen=True)
class MarksChanged(Change):
    """Images were recognized as unlike the training images, or are no longer."""


@dataclass(frozen=True)
class WeightsChanged(Change):
    """The current model changed, or there is none any more."""


@dataclass(frozen=True)
class JobChanged(Change):
    """A job started, was asked to stop, or ended."""


@dataclass(frozen=True)
class JobProgressed(Change):
    """The running job made progress.

    Attributes:
        event: the worker's event.
    """

    event: Event


@dataclass(frozen=True)
class JobEnded(Change):
    """The job ended, or the worker ended while no job was running.

    Attributes:
        kind: as in ``Jobs``; "" if no job was running.
        event: how it ended.
    """

    kind: str
    event: JobEnd


@dataclass(frozen=True)
class StudyOpened(Change):
    """A study was made or opened, or is to be shown."""


@dataclass(frozen=True)
class StudyReported(Change):
    """The report of the open study was written.

    Attributes:
        files: its files.
    """

    files: tuple[Path, ...]


@dataclass(frozen=True)
class UnlikeInputsFound(Change):
    """A translation waits: shall images of unlike values be translated too?

    Attributes:
        problems: one for each series, with its images as files.
        go_on: call it with whether to translate these images too, or to skip them; raises
            ``UserError`` while another job is running.
    """

    problems: tuple[Problem, ...]
    go_on: Callable[[bool], object] = field(compare=False)


@dataclass(frozen=True)
class ProblemOccurred(Change):
    """An action of the user failed.

    Attributes:
        text: a sentence for the user that says why.
        action: the action's name, mostly that of its menu entry; empty if it has none.
        problems: the same as problems with their remedies; empty for unexpected errors.
    """

    text: str
    action: str = ""
    problems: tuple[Problem, ...] = ()


AnyChange = TypeVar("AnyChange", bound=Change)


class Bus:
    """Calls listeners with each change, at once and in the order in which they subscribed.

    Use it in the window's thread only.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[type[Change], Callable[[Any], object]]] = []

    def subscribe(self, kind: type[AnyChange], listener: Callable[[AnyChange], object]) -> None:
        """Call the listener with every change of a class and of its subclasses."""
        self._listeners.append((kind, listener))

    def unsubscribe(self, listener: Callable[[AnyChange], object]) -> None:
        """Cancel all subscriptions of the listener."""
        self._listeners = [(kind, other) for kind, other in self._listeners if other != listener]

    def publish(self, change: Change) -> None:
        """Call the listeners that subscribed to the change's class."""
        for kind, listener in tuple(self._listeners):
            if isinstance(change, kind):
                listener(change)

    def publish_error(self, error: Exception, action: str = "") -> None:
        """Publish an error as a ``ProblemOccurred``; ``action`` names what failed."""
        if isinstance(error, UserError):
            self.publish(ProblemOccurred(str(error), action, error.problems))
        else:
            self.publish(ProblemOccurred(f"{type(error).__name__}: {error}", action))
