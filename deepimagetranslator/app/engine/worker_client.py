"""The window's connection to the worker process: start, send, poll, cancel, end. Imports no Tk.

The owner of a client calls ``poll`` often.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from deepimagetranslator.app.engine.engine_process import EngineProcess, start_engine
from deepimagetranslator.app.engine.renewal import Renewal
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    WorkerDied,
    WorkerReady,
)
from deepimagetranslator.core.messages.requests import (
    CancelJob,
    FinishEarly,
    ForecastStudy,
    Job,
    ReportStudy,
    Request,
    RunStudy,
)

MOST_MESSAGES = 50
MOST_SECONDS = 0.010
_ENDS = (JobFinished, JobCancelled, JobFailed, WorkerDied)
_LOG_END = 4000


def worker_main(connection: Any, log_path: str, threads: int = 0) -> None:
    """The entry point of the process; it imports the worker by name, so the window never does."""
    importlib.import_module("deepimagetranslator.worker").main(connection, log_path, threads)


class WorkerClient:
    """One worker process at a time.

    Attributes:
        ready: whether the worker has loaded TensorFlow.
        job: the id of the running job; 0 if no job is running.
    """

    def __init__(self, log_path: Path) -> None:
        self.log_path = log_path
        self.ready = False
        self.job = 0
        self._ids = itertools.count(1)
        self._engine: EngineProcess | None = None
        self._renewal = Renewal(lambda: start_engine(worker_main, self.log_path))
        self._waiting: list[Request] = []
        self._announced_death = False
        self._threads = 0

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._engine is not None and self._engine.alive

    @property
    def pid(self) -> int | None:
        """The id of the process; None before the first start."""
        return None if self._engine is None else self._engine.pid

    def start(self, threads: int = 0) -> None:
        """Start the process in the background; requests wait until it is ready.

        Args:
            threads: of a computation; 0 for all cores.
        """
        self._empty_log()
        if self._engine is not None:
            self._engine.let_go()
        main = functools.partial(worker_main, threads=threads) if threads else worker_main
        self._engine = start_engine(main, self.log_path)
        self._threads = threads
        self.ready = False
        self._announced_death = False

    def next_job(self) -> int:
        """A new job id."""
        return next(self._ids)

    def submit(self, job: Job) -> None:
        """Send a job; starts the worker again if it has ended, or has other threads.

        A worker that is replaced is not waited for: what it has not answered is asked again.
        """
        threads = _threads_of(job)
        if self.alive and threads != self._threads and self._engine is not None:
            self._engine.stop()
        if not self.alive:
            if self._engine is not None and not self._announced_death:
                self._waiting = [*self._engine.unanswered, *self._waiting]
            self.start(threads)
        self.job = job.job
        self.send(job)

    def send(self, request: Request) -> None:
        """Send a request, or keep it until the worker is ready."""
        if not self.ready:
            self._waiting.append(request)
            return
        if self._engine is not None:
            self._renewal.note(request)
            self._engine.put(request)

    def finish_early(self) -> None:
        """Ask the running training to end after this epoch."""
        self.send(FinishEarly(self.job))

    def cancel(self) -> None:
        """Ask the running job to stop after the current batch or image."""
        self.send(CancelJob(self.job))

    def force_stop(self) -> None:
        """Kill the process; the next ``poll`` reports ``WorkerDied``."""
        if self._engine is not None:
            self._engine.stop()

    def poll(self) -> list[Event]:
        """The events since the last call; reads at most 50 messages or for 10 ms.

        Of successive ``BatchEnded`` events only the last is returned. Events of a job that has
        ended are dropped.
        """
        self._renew()
        events, unanswered = self._renewal.last_words()
        for request in unanswered:
            self.send(request)
        end = time.monotonic() + MOST_SECONDS
        for _ in range(MOST_MESSAGES):
            message = self._receive()
            if message is None:
                break
            self._take(*message, events)
            if time.monotonic() > end:
                break
        else:
            return events
        if self._engine is not None and not self.alive and not self._announced_death:
            self._drain(events)
            self._died(events)
        return events

    def close(self) -> None:
        """Ask the process to end; kill it if it has not ended after 2 s."""
        self._renewal.close()
        if self._engine is not None:
            self._engine.close()

    def _renew(self) -> None:
        """Let a fresh process take over between two jobs."""
        fresh = self._renewal.next(idle=self.ready and not self.job)
        if fresh is not None and self._engine is not None:
            self._renewal.retire(self._engine)
            self._engine, self._threads = fresh, 0

    def _empty_log(self) -> None:
        """Empty the log; if its file cannot be written, use a temporary one."""
        try:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            self.log_path.write_text("", encoding="utf-8")
        except OSError:
            descriptor, name = tempfile.mkstemp("-engine.log")
            os.close(descriptor)
            self.log_path = Path(name)

    def _receive(self) -> tuple[int, Event] | None:
        return None if self._engine is None else self._engine.receive()

    def _take(self, job: int, event: Event, events: list[Event]) -> None:
        if job and job != self.job:
            return
        if isinstance(event, WorkerReady):
            self.ready = True
            waiting, self._waiting = self._waiting, []
            for request in waiting:
                self.send(request)
        if isinstance(event, BatchEnded) and events and isinstance(events[-1], BatchEnded):
            events.pop()
        events.append(event)
        if job and isinstance(event, _ENDS):
            self.job = 0

    def _drain(self, events: list[Event]) -> None:
        while (message := self._receive()) is not None:
            self._take(*message, events)

    def _died(self, events: list[Event]) -> None:
        assert self._engine is not None
        self._announced_death = True
        self.ready = False
        self.job = 0
        self._waiting = []
        events.append(WorkerDied(self._engine.exit_code, self._log_end()))

    def _log_end(self) -> str:
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-_LOG_END:]


def _threads_of(job: Job) -> int:
    """The threads that a job's process must have; 0 for all cores."""
    wanted = job.threads if isinstance(job, RunStudy | ForecastStudy | ReportStudy) else 0
    return 0 if wanted == os.cpu_count() else wanted
