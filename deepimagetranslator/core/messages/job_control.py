"""Control of a running job: cancel, finish early, and work between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class Cancelled(Exception):
    """The user cancelled the job; no incomplete file is left."""


@dataclass(frozen=True)
class JobControl:
    """Controls a running job; events may be set from any thread or a signal handler.

    Attributes:
        finish_early: set it to end training normally after the current epoch.
        cancel: set it to stop the job at the next batch or image.
        serve: called between two steps; must return quickly.
    """

    finish_early: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)
    serve: Callable[[], None] = lambda: None

    def between_steps(self) -> None:
        """Serve short requests and check for cancellation; jobs call it between batches or images.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        self.serve()
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Stop the job if the user cancelled it.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        if self.cancel.is_set():
            raise Cancelled
