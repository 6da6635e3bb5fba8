"""Runs slow work (over 50 ms) in threads; ``poll`` delivers results in the window's thread."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Background:
    """Two threads. Of several tasks with the same key only the newest delivers its result."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, "background")
        self._newest: dict[str, int] = {}
        self._count = 0
        self._done: queue.Queue[tuple[str, int, Callable[[], None]]] = queue.Queue()
        self._closed = False

    def run(
        self,
        key: str,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Run ``work`` in a thread; ``poll`` then calls ``done`` or ``failed``.

        After ``close`` nothing is run: an action that waited for an answer may go on then.

        Args:
            key: a new task replaces an unfinished one with the same key.
            work: must not use Tk or the session.
            done: called with the result.
            failed: called with the exception that ``work`` raised.
        """
        if self._closed:
            return
        self._count += 1
        number = self._count
        self._newest[key] = number

        def task() -> None:
            if self._newest.get(key) != number:
                return
            answer: Callable[[], None]
            try:
                result = work()
                answer = lambda: done(result)  # noqa: E731
            except Exception as error:
                caught = error
                answer = lambda: failed(caught)  # noqa: E731
            self._done.put((key, number, answer))

        self._pool.submit(task)

    def poll(self) -> None:
        """Deliver the results of finished tasks."""
        while True:
            try:
                key, number, answer = self._done.get_nowait()
            except queue.Empty:
                return
            if self._newest.get(key) == number:
                del self._newest[key]
                answer()

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return bool(self._newest)

    def close(self) -> None:
        """Cancel waiting tasks; no more results are delivered."""
        self._closed = True
        self._newest.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
