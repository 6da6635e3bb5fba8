"""Requests on their way to the worker, sent by a thread: a full pipe must not hold up the window.

An image does not fit into a pipe at once, and a worker that trains with all cores is slow to
read: up to a quarter of a second for a preview of 512x512 pixels. Knows no Tk.
"""

from __future__ import annotations

import threading
from typing import Any

from deepimagetranslator.core.messages.requests import PreviewTranslation, Request


class Outbox:
    """Sends in the order of ``put``; of the previews that wait only the newest.

    Args:
        pipe: the window's end. Only the thread writes to it; after ``close`` it closes it too.
    """

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._changed = threading.Condition()
        self._waiting: list[Request] = []
        self._closed = False
        threading.Thread(target=self._work, name="outbox", daemon=True).start()

    def put(self, request: Request) -> None:
        """Send it soon; returns at once."""
        with self._changed:
            if self._closed:
                return
            if _is_passing(request):
                self._waiting = [other for other in self._waiting if not _is_passing(other)]
            self._waiting.append(request)
            self._changed.notify()

    def close(self) -> None:
        """Close the pipe after what waits; returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        try:
            while (request := self._next()) is not None:
                self._pipe.send(request)
        except (OSError, ValueError):
            # Nobody listens any more; what the worker said last may still be read.
            self.close()
        else:
            self._pipe.close()

    def _next(self) -> Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.pop(0) if self._waiting else None


def _is_passing(request: Request) -> bool:
    """Whether a newer request of the kind makes this one useless."""
    return isinstance(request, PreviewTranslation) and not request.keep
