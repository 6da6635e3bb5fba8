"""The engine's process is renewed after some trainings, and nothing that was asked is lost."""

from __future__ import annotations

import errno
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from deepimagetranslator.app.engine import renewal, worker_client
from deepimagetranslator.app.engine.engine_process import EngineProcess
from deepimagetranslator.app.engine.renewal import TRAININGS_KEPT
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.messages.events import (
    Event,
    JobFinished,
    LogLine,
    PreviewReady,
    WeightsDescribed,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import (
    DescribeWeights,
    InitialiseModel,
    PreviewTranslation,
    Request,
    RunStudy,
    Shutdown,
    StartTraining,
)

READY = WorkerReady({}, "CPU", "")


class Worker:
    """A worker that is the test."""

    def __init__(self, pid: int) -> None:
        ours, self.pipe = multiprocessing.Pipe()
        self.process = SimpleNamespace(pid=pid, exitcode=None)
        self.process.is_alive = lambda: self.process.exitcode is None
        self.process.terminate = lambda: self.end(-15)
        self.process.kill = lambda: self.end(-9)
        self.process.join = lambda _seconds=None: None
        self.engine = EngineProcess(self.process, ours)  # type: ignore[arg-type]

    def end(self, code: int) -> None:
        if self.process.exitcode is None:
            self.process.exitcode = code

    def tell(self, job: int, event: Event) -> None:
        self.pipe.send((job, event))

    def asked(self) -> Request:
        assert self.pipe.poll(60)
        request: Request = self.pipe.recv()
        return request


class Office:
    """A client and its workers; the newest one is the last."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(renewal, "free_memory_bytes", lambda: 2**40)
        monkeypatch.setattr(worker_client, "start_engine", self.start)
        self.workers: list[Worker] = []
        self.threads: list[int] = []
        self.client = WorkerClient(folder / "engine.log")
        self.client.start()
        self.workers[0].tell(0, READY)
        assert self.client.poll() == [READY]

    def start(self, main: Any, _log: Path) -> EngineProcess:
        self.threads.append(getattr(main, "keywords", {}).get("threads", 0))
        self.workers.append(Worker(len(self.workers) + 1))
        return self.workers[-1].engine

    def train(self, times: int) -> None:
        for _ in range(times):
            job = self.client.next_job()
            self.client.submit(StartTraining(job, Project(), Path("run")))
            worker = self.workers[0]
            while not isinstance(worker.asked(), StartTraining):
                pass
            worker.tell(job, JobFinished({}))
            assert self.client.poll() == [JobFinished({})]

    def until(self, condition: Any) -> list[Event]:
        events: list[Event] = []
        wait_until(condition, lambda: events.extend(self.client.poll()))
        return events


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)


def preview(number: int) -> PreviewTranslation:
    return PreviewTranslation(number, Path("w"), np.zeros((2, 2, 1), np.uint8), "p")


def test_a_fresh_process_takes_over_between_two_jobs(office: Office) -> None:
    client = office.client
    client.send(preview(1))
    office.train(TRAININGS_KEPT - 1)
    assert client.poll() == [] and len(office.workers) == 1
    office.train(1)
    assert client.poll() == [] and len(office.workers) == 2
    old, fresh = office.workers
    client.send(DescribeWeights(Path("a")))  # while the fresh one loads
    assert old.asked() == DescribeWeights(Path("a"))
    fresh.tell(0, READY)
    assert client.poll() == [] and client.pid == 1
    assert fresh.asked().number == 1  # type: ignore[union-attr]
    fresh.tell(0, PreviewReady(1, None, 0))
    assert office.until(lambda: client.pid == 2) == []
    assert old.asked() == Shutdown()
    client.send(DescribeWeights(Path("b")))
    assert fresh.asked() == DescribeWeights(Path("b"))
    answers = [WeightsDescribed("a"), WeightsDescribed("b")]
    for worker, answer in zip(office.workers, answers, strict=True):
        worker.tell(0, answer)
    old.end(0)
    assert client.poll() == answers
    assert client.ready and client.alive and client.poll() == []


def test_a_job_is_not_disturbed(office: Office) -> None:
    client = office.client
    office.train(TRAININGS_KEPT)
    client.poll()
    job = client.next_job()
    client.submit(StartTraining(job, Project(), Path("run")))
    office.workers[1].tell(0, READY)
    office.workers[0].tell(job, LogLine("one"))
    assert client.poll() == [LogLine("one")]
    assert client.poll() == [] and client.pid == 1
    office.workers[0].tell(job, JobFinished({}))
    assert client.poll() == [JobFinished({})]
    client.poll()
    assert client.pid == 2


def test_a_fresh_process_that_dies_is_not_told(office: Office) -> None:
    client = office.client
    office.train(TRAININGS_KEPT)
    client.poll()
    office.workers[1].end(-9)
    assert client.poll() == [] and client.pid == 1
    office.train(TRAININGS_KEPT)
    client.poll()
    assert len(office.workers) == 3
    office.workers[0].end(-9)
    assert [type(event) for event in client.poll()] == [WorkerDied]


def test_a_replaced_process_that_does_not_end_is_killed_without_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.train(TRAININGS_KEPT)
    office.client.poll()
    old, fresh = office.workers
    monkeypatch.setattr(renewal, "_PATIENCE", 0.0)
    monkeypatch.setattr(old.process, "join", lambda *_: pytest.fail("the window waits"))
    fresh.tell(0, READY)
    office.until(lambda: not old.engine.alive)
    assert old.process.exitcode == -9
    assert office.client.poll() == [] and office.client.alive


def test_a_fresh_process_that_cannot_be_started_is_done_without(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> EngineProcess:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_client, "start_engine", fail)
    office.train(TRAININGS_KEPT)
    assert office.client.poll() == [] and office.client.alive


def test_without_room_in_memory_the_process_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "free_memory_bytes", lambda: renewal.ROOM - 1)
    office.train(2 * TRAININGS_KEPT)
    assert office.client.poll() == [] and len(office.workers) == 1


def test_no_process_is_left_at_the_end(office: Office) -> None:
    office.train(TRAININGS_KEPT)
    office.client.poll()
    office.client.close()
    assert not any(worker.engine.alive for worker in office.workers)


def test_a_study_runs_in_a_process_with_the_threads_of_its_plan(office: Office) -> None:
    client, own = office.client, os.cpu_count() or 1
    same = RunStudy(client.next_job(), Path("study"), own)
    client.submit(same)
    assert office.workers[0].asked() == same, "all cores: the process that is there"
    office.workers[0].tell(same.job, JobFinished({}))
    office.until(lambda: not client.job)
    other = RunStudy(client.next_job(), Path("study"), own + 3)
    client.submit(other)
    assert office.workers[0].process.exitcode is not None
    assert office.threads[-1] == own + 3
    office.workers[-1].tell(0, READY)
    office.until(lambda: client.ready)
    assert office.workers[-1].asked() == other
    office.workers[-1].tell(other.job, JobFinished({}))
    assert office.until(lambda: not client.job) == [JobFinished({})]
    client.submit(StartTraining(client.next_job(), Project(), Path("run")))
    assert office.threads[-1] == 0, "a training has all cores again"


def test_what_a_replaced_process_has_not_answered_is_asked_of_the_next_one(
    office: Office,
) -> None:
    """A study with other threads does not wait for previews; only the newest in view counts."""
    client, old = office.client, office.workers[0]
    score, model = replace(preview(3), keep=True), InitialiseModel(ModelSpec(), Path("m"), 1)
    for request in (DescribeWeights(Path("a")), preview(1), score, model, preview(4), preview(5)):
        client.send(request)
    old.tell(0, WeightsDescribed("a"))
    assert client.poll() == [WeightsDescribed("a")]
    study = RunStudy(client.next_job(), Path("study"), (os.cpu_count() or 1) + 3)
    client.submit(study)
    new = office.workers[-1]
    assert new is not old
    new.tell(0, READY)
    office.until(lambda: client.ready)
    asked = [new.asked() for _ in range(4)]
    assert [getattr(request, "number", request) for request in asked] == [3, model, 5, study]
    new.tell(0, PreviewReady(3, None, 0))
    assert client.poll() == [PreviewReady(3, None, 0)]
    assert client._engine is not None
    assert [type(request) for request in client._engine.unanswered] == [
        InitialiseModel,
        PreviewTranslation,
    ]


def test_what_a_renewed_process_leaves_unanswered_is_asked_of_the_fresh_one(
    office: Office,
) -> None:
    client = office.client
    office.train(TRAININGS_KEPT)
    client.poll()
    old, fresh = office.workers
    client.send(DescribeWeights(Path("a")))
    fresh.tell(0, READY)
    office.until(lambda: client.pid == 2)
    old.end(-9)  # before it has answered
    assert client.poll() == []
    assert fresh.asked() == DescribeWeights(Path("a"))
