"""A session without an engine, for tests of what it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from waiting import wait_until

from deepimagetranslator.app.session import Session
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.imaging.images import write_image


class NoEngine:
    """Takes requests and never answers."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def send(self, request: object) -> None:
        self.sent.append(request)

    def poll(self) -> list[object]:
        return []

    def close(self) -> None:
        pass


class Sessions:
    """A session, and the sentences that it told."""

    def __init__(self, folder: Path) -> None:
        engine: Any = NoEngine()
        self.session = Session(engine, Settings(folder / "settings.json"))
        self.told: list[tuple[str, object]] = []
        self.session.subscribe(lambda topic, subject: self.told.append((topic, subject)))

    def until(self, condition: Callable[[], object]) -> None:
        """Let the session work until the condition holds."""
        wait_until(condition, self.session.tick, lambda: self.told[-5:])

    def problems(self) -> list[str]:
        return [str(subject) for topic, subject in self.told if topic == "problem"]


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
