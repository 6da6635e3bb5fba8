"""The window's end of the engine, with a pipe but without a process."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deepimagetranslator.app.engine import worker_client
from deepimagetranslator.app.engine.engine_process import EngineProcess
from deepimagetranslator.app.engine.worker_client import MOST_MESSAGES, WorkerClient
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.image_ref import parse_images
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    Event,
    FilesRead,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobStarted,
    LogLine,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import CancelJob, DescribeWeights, Evaluate

READY = WorkerReady({}, "CPU", "")


class Engine:
    """A client whose engine is the test."""

    def __init__(self, folder: Path) -> None:
        self.client = WorkerClient(folder / "engine.log")
        ours, theirs = multiprocessing.Pipe()
        self.pipe: Connection[Any, Any] = theirs
        self.process = SimpleNamespace(is_alive=lambda: True, exitcode=None)
        self.client._engine = EngineProcess(self.process, ours)  # type: ignore[arg-type]

    def tell(self, job: int, *events: Event) -> None:
        for event in events:
            self.pipe.send((job, event))

    def begin(self) -> int:
        """Start a job; its id."""
        job = self.client.next_job()
        self.client.submit(Evaluate(job, Path("w"), (ImagePair(*parse_images(["a", "b"])),)))
        return job


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def test_requests_wait_until_the_engine_is_loaded(engine: Engine) -> None:
    requests = [DescribeWeights(Path("a")), CancelJob(3)]
    for request in requests:
        engine.client.send(request)
    assert not engine.pipe.poll(0.05)
    engine.tell(0, READY)
    assert engine.client.poll() == [READY]
    assert [engine.pipe.recv(), engine.pipe.recv()] == requests


@pytest.mark.parametrize("end", [JobFinished({}), JobCancelled(), JobFailed("user", "Full.", "")])
def test_events_of_an_ended_job_are_dropped(engine: Engine, end: Event) -> None:
    first = engine.begin()
    engine.tell(first, JobStarted(), LogLine("one"), end, LogLine("late"), JobFinished({"a": 1}))
    assert engine.client.poll() == [JobStarted(), LogLine("one"), end]
    assert engine.client.job == 0
    engine.tell(first, FilesRead(1, 2))
    assert engine.client.poll() == []
    second = engine.begin()
    engine.tell(first, LogLine("still late"), JobFinished({}))
    engine.tell(second, LogLine("two"))
    assert engine.client.poll() == [LogLine("two")]
    assert engine.client.job == second


def test_answers_to_short_requests_belong_to_no_job(engine: Engine) -> None:
    described = WeightsDescribed("a.weights.h5")
    engine.tell(0, described)
    assert engine.client.poll() == [described]
    job = engine.begin()
    engine.tell(job, LogLine("one"))
    engine.tell(0, described)
    assert engine.client.poll() == [LogLine("one"), described]


def test_of_batches_in_a_row_the_last_counts(engine: Engine) -> None:
    job = engine.begin()
    batches = [BatchEnded(1, n, 9, 1 / n, None) for n in (1, 2, 3, 4)]
    engine.tell(job, *batches[:3], LogLine("between"), batches[3])
    assert engine.client.poll() == [batches[2], LogLine("between"), batches[3]]


def test_one_poll_takes_no_more_than_it_may(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_client, "MOST_SECONDS", 60.0)
    job = engine.begin()
    lines = [LogLine(str(n)) for n in range(MOST_MESSAGES + 7)]
    engine.tell(job, *lines)
    assert engine.client.poll() == lines[:MOST_MESSAGES]
    assert engine.client.poll() == lines[MOST_MESSAGES:]


def test_a_dead_engine_is_told_once_after_its_last_words(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_client, "MOST_SECONDS", -1.0)  # over after the first message
    job = engine.begin()
    engine.client.log_path.write_text("Illegal instruction", encoding="utf-8")
    words = [LogLine("last"), LogLine("words")]
    engine.tell(job, *words)
    engine.process.is_alive, engine.process.exitcode = lambda: False, -4
    assert engine.client.poll() == [*words, WorkerDied(-4, "Illegal instruction")]
    assert engine.client.job == 0
    assert engine.client.poll() == []
