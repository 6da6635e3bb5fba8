"""Work of over 50 ms in threads; results are handed over by ``poll`` in the window's thread."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Background:
    """A few threads. Of several tasks under one key only the newest is answered."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, "background")
        self._newest: dict[str, int] = {}
        self._count = 0
        self._done: queue.Queue[tuple[str, int, Callable[[], None]]] = queue.Queue()

    def run(
        self,
        key: str,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do ``work`` in a thread, then ``done`` or ``failed`` from ``poll``.

        Args:
            key: a task under the same key replaces one that has not been answered.
            work: must not touch Tk or the session.
            done: gets the result.
            failed: gets what ``work`` raised.
        """
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
        """Hand over what is finished."""
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
        """Whether an answer is still to come."""
        return bool(self._newest)

    def close(self) -> None:
        """Forget what waits."""
        self._newest.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
