"""Rounds of what a user does all day, through the real client: open, preview, train, translate."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "ml"))

from tiny import picture, project_of, write_set
from waiting import PATIENCE

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    PreviewReady,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    PreviewTranslation,
    StartTraining,
    TranslateImages,
)
from deepimagetranslator.core.runs.run_folder import RunFolder

Kind = TypeVar("Kind", bound=Event)
MIB = 2**20
SIDE = 64
PREVIEWS = 5


@dataclass(frozen=True)
class Figures:
    """What the engine's processes hold together, and how long a preview took.

    Attributes:
        memory: resident memory in MiB.
        handles, threads: of all processes.
        latency: the median of a round's previews, in seconds.
    """

    memory: float
    handles: int
    threads: int
    latency: float


class LongUse:
    """One client at work in a folder."""

    def __init__(self, folder: Path) -> None:
        self.client = WorkerClient(folder / "engine.log")
        self.folder = folder
        self.files = write_set(folder / "train", range(4), size=(SIDE, SIDE))
        two = self.files[0][:2], self.files[1][:2]
        # The smallest network: a round is mostly the making of two step functions.
        model = {"depth": 1, "normalization": "none"}
        self.project = project_of(two, model=model, training={"optimizer": "sgd"})
        self.inputs = tuple(ImageRef(Path(path)) for path in self.files[0])
        self.events: list[Event] = []
        self.round_number = 0
        self.client.start()
        self.until(WorkerReady)

    def until(self, kind: type[Kind]) -> Kind:
        """The next event of that kind; fails at the end of a job that was not asked for."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for event in self.client.poll():
                assert not isinstance(event, JobFailed | WorkerDied), event
                self.events.append(event)
            for index, event in enumerate(self.events):
                if isinstance(event, kind):
                    del self.events[: index + 1]
                    return event
            time.sleep(0.001)
        raise AssertionError(f"no {kind.__name__} in time")

    def train(self, run_dir: Path) -> RunFolder:
        """Train for one epoch."""
        self.begin(run_dir)
        self.until(JobFinished)
        return RunFolder(run_dir)

    def begin(self, run_dir: Path) -> None:
        """Begin a training."""
        self.client.submit(StartTraining(self.client.next_job(), self.project, run_dir))

    def cancel(self, run_dir: Path) -> None:
        """Cancel a training in its first epoch."""
        self.begin(run_dir)
        self.until(BatchEnded)
        self.client.cancel()
        end = self.until(Event)  # type: ignore[type-abstract]
        while not isinstance(end, JobCancelled | JobFinished):
            end = self.until(Event)  # type: ignore[type-abstract]

    def start_translation(self, weights: Path, inputs: tuple[ImageRef, ...]) -> None:
        """Begin to translate images into a new folder."""
        job, output = self.client.next_job(), self.folder / f"out{self.round_number}"
        self.client.submit(TranslateImages(job, weights, inputs, output, TranslationSpec()))

    def translate(self, weights: Path, inputs: tuple[ImageRef, ...]) -> None:
        """Translate images into a new folder, to the end."""
        self.start_translation(weights, inputs)
        assert len(self.until(JobFinished).result["translated"]) == len(inputs)

    def preview(self, weights: Path, number: int) -> float:
        """Translate one image for the window; the seconds that it took."""
        begun = time.perf_counter()
        self.client.send(PreviewTranslation(number, weights, picture(number, SIDE, SIDE), "p"))
        assert self.until(PreviewReady).image is not None
        return time.perf_counter() - begun

    def round(self) -> Figures:
        """Everything once: train, describe, preview, cancel, translate."""
        self.round_number += 1
        home = self.folder / f"round{self.round_number}"
        best = self.train(home / "1").best
        self.client.send(DescribeWeights(best))
        assert not self.until(WeightsDescribed).problem
        seconds = [self.preview(best, number) for number in range(PREVIEWS)]
        self.cancel(home / "2")
        self.translate(best, self.inputs[:2])
        return self.figures(float(np.median(seconds)))

    def figures(self, latency: float = 0.0) -> Figures:
        """What the engine holds now."""
        found = [_of(pid) for pid in family(self.client.pid)]
        memory, handles, threads = (sum(values) for values in zip(*found, strict=True))
        return Figures(memory / MIB, int(handles), int(threads), latency)


def family(pid: int | None) -> list[int]:
    """A process and its descendants."""
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text(encoding="ascii").split()]
    return [pid, *(one for child in found for one in family(child))]


def _of(pid: int) -> tuple[int, int, int]:
    """Resident bytes, open handles and threads of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")

    def number(name: str) -> int:
        match = re.search(rf"^{name}:\s+(\d+)", status, re.M)
        assert match
        return int(match[1])

    return 1024 * number("VmRSS"), len(list(Path(f"/proc/{pid}/fd").iterdir())), number("Threads")
