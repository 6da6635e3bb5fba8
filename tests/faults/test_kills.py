"""Trainings killed at random moments go on as if they had not been; see test_interrupted_runs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from small_run import figures

from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.run_state import Stage, state_of
from deepimagetranslator.core.runs.state_file import read_head
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.devices import load_engine

KILLS, RESUMED = 60, 20
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system"),
]


class Server:
    """Runs trainings, see training_server.py."""

    def __init__(self, images: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "training_server.py"), str(images)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline().split()[1])

    def start(self, run_dir: Path, way: str) -> int:
        """The number of the process that trains."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{run_dir} {way}\n")
        self.process.stdin.flush()
        return self._answer()

    def train(self, run_dir: Path, way: str) -> None:
        """Train to the end."""
        self.start(run_dir, way)
        assert self._answer() == 0

    def kill(self, run_dir: Path, way: str, after: float) -> None:
        """Train and kill all processes of the training after some seconds."""
        pid = self.start(run_dir, way)
        time.sleep(after)  # the moment is what is tried
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._answer()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "images")
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def assert_nothing_lost(run: RunFolder, told: int) -> Stage:
    """All files are whole, and the run can go on from the epoch that was told, or a later one."""
    for path in run.path.glob("[!.]*.weights.h5"):
        assert weights.is_whole(path), path.name
    found = state_of(run, weights.is_whole)
    head = None if found.file is None else read_head(found.file)
    assert found.stage is not Stage.STATELESS
    assert (0 if head is None else head.epoch) >= told
    return found.stage


def test_killed_trainings_lose_nothing(server: Server, seed: int, tmp_path: Path) -> None:
    load_engine()
    draw, stages = random.Random(seed), dict.fromkeys(Stage, 0)
    server.train(tmp_path / "warm", "begin")
    start = time.monotonic()
    server.train(tmp_path / "whole", "begin")
    length = time.monotonic() - start
    expected = figures(tmp_path / "whole")
    whole = {path.name for path in (tmp_path / "whole").iterdir()}
    for number in range(KILLS):
        run, way = RunFolder(tmp_path / f"run{number}"), "begin"
        for _ in range(1 + number % 2):  # every second one is killed once more as it goes on
            server.kill(run.path, way, draw.uniform(0, 1.1 * length))
            told = tmp_path / f"run{number}.told"
            stage = assert_nothing_lost(run, int(told.read_text()) if told.exists() else 0)
            stages[stage] += 1
            way = "begin" if stage is Stage.NEW else "resume"
        if number % (KILLS // RESUMED) == 0:
            server.train(run.path, way)
            np.testing.assert_allclose(figures(run.path), expected, rtol=0, atol=1e-6)
            assert {path.name for path in run.path.iterdir()} == whole
    counts = ", ".join(f"{count} {stage.value}" for stage, count in stages.items())
    print(f"{sum(stages.values())} kills ({counts}): 0 lost, 0 dead ends; {RESUMED} resumed.")
