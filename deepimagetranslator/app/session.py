"""A session: the state that the window shows, and the connection to the worker process.

Imports neither Tk nor Keras. The window calls ``tick`` often and subscribes to changes on the bus.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.events import Bus, EngineChanged
from deepimagetranslator.app.jobs import Jobs
from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.app.last_run import LastRun
from deepimagetranslator.app.loader import Loader
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.scores import Scores
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.study.cell_previews import CellPreviews
from deepimagetranslator.app.study.studies import Studies
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.messages.events import (
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    ModelInitialised,
    PreviewReady,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)


class Session:
    """The state of one window.

    Attributes:
        client: the connection to the worker process.
        settings: values that are kept between sessions.
        bus: publishes changes to listeners.
        background: threads for slow work.
        project: the project and its pairs.
        model: the current model.
        viewer: the content of the three panes.
        loader: loads images and projects.
        jobs: training, translation, evaluation, and those of studies.
        studies: the open study.
        scores: the scores of all images by the current model.
        labelling: the mode in which label maps are painted.
        device: the device that TensorFlow uses, for instance "CPU"; empty until TensorFlow is
            loaded.
        versions: the versions of the worker's packages by name; empty until TensorFlow is loaded.
        unused_gpu: a sentence that says why an installed GPU is not used; else empty.
    """

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        self.client = client
        self._events: deque[Event] = deque()
        self.settings = settings
        self.bus = bus = Bus()
        self.background = background = Background()
        self.project = ProjectState(background, settings, bus)
        self.model = CurrentModel(client.send, self.project, bus)
        self.viewer = Viewer(client.send, self.project, self.model, background, bus)
        self.loader = Loader(self.project, self.viewer, background, bus)
        self.jobs = Jobs(client, self.project, self.viewer, self.model, background, bus)
        self.scores = Scores(
            client.send, self.project, self.viewer, self.model, self.jobs, background, bus
        )
        previews = CellPreviews(background, client.send, self.viewer.next_number)
        self.studies = Studies(self.jobs, background, settings, bus, previews)
        self.labelling = Labelling(
            self.project, self.viewer, self.model, self.jobs, background, bus
        )
        self._last_run = LastRun(self.project, self.jobs, self.model, background, bus)
        self.device = ""
        self.versions: Mapping[str, str] = {}
        self.unused_gpu = ""

    def tick(self) -> None:
        """Handle the results of the worker and of the threads; call it about every 15 ms.

        It may be called while an earlier call waits for the answer to a box.
        """
        self.background.poll()
        self.project.tick()
        self.loader.tick()
        self.labelling.tick()
        self._events += self.client.poll()
        while self._events:
            self._handle(self._events.popleft())
        if self.device:
            self.scores.tick()

    def close(self) -> None:
        """End the threads and the worker process, and release the project's lock."""
        self._events.clear()  # a tick may still wait for an answer to a box
        self.labelling.close()
        self.background.close()
        self.client.close()
        self.project.close()

    def _handle(self, event: Event) -> None:
        """Pass an event of the worker to the object that handles it."""
        match event:
            case WorkerReady():
                self._set_engine(event.device, event.versions, event.unused_gpu)
            case PreviewReady():
                takers = (self.jobs.strip, self.studies.previews, self.scores)
                if not any(taker.take(event) for taker in takers):
                    self.viewer.take_preview(event)
            case WeightsDescribed():
                self.model.take_description(event)
            case ModelInitialised():
                self.model.take_new(event)
            case WorkerDied():
                self.scores.reset()
                self._set_engine("", self.versions, self.unused_gpu)
                self.jobs.take_end(event)
            case JobFinished() | JobCancelled() | JobFailed():
                self.jobs.take_end(event)
            case _:
                self.jobs.take_progress(event)

    def _set_engine(self, device: str, versions: Mapping[str, str], unused_gpu: str) -> None:
        self.device, self.versions, self.unused_gpu = device, versions, unused_gpu
        self.bus.publish(EngineChanged())
