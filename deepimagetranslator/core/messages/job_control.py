"""How a running job is asked to end, and what it does between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class Cancelled(Exception):
    """The user cancelled the job; nothing half-done is left."""


@dataclass(frozen=True)
class JobControl:
    """Requests to a running job; may be set from any thread or a signal handler.

    Attributes:
        finish_early: training ends after this epoch, a normal end.
        cancel: the job stops at the next batch or image.
        serve: what the caller wants done between two steps; quick.
    """

    finish_early: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)
    serve: Callable[[], None] = lambda: None

    def between_steps(self) -> None:
        """Called between batches and images: serve short requests, leave if cancelled.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        self.serve()
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Leave the job if the user asked for it.

        Raises:
            Cancelled: ``cancel`` is set.
        """
        if self.cancel.is_set():
            raise Cancelled
