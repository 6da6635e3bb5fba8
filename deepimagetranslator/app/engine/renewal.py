"""Replaces the worker process by a fresh one after some trainings, without the user noticing.

TensorFlow keeps some memory of every network that it has trained, about 0.5 MiB of a small one,
which no call releases. A fresh process is loaded in the background; it takes over between two jobs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from deepimagetranslator.app.engine.engine_process import EngineProcess
from deepimagetranslator.core.messages.events import Event, PreviewReady, WorkerReady
from deepimagetranslator.core.messages.requests import (
    PreviewTranslation,
    Request,
    RunStudy,
    Shutdown,
    StartTraining,
)
from deepimagetranslator.core.system.machine import free_memory_bytes

TRAININGS_KEPT = 10
"""Trainings in one process, cancelled and failed ones too."""
ROOM = 2 * 2**30
"""Bytes of free memory from which a second process may be loaded; it takes a fifth of them."""
_PATIENCE = 60.0
"""Seconds until a replaced process that does not end is ended."""
_LOG = logging.getLogger(__name__)


class Renewal:
    """The process that will be used next, and the one that was used before.

    Args:
        start: starts a process.
    """

    def __init__(self, start: Callable[[], EngineProcess]) -> None:
        self._start = start
        self._trainings = 0
        self._preview: PreviewTranslation | None = None
        self._fresh: EngineProcess | None = None
        self._warm = False
        self._before: EngineProcess | None = None
        self._end = 0.0

    def note(self, request: Request) -> None:
        """Count trainings, and remember the preview with which the next process warms up."""
        if isinstance(request, StartTraining):
            self._trainings += 1
        elif isinstance(request, RunStudy):
            self._trainings += TRAININGS_KEPT
        elif isinstance(request, PreviewTranslation):
            self._preview = request

    def next(self, idle: bool) -> EngineProcess | None:
        """The process that takes over now; None in most calls. Call it often.

        Args:
            idle: whether no job runs.
        """
        if self._fresh is None:
            if idle and self._trainings >= TRAININGS_KEPT and self._before is None:
                self._begin()
            return None
        self._load(self._fresh)
        if not self._fresh.alive:
            _LOG.warning("A fresh engine ended with exit code %s", self._fresh.exit_code)
            self._fresh.let_go()
            self._fresh = None
        if self._fresh is None or not self._warm or not idle:
            return None
        fresh, self._fresh = self._fresh, None
        return fresh

    def retire(self, before: EngineProcess) -> None:
        """Let a process answer what it was asked, and end; ``last_words`` has its answers."""
        before.put(Shutdown())
        self._before, self._end = before, time.monotonic() + _PATIENCE

    def last_words(self) -> tuple[list[Event], list[Request]]:
        """Answers of the process that was replaced, and what it has left unanswered at its end."""
        before, events, unanswered = self._before, list[Event](), list[Request]()
        if before is None:
            return events, unanswered
        ended = not before.alive  # asked first: what it said before that is in the pipe
        while (message := before.receive()) is not None:
            events.append(message[1])
        if ended:
            before.let_go()
            self._before, unanswered = None, before.unanswered
        elif time.monotonic() > self._end:
            before.kill()
        return events, unanswered

    def close(self) -> None:
        """End both processes."""
        for process in (self._fresh, self._before):
            if process is not None:
                process.let_go()
                process.stop()
        self._fresh = self._before = None

    def _begin(self) -> None:
        self._trainings = 0  # if there is no room, it is tried again after as many
        if free_memory_bytes() < ROOM:
            return
        try:
            self._fresh, self._warm = self._start(), False
        except OSError as error:  # for instance too many processes
            _LOG.warning("A fresh engine could not be started (%s)", error)

    def _load(self, fresh: EngineProcess) -> None:
        """Follow a process until it has loaded TensorFlow and the network of the last preview."""
        while (message := fresh.receive()) is not None:
            ready = isinstance(message[1], WorkerReady)
            if ready and self._preview is not None:
                fresh.put(replace(self._preview, keep=True))
            elif ready or isinstance(message[1], PreviewReady):
                self._warm = True
