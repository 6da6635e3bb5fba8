"""One worker process with the window's end of its pipe. Imports no Tk."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from deepimagetranslator.app.engine.outbox import Outbox
from deepimagetranslator.app.engine.unanswered import Unanswered
from deepimagetranslator.core.messages.events import Event
from deepimagetranslator.core.messages.requests import Request, Shutdown

_PATIENCE = 2.0
"""Seconds until a process that was asked to end is ended."""


class EngineProcess:
    """A worker process that runs.

    Args:
        process: the process.
        pipe: the window's end of its pipe.
    """

    def __init__(self, process: BaseProcess, pipe: Any) -> None:  # a different class on Windows
        self._process = process
        self._pipe = pipe
        self._outbox = Outbox(pipe)
        self._unanswered = Unanswered()

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit status; None while it is running."""
        return self._process.exitcode

    def put(self, request: Request) -> None:
        """Queue a request; returns at once."""
        self._unanswered.ask(request)
        self._outbox.put(request)

    @property
    def unanswered(self) -> list[Request]:
        """Short requests without an answer, for another process if this one ends."""
        return self._unanswered.requests

    def receive(self) -> tuple[int, Event] | None:
        """The next (job or 0, event); None if none has arrived."""
        try:
            if not self._pipe.poll():
                return None
            job, event = self._pipe.recv()
        except (EOFError, OSError):
            return None
        self._unanswered.answer(event)
        return int(job), event

    def let_go(self) -> None:
        """Close the pipe after the queued requests; returns at once."""
        self._outbox.close()

    def close(self) -> None:
        """Ask the process to end, and end it if it has not ended after 2 s."""
        self.put(Shutdown())
        self.let_go()
        self._process.join(_PATIENCE)
        self.stop()

    def kill(self) -> None:
        """End the process without asking it; returns at once."""
        self._process.kill()

    def stop(self) -> None:
        """End the process without asking it, and wait for its end."""
        self._process.terminate()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_PATIENCE)


def start_engine(main: Callable[[Any, str], None], log_path: Path) -> EngineProcess:
    """Start a worker process in the background.

    Args:
        main: the entry point of the process, called with its end of the pipe and the log file.
        log_path: receives what the process prints; it is appended to.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=True)
    process = context.Process(target=main, args=(theirs, str(log_path)), name="engine", daemon=True)
    process.start()
    theirs.close()
    return EngineProcess(process, ours)
