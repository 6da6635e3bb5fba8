"""What every part of the session shares: what is loaded and chosen, and who is told of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.training_state import MonitorState
from deepimagetranslator.app.views import PARTS, TRAINING
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data.dataset import Dataset, Matched
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import Problem, UserError

Listener = Callable[[str, object], None]


class SessionBase:
    """The state of one window.

    Attributes:
        lock: holds the project's file, so that no second window has it.
        project, path, changed: what is chosen, its file if it has one, and whether it was changed.
        matched: the pairs by name and what has no partner.
        problems: what is wrong with the images, as far as it is known.
        dataset: the examined data set once the files have been read, else None.
        part, positions: what is shown, and where in each part.
        augmented: whether training images are shown augmented.
        weights: the current model's file, None while there is none.
        weights_lines: what that file says of itself.
        weights_scalings: of the current model's inputs and targets, as far as they are known.
        to_translate, translated: images loaded for translation; outputs by input.
        job_kind: "training", "translation", "evaluation", or "" while none runs.
        monitor: of the last training.
        device, versions: the engine's device in words and its packages; empty until it is loaded.
        unused_gpu: why a GPU that is there is not used, a sentence; else empty.

    Topics told to listeners: "engine", "project", "view" (a ``Shown``), "prediction" (a
    PreviewReady), "weights", "job", "job ended" (the event), "progress" (an event), "problem" (a
    sentence), "busy" (the session itself reads files), "examining" (more files were read),
    "examined", "series" (a ``SeriesQuestion``).
    """

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.background = Background()
        self.lock = ProjectLock()
        self.monitor = MonitorState()
        self.project = Project()
        self.path: Path | None = None
        self.changed = False
        self.matched = Matched((), (), ())
        self.problems: tuple[Problem, ...] = ()
        self.dataset: Dataset | None = None
        self.part = TRAINING
        self.positions = dict.fromkeys(PARTS, 0)
        self.augmented = True
        self.weights: Path | None = None
        self.weights_lines: tuple[str, ...] = ()
        self.weights_scalings: tuple[
            IntensityNormalization | None, IntensityNormalization | None
        ] = (None, None)
        self.to_translate: list[Path] = []
        self.translated: dict[Path, Path] = {}
        self.job_kind = ""
        self.device = ""
        self.versions: Mapping[str, str] = {}
        self.unused_gpu = ""
        self._listeners: list[Listener] = []

    @property
    def specs(self) -> Specs:
        """Every choice."""
        return self.project.specs

    def subscribe(self, listener: Listener) -> None:
        """Have ``listener(topic, subject)`` called at every change."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """No longer call the listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _tell(self, topic: str, subject: object = None) -> None:
        for listener in list(self._listeners):
            listener(topic, subject)

    def _failed(self, error: Exception) -> None:
        text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        self._tell("problem", text)
