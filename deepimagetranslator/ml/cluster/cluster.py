"""An existing Dask cluster that works for one command. Only this part of the program opens sockets.

Each worker has one task at a time. A worker may vanish: its task is dealt again, first to a worker
on the same computer, which can tell that the lock of the lost process is no longer held.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import LogLine, Report
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.version import __version__
from deepimagetranslator.ml.cluster import tasks

SECONDS = 15.0
"""Until a cluster that does not answer, or has no worker, is given up."""
_ANSWER = 120.0  # seconds in which a worker must answer whether it can take part
_POLL = 0.2
_STEP = 5.0  # seconds to wait for a result before the scheduler is asked whether its worker lives
_MOST_LOST = 3  # workers that a task may lose


@dataclass(frozen=True)
class Task:
    """Something for a worker to do.

    Attributes:
        name: for the lines about it.
        work: a function of ``tasks``.
        arguments: its arguments.
        again: its arguments if a worker that had it has vanished; None for the same.
    """

    name: str
    work: tasks.Work
    arguments: tuple[Any, ...]
    again: tuple[Any, ...] | None = None


@contextmanager
def connected(address: str, shared: Path, seconds: float = SECONDS) -> Iterator[Cluster]:
    """Use the cluster of a scheduler while the block runs.

    Args:
        address: of the scheduler, such as "tcp://host:8786".
        shared: a file in the shared folder, which all workers must see.
        seconds: until it is given up.

    Raises:
        UserError: Dask is missing, the address does not answer or has no workers, or a worker
            cannot take part.
    """
    try:
        import distributed  # noqa: PLC0415
    except ImportError:
        raise UserError(
            "A cluster needs Dask, which is not installed: python -m pip install "
            '"deepimagetranslator[dask]".'
        ) from None
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=seconds, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"No Dask scheduler answers at {address} within {seconds:.0f} s "
            f"({str(error).partition(chr(10))[0].rstrip('.') or type(error).__name__}); check the "
            "address, and that it runs."
        ) from None
    try:
        cluster = Cluster(client, address, shared)
        cluster.require_workers(seconds)
        yield cluster
    finally:
        with suppress(Exception):  # the scheduler may be gone
            client.close(timeout=5)


class Cluster:
    """The workers of a scheduler.

    Args:
        client: of ``distributed``.
        address: of the scheduler, for messages.
        shared: a file in the shared folder.
    """

    def __init__(self, client: Any, address: str, shared: Path) -> None:
        self._client, self._address = client, address
        self._file = shared.absolute()
        self._sha256 = hashlib.sha256(shared.read_bytes()).hexdigest()
        self._known: dict[str, str] = {}
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._topic = f"deepimagetranslator-{uuid.uuid4().hex}"
        client.subscribe_topic(self._topic, lambda event: self._lines.put(str(event[1])))

    @property
    def count(self) -> int:
        """The number of workers."""
        return len(self._workers())

    def require_workers(self, seconds: float) -> None:
        """Wait for the first worker, and ask all whether they can take part.

        Raises:
            UserError: there is none, or one cannot.
        """
        end = time.monotonic() + seconds
        while not (workers := self._workers()):
            if time.monotonic() > end:
                raise UserError(
                    f"The Dask scheduler at {self._address} has no workers; start some, with one "
                    "thread each."
                )
            time.sleep(_POLL)
        for worker, unfit in self._asked(workers).items():
            if unfit:
                raise UserError(f"The worker {worker} {unfit}.")

    def deal(
        self, todo: Sequence[Task], report: Report, control: JobControl
    ) -> Iterator[tuple[Task, Any]]:
        """Let the workers do all tasks.

        Args:
            todo: the tasks.
            report: called with the lines of the workers.
            control: cancels; the workers stop at their next batch or image.

        Yields:
            Each task that is done, with what it returned. One that stops unexpectedly, or loses
            three workers, is told and left out.

        Raises:
            UserError: a task cannot be done, or the cluster no longer answers.
            Cancelled: by ``control``.
        """
        waiting, lost = list(todo), Counter[str]()
        running: dict[Any, tuple[Task, str]] = {}
        hosts: dict[str, str] = {}
        overdue: dict[Any, float] = {}
        try:
            while waiting or running:
                control.between_steps()
                self._tell(report)
                workers = self._fit(report)
                for future, (task, worker) in list(running.items()):
                    finished = future.status == "finished"
                    if finished and (outcome := _outcome(future)) is not None:
                        del running[future]
                        yield task, _value(outcome)
                        continue
                    silent = finished and _is_overdue(future, overdue)
                    if worker not in workers or silent:
                        del running[future]
                        future.cancel()
                        lost[task.name] += 1
                        why = "does not hand over its result" if silent else "has vanished"
                        if again := self._dealt_again(task, worker, why, lost[task.name], report):
                            waiting.insert(0, again)
                            hosts[again.name] = _host(worker)
                    elif future.done() and not finished:
                        del running[future]
                        report(LogLine(f"{task.name} stopped unexpectedly: {_reason(future)}"))
                busy = {worker for _, worker in running.values()}
                for worker in sorted(workers - busy):
                    chosen = _next(waiting, worker, workers, hosts)
                    if chosen is not None:
                        waiting.remove(chosen)
                        running[self._begun(chosen, worker)] = chosen, worker
                time.sleep(_POLL)
        finally:
            with suppress(Exception):  # the scheduler may be gone
                self._client.cancel(list(running))
        self._tell(report)

    def _begun(self, task: Task, worker: str) -> Any:
        return self._client.submit(
            tasks.run,
            task.work,
            task.arguments,
            task.name,
            self._topic,
            workers=[worker],
            pure=False,
            retries=0,
        )

    def _dealt_again(
        self, task: Task, worker: str, why: str, lost: int, report: Report
    ) -> Task | None:
        report(LogLine(f"{task.name}: its worker {worker} {why}."))
        if lost >= _MOST_LOST:
            report(LogLine(f"{task.name} is left out, as {lost} workers were lost with it."))
            return None
        arguments = task.arguments if task.again is None else task.again
        return Task(task.name, task.work, arguments, task.again)

    def _tell(self, report: Report) -> None:
        while not self._lines.empty():
            report(LogLine(self._lines.get()))

    def _workers(self) -> set[str]:
        """The addresses of all workers.

        Raises:
            UserError: the scheduler is gone.
        """
        try:
            return set(self._client.nthreads())
        except Exception as error:  # of many kinds, by how the connection ended
            raise UserError(
                f"The Dask scheduler at {self._address} no longer answers "
                f"({type(error).__name__}); what is done stays, run it again."
            ) from None

    def _fit(self, report: Report) -> set[str]:
        """The workers that can take part; those that have come since are asked."""
        workers = self._workers()
        for worker, unfit in self._asked(workers - self._known.keys()).items():
            if unfit:
                report(LogLine(f"The worker {worker} is not used: it {unfit}."))
        return {worker for worker in workers if not self._known[worker]}

    def _asked(self, workers: set[str]) -> dict[str, str]:
        """Ask workers whether they can take part; their answers."""
        asked = {
            worker: self._client.submit(
                tasks.answer,
                __version__,
                str(self._file),
                self._sha256,
                workers=[worker],
                pure=False,
            )
            for worker in workers
        }
        for worker, future in asked.items():
            try:
                self._known[worker] = str(future.result(timeout=_ANSWER))
            except TimeoutError:
                self._known[worker] = (
                    f"does not answer within {_ANSWER:.0f} s; it may be busy with other work"
                )
            except Exception as error:  # it cannot import this module, or has vanished
                self._known[worker] = (
                    f"has no deepimagetranslator {__version__} ({type(error).__name__}: {error}); "
                    "install it there"
                )
        return {worker: self._known[worker] for worker in workers}


def _value(outcome: tasks.Outcome) -> Any:
    """What a task returned.

    Raises:
        UserError: it could not be done.
    """
    if outcome.problem:
        raise NoSpaceError(outcome.problem) if outcome.full else UserError(outcome.problem)
    return outcome.value


def _outcome(future: Any) -> tasks.Outcome | None:
    """What a finished task returned; None if its worker has not handed it over yet."""
    try:
        found: tasks.Outcome = future.result(timeout=_STEP)
    except Exception:  # of many kinds, as a worker that holds a result may vanish with it
        return None
    return found


def _is_overdue(future: Any, since: dict[Any, float]) -> bool:
    """Whether a result has been waited for as long as a worker may take for an answer."""
    return time.monotonic() - since.setdefault(future, time.monotonic()) > _ANSWER


def _reason(future: Any) -> str:
    try:
        error = future.exception(timeout=_ANSWER)
    except Exception as found:  # it was cancelled by somebody else
        error = found
    return f"{type(error).__name__}: {error}"


def _next(
    waiting: Sequence[Task], worker: str, workers: set[str], hosts: dict[str, str]
) -> Task | None:
    """The next task for a worker; one that a lost worker had waits for the same computer."""
    there = {_host(one) for one in workers}
    for task in waiting:
        host = hosts.get(task.name)
        if host is None or host not in there or host == _host(worker):
            return task
    return None


def _host(address: str) -> str:
    """The computer in an address such as "tcp://10.0.0.1:4000"."""
    return address.partition("://")[2].rpartition(":")[0]
