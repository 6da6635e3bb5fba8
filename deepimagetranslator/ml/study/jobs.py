"""Several trainings of a study at a time on this computer, each in a process of its own.

This module imports no Keras: the processes do. They end with the process that started them, also
when that is killed, as the pipe between them closes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import EpochEnded, Event, LogLine, Report, ignore
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.study.plan import Plan
from deepimagetranslator.core.study.plan_file import load_plan
from deepimagetranslator.core.study.status import scores_of
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import NoSpaceError

MOST_JOBS = 256
_POLL = 0.2  # seconds between two looks whether the user cancelled
_PATIENCE = 8.0  # seconds until a process that was cancelled is ended
_MOMENT = 2.0


def run_in_processes(
    folder: StudyFolder,
    jobs: int,
    *,
    only: Collection[str] = (),
    report: Report = ignore,
    control: JobControl | None = None,
) -> None:
    """Train and evaluate what is not done yet, several cells at a time; see ``run_study``.

    The process of a cell may end (it is killed, or memory is short): this cell stays interrupted,
    and the others go on.

    Args:
        folder: the study.
        jobs: the number of processes.
        only: names of cells; all by default.
        report: called with lines that begin with the cell's name.
        control: cancels it.

    Raises:
        UserError: the plan or the engine cannot be used, or the disk is full.
        Cancelled: the caller cancelled; all processes have ended, and the study can be run again.
    """
    if not 1 <= jobs <= MOST_JOBS:
        raise UserError(f"1 to {MOST_JOBS} trainings can run at a time, not {jobs}.")
    plan, control = load_plan(folder.plan), control or JobControl()
    cells = open_cells(plan, folder, only)
    processes: list[_CellProcess] = []
    try:
        while len(processes) < min(jobs, len(cells)):
            processes.append(_CellProcess(folder))
        _Pool(processes, folder, cells, report, control).run()
    finally:
        _end(processes)


def open_cells(plan: Plan, folder: StudyFolder, only: Collection[str]) -> deque[str]:
    """The names of the chosen cells that are not done, in the plan's order.

    Raises:
        UserError: a name is that of no cell.
    """
    chosen = [plan.cell(name) for name in only] or list(plan.cells())
    return deque(cell.name for cell in chosen if scores_of(plan, cell, folder) is None)


def crowded(plan: Plan, jobs: int) -> str:
    """A sentence if so many trainings have more threads than this computer has cores, else ""."""
    cores = os.cpu_count() or 1
    threads = plan.threads or cores
    if jobs == 1 or jobs * threads <= cores:
        return ""
    return (
        f"{jobs} trainings of {threads} thread{'s' * (threads != 1)} each share {cores} "
        f"core{'s' * (cores != 1)}, so together they will hardly be faster than one after another. "
        "The plan fixes the threads, as results depend on them; a new study may have fewer."
    )


def line_of(cell: str, event: Event) -> LogLine | None:
    """What is told of an event where several cells are trained at once; None for most events."""
    match event:
        case LogLine(text):
            return LogLine(f"{cell}: {text}")
        case EpochEnded(epoch, epochs, values):
            losses = (f"{name} {value:.4f}" for name, value in values.items() if "loss" in name)
            return LogLine(f"{cell}: epoch {epoch} of {epochs}, {', '.join(losses)}")
    return None


@dataclass(frozen=True)
class _Ended:
    """A process has done with a cell.

    Attributes:
        problem: why the study cannot go on; else empty.
        full: the disk is full.
        unexpected: the error that ended this cell alone; else empty.
    """

    problem: str = ""
    full: bool = False
    unexpected: str = ""


class _CellProcess:
    """A process that takes one cell after another.

    Attributes:
        cell: the name of the cell that it has; empty if none.
        pipe: our end of the pipe to it.
    """

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self.cell = ""
        self.start()

    def start(self) -> None:
        """Start the process; it loads the engine with its first cell.

        Raises:
            UserError: the system starts no further process.
        """
        context = multiprocessing.get_context("spawn")
        self.pipe: Any
        self.pipe, theirs = context.Pipe(duplex=True)
        process = context.Process(
            target=_main, args=(theirs, self._folder), name="study", daemon=False
        )
        try:
            process.start()
        except OSError as error:
            self.pipe.close()
            raise UserError(
                f"No further process can be started ({error.strerror}); train fewer cells at a "
                "time."
            ) from None
        finally:
            theirs.close()
        self.process: BaseProcess = process

    def take(self, cell: str) -> None:
        """Let it train a cell."""
        self.cell = cell
        with contextlib.suppress(OSError):  # it has ended; the pipe says so to the pool
            self.pipe.send(cell)

    def cancel(self) -> None:
        """Ask it to stop at its next batch or image."""
        with contextlib.suppress(OSError):
            self.pipe.send(None)


class _Pool:
    """Deals the cells to the processes."""

    def __init__(
        self,
        processes: list[_CellProcess],
        folder: StudyFolder,
        cells: deque[str],
        report: Report,
        control: JobControl,
    ) -> None:
        self._processes, self._folder, self._cells = processes, folder, cells
        self._report, self._control = report, control
        self._count, self._begun = len(cells), 0

    def run(self) -> None:
        """Return when all cells are done, failed or interrupted.

        Raises:
            UserError: no cell can go on.
            Cancelled: the caller cancelled.
        """
        for process in self._processes:
            self._next(process)
        while busy := [process for process in self._processes if process.cell]:
            self._control.between_steps()
            ready = wait([process.pipe for process in busy], timeout=_POLL)
            for process in busy:
                if process.pipe in ready:
                    self._receive(process)

    def _next(self, process: _CellProcess) -> None:
        """Give a process the next cell, or let it end."""
        process.cell = ""
        if not self._cells:
            process.pipe.close()
            return
        self._begun += 1
        cell = self._cells.popleft()
        self._report(LogLine(f"Cell {self._begun} of {self._count}: {cell}"))
        process.take(cell)

    def _receive(self, process: _CellProcess) -> None:
        try:
            message = process.pipe.recv()
        except (EOFError, OSError):
            self._died(process)
            return
        if not isinstance(message, _Ended):
            line = line_of(process.cell, message)
            if line is not None:
                self._report(line)
            return
        if message.problem:
            process.cell = ""
            raise NoSpaceError(message.problem) if message.full else UserError(message.problem)
        if message.unexpected:
            self._report(LogLine(f"{process.cell} stopped unexpectedly: {message.unexpected}"))
        self._next(process)

    def _died(self, process: _CellProcess) -> None:
        process.process.join(_MOMENT)
        self._report(LogLine(interrupted(process.cell, process.process.exitcode)))
        process.pipe.close()
        process.cell = ""
        if self._cells:
            process.start()
            self._next(process)


def interrupted(cell: str, exit_code: int | None) -> str:
    """The sentence for a cell whose process has ended in the middle."""
    how = "" if exit_code is None else f" (exit status {exit_code})"
    return (
        f"{cell}: its process has ended in the middle{how}. Its complete epochs stay; run the "
        "study again to go on with it."
    )


def _end(processes: list[_CellProcess]) -> None:
    """Let all processes end: those that still work are cancelled, then ended."""
    for one in processes:
        if one.cell:
            one.cancel()
    end = time.monotonic() + _PATIENCE
    for one in processes:
        while one.cell and one.process.is_alive() and time.monotonic() < end:
            with contextlib.suppress(EOFError, OSError):
                if one.pipe.poll(_POLL) and isinstance(one.pipe.recv(), _Ended):
                    break
        one.pipe.close()
    for one in processes:
        one.process.join(_MOMENT)
        if one.process.is_alive():
            one.process.terminate()
            one.process.join(_MOMENT)
        if one.process.is_alive():
            one.process.kill()
            one.process.join()


def _main(pipe: Connection, folder: StudyFolder) -> None:
    """The process: trains the cells whose names come through the pipe, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it passes it on
    names: queue.SimpleQueue[str] = queue.SimpleQueue()
    control, sending = JobControl(), threading.Lock()

    def listen() -> None:
        while True:
            try:
                name = pipe.recv()
            except (EOFError, OSError):
                os._exit(0)  # a training goes on after its last complete epoch when run again
            if name is None:
                control.cancel.set()
            else:
                names.put(name)

    def send(event: Event | _Ended) -> None:
        with sending:
            pipe.send(event)

    threading.Thread(target=listen, name="listener", daemon=True).start()
    while not control.cancel.is_set():
        cell = names.get()
        send(_ended(folder, cell, send, control))


