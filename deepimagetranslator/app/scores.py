"""Scores of all images of a part by the current model, computed while nothing else runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.events import (
    Bus,
    Change,
    ProjectChanged,
    ScoresChanged,
    WeightsChanged,
)
from deepimagetranslator.app.jobs import Jobs
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.evaluation.score import Score, score_of
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.events import PreviewReady
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.typing import Array

_WEIGHTS_KEPT = 4
_AT_ONCE = 500  # pairs that are looked at in one tick
_MOST_PIXELS = 2048 * 2048  # of an image that is scored; larger ones would take minutes

Version = tuple[str, int, int, tuple[str, ...]]
"""Name, time of the last change in ns and size of a weights file, which may move with its run; and
the clean-up of its label maps."""


class Scores:
    """Translates one image after another and compares it with its target.

    The scores of the last few weights files are kept. A job of the worker pauses the work, and so
    does ``wanted`` being False.

    Args:
        send: sends a request to the worker.
        project: provides pairs and data set.
        viewer: provides the part in view, and numbers for requests.
        model: translates.
        jobs: the jobs of the worker.
        background: reads the images and compares.
        bus: gets ``ScoresChanged``.

    Attributes:
        wanted: whether somebody looks at the scores.
    """

    def __init__(
        self,
        send: Callable[[PreviewTranslation], object],
        project: ProjectState,
        viewer: Viewer,
        model: CurrentModel,
        jobs: Jobs,
        background: Background,
        bus: Bus,
    ) -> None:
        self._send = send
        self._project = project
        self._viewer = viewer
        self._model = model
        self._jobs = jobs
        self._background = background
        self._bus = bus
        self.wanted = False
        self._known: OrderedDict[Version, dict[ImagePair, Score | None]] = OrderedDict()
        self._version: Version | None = None
        self._scored: dict[ImagePair, Score | None] = {}
        self._asked: tuple[int, ImagePair, Array, Version] | None = None
        self._busy = False
        self._pairs: Sequence[ImagePair] = ()
        self._at = 0
        self._data = project.specs.data
        self._clean_up = project.specs.translation.clean_up
        bus.subscribe(WeightsChanged, self._on_weights)
        bus.subscribe(ProjectChanged, self._on_project)

    def of(self, pair: ImagePair) -> Score | None:
        """The score of a pair by the current model; None if it is not known or there is none."""
        return self._scored.get(pair)

    @property
    def done(self) -> int:
        """The number of pairs of the part in view that have been scored, as far as is known."""
        return min(self._at, len(self._viewer.pairs())) - self._busy

    def tick(self) -> None:
        """Begin with the next image if nothing else is to be done; call it often."""
        weights, version = self._model.weights, self._version
        if not self.wanted or self._busy or self._jobs.kind or weights is None or version is None:
            return
        if self._project.dataset is None:
            return
        pair = self._next_pair()
        if pair is None:
            return
        self._busy = True

        def read() -> tuple[Array, Array]:
            return read_image(pair.input), read_target(pair)

        def ask(images: tuple[Array, Array]) -> None:
            image, target = images
            if image.shape[0] * image.shape[1] > _MOST_PIXELS:
                self._take(pair, version, None)
                return
            number = self._viewer.next_number()
            self._asked = (number, pair, target, version)
            source, rules = pair.input, version[-1]
            self._send(PreviewTranslation(number, weights, image, source.name, True, rules, source))

        self._background.run("score next", read, ask, partial(self._failed, pair, version))

    def take(self, event: PreviewReady) -> bool:
        """Handle a translated image; returns False if it was not requested here."""
        if self._asked is None or event.number != self._asked[0]:
            return False
        _, pair, target, version = self._asked
        self._asked = None
        dataset = self._project.dataset
        if version == self._version and not event.problem:
            self._viewer.marks.note_preview(pair.input, event.mark)
        if event.image is None or dataset is None:
            self._take(pair, version, None)
            return True
        work = partial(
            score_of,
            target,
            event.image,
            dataset.target_scaling,
            dataset.palette,
            self._model.palette,
        )
        done = partial(self._take, pair, version)
        self._background.run("score", work, done, partial(self._failed, pair, version))
        return True

    def _next_pair(self) -> ImagePair | None:
        """The next pair of the part in view without a score; looks at some pairs at a time."""
        pairs = self._viewer.pairs()
        if pairs is not self._pairs:
            self._pairs, self._at = pairs, 0
        for pair in pairs[self._at : self._at + _AT_ONCE]:
            self._at += 1
            if pair not in self._scored:
                return pair
        return None

    def reset(self) -> None:
        """Forget the request in progress, for instance since the worker has ended."""
        self._asked, self._busy, self._at = None, False, 0

    def _take(self, pair: ImagePair, version: Version, score: Score | None) -> None:
        self._busy = False
        scored = self._scored if version == self._version else self._known.get(version, {})
        scored[pair] = score
        self._known[version] = scored
        while len(self._known) > _WEIGHTS_KEPT:
            self._known.popitem(last=False)
        if version == self._version:
            self._bus.publish(ScoresChanged())

    def _failed(self, pair: ImagePair, version: Version, _error: Exception) -> None:
        self._take(pair, version, None)

    def _on_weights(self, _change: WeightsChanged) -> None:
        weights = self._model.weights
        self._version, self._at, self._scored = None, 0, {}
        if weights is not None and weights.exists():
            self._version = _version_of(weights, self._clean_up)
            if self._version in self._known:
                self._scored = self._known[self._version]
                self._known.move_to_end(self._version)
        self._bus.publish(ScoresChanged())

    def _on_project(self, _change: Change) -> None:
        """Other files, other label classes or another clean-up give other scores."""
        data, clean_up = self._project.specs.data, self._project.specs.translation.clean_up
        if (data, clean_up) == (self._data, self._clean_up):
            return
        if data != self._data:
            self._known.clear()
        self._data, self._clean_up = data, clean_up
        self._on_weights(WeightsChanged())


def _version_of(weights: Path, clean_up: tuple[str, ...]) -> Version:
    status = weights.stat()
    return weights.name, status.st_mtime_ns, status.st_size, clean_up
