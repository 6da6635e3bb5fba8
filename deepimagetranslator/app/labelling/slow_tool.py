"""Runs a tool that takes long in a thread, with progress, and stops it when asked."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.labelling.label_map import Edit
from deepimagetranslator.core.labelling.progress import Progress, Stopped

Work = Callable[[Progress], Edit]


class SlowTool:
    """At most one tool at a time.

    Args:
        background: runs it.

    Attributes:
        name: the tool that runs; empty if none does.
        part: how much of it is done, 0 to 1.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self.name, self.part = "", 0.0
        self._stopped = Event()

    def run(
        self,
        name: str,
        work: Work,
        done: Callable[[Edit], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Run a tool; ``done`` gets its edit unless it is stopped."""
        self.stop()
        self.name, self.part = name, 0.0
        self._stopped = stopped = Event()

        def progress(part: float) -> None:
            if stopped.is_set():
                raise Stopped
            self.part = part

        def ended(edit: Edit) -> None:
            if not stopped.is_set():
                self.name = ""
                done(edit)

        def broke(error: Exception) -> None:
            if not stopped.is_set():
                self.name = ""
                failed(error)

        self._background.run("label tool", lambda: work(progress), ended, broke)

    def stop(self) -> bool:
        """Stop the tool that runs, as soon as it can; whether there was one."""
        running = bool(self.name)
        self._stopped.set()
        self.name = ""
        return running