def _ended(folder: StudyFolder, cell: str, send: Report, control: JobControl) -> _Ended:
    def report(event: Event) -> None:
        if line_of(cell, event) is not None:
            send(event)

    try:
        train_cell(folder, cell, report, control)
    except NoSpaceError as error:
        return _Ended(str(error), full=True)
    except UserError as error:
        return _Ended(str(error))
    except Cancelled:
        return _Ended()
    except Exception as error:
        return _Ended(unexpected=f"{type(error).__name__}: {error}. {_details_kept()}")
    return _Ended()


def _details_kept() -> str:
    """Append the error that is being handled to a log; where it is, as a sentence."""
    log = paths.log_folder() / "study.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(traceback.format_exc())
    except OSError:
        return ""
    return f"Details are in {log}."


def train_cell(folder: StudyFolder, cell: str, report: Report, control: JobControl) -> None:
    """Train and evaluate one cell in this process, with the threads of the plan.

    Raises:
        UserError, Cancelled: see ``run_study``.
    """
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine(threads=load_plan(folder.plan).threads)
    from deepimagetranslator.ml.study.run import run_study  # noqa: PLC0415

    run_study(folder, only=[cell], report=_quiet(report), control=control)


def _quiet(report: Report) -> Report:
    """Without the line that counts one cell of one."""

    def told(event: Event) -> None:
        if not (isinstance(event, LogLine) and event.text.startswith("Cell 1 of 1: ")):
            report(event)

    return told
