"""Sends requests to the worker in a thread, so that a full pipe does not block the window.

An image does not fit into the pipe's buffer, and a worker that trains with all cores reads slowly:
a preview of 512x512 pixels takes up to 0.25 s. Does not import Tk.
"""

from __future__ import annotations

import threading
from typing import Any

from deepimagetranslator.core.messages.requests import PreviewTranslation, Request


class Outbox:
    """Sends requests in the order of ``put``; of waiting preview requests it sends the newest.

    Args:
        pipe: the window's end. Only this thread writes to it, and it closes the pipe after
            ``close``.
    """

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._changed = threading.Condition()
        self._waiting: list[Request] = []
        self._closed = False
        threading.Thread(target=self._work, name="outbox", daemon=True).start()

    def put(self, request: Request) -> None:
        """Queue a request; returns at once."""
        with self._changed:
            if self._closed:
                return
            if is_passing(request):
                self._waiting = [other for other in self._waiting if not is_passing(other)]
            self._waiting.append(request)
            self._changed.notify()

    def close(self) -> None:
        """Close the pipe after the queued requests; returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        try:
            while (request := self._next()) is not None:
                self._pipe.send(request)
        except (OSError, ValueError):
            # The worker has ended. The pipe stays open, since its last events may be unread.
            self.close()
        else:
            self._pipe.close()

    def _next(self) -> Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.pop(0) if self._waiting else None


def is_passing(request: Request) -> bool:
    """Whether a newer request of this kind replaces this one."""
    return isinstance(request, PreviewTranslation) and not request.keep
