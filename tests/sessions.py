"""A session without an engine, for tests of what it holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from waiting import wait_until

from deepimagetranslator.app.events import Change, ProblemOccurred
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.imaging.images import write_image

Kind = TypeVar("Kind")


class NoEngine:
    """Takes requests and jobs; answers what a test puts into ``answers``."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.asked: list[str] = []
        self.answers: list[object] = []
        self._ids = count(1)

    def send(self, request: object) -> None:
        self.sent.append(request)

    submit = send

    def next_job(self) -> int:
        return next(self._ids)

    def poll(self) -> list[object]:
        answers, self.answers = self.answers, []
        return answers

    def cancel(self) -> None:
        self.asked.append("cancel")

    def finish_early(self) -> None:
        self.asked.append("finish early")

    def force_stop(self) -> None:
        self.asked.append("force stop")

    def close(self) -> None:
        self.asked.append("close")


class Sessions:
    """A session, and the changes that it told."""

    def __init__(self, folder: Path) -> None:
        self.engine = NoEngine()
        engine: Any = self.engine
        self.session = Session(engine, Settings(folder / "settings.json"))
        self.told: list[Change] = []
        self.session.bus.subscribe(Change, self.told.append)

    def until(self, condition: Callable[[], object]) -> None:
        """Let the session work until the condition holds."""
        wait_until(condition, self.session.tick, lambda: self.told[-5:])

    def answer(self, *events: object) -> None:
        """Have the engine tell these events."""
        self.engine.answers += events
        self.session.tick()

    def changes(self, kind: type[Kind]) -> list[Kind]:
        """The changes of a class that were told."""
        return [change for change in self.told if isinstance(change, kind)]

    def requests(self, kind: type[Kind]) -> list[Kind]:
        """The requests of a class that were sent."""
        return [request for request in self.engine.sent if isinstance(request, kind)]

    def problems(self) -> list[str]:
        return [change.text for change in self.changes(ProblemOccurred)]


def write_pairs(folder: Path, names: list[str], targets: list[str] | None = None) -> None:
    """Inputs in ``in``, two-coloured targets in ``out``; every image is another."""
    for side, files in (("in", names), ("out", names if targets is None else targets)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for file in files:
            rng = np.random.default_rng(sum(map(ord, file)))
            image = rng.integers(0, 255, (24, 24, 1), np.uint8)
            if side == "out":
                image = np.where(image > 99, np.uint8(255), np.uint8(0))
            write_image(folder / side / file, image)
