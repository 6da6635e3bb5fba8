"""Writes what is painted within two seconds, in a thread of its own."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.store import LabelStore

SECONDS = 1.0
"""From a change until it is written; writing 4096 x 4096 pixels takes some tenths more."""
_AGAIN = 5.0  # seconds from a failed try to the next one


class NotWrittenError(UserError):
    """A label map could not be written; ``Autosave`` has told why."""


class Autosave:
    """Keeps the label maps that are not written yet, and writes them one after the other.

    Args:
        store: the files.
        saved: called in ``tick`` with an image whose label map was written.
        failed: called in ``tick`` with an image and the error.

    Attributes:
        held: images that are not written until the user has answered a question.
    """

    def __init__(
        self,
        store: LabelStore,
        saved: Callable[[ImageRef], object],
        failed: Callable[[ImageRef, Exception], object],
    ) -> None:
        self._store, self._saved, self._failed = store, saved, failed
        self.held: set[ImageRef] = set()
        self._due: dict[ImageRef, float] = {}
        self._maps: dict[ImageRef, Classes] = {}
        self._anyway: set[ImageRef] = set()
        self._broken: set[ImageRef] = set()  # not written at the last try
        self._pool = ThreadPoolExecutor(1, "labels")
        self._done: queue.Queue[Callable[[], object]] = queue.Queue()
        self._running = 0

    def use(self, store: LabelStore) -> None:
        """Write into another store from now on; called in a task, what waits goes there too."""
        self._store = store

    def change(self, image: ImageRef, numbers: Classes) -> None:
        """Have the label map of an image written; ``numbers`` may change until it is."""
        self._maps[image] = numbers
        self._due.setdefault(image, time.monotonic() + SECONDS)

    def unsaved(self, image: ImageRef) -> Classes | None:
        """The label map of an image that is not on the disk yet; None if it is."""
        return self._maps.get(image)

    @property
    def idle(self) -> bool:
        """Whether everything is on the disk."""
        return not (self._maps or self._running)

    def tick(self) -> None:
        """Write what is due, and tell what has been written."""
        self._tell()
        now = time.monotonic()
        for image, due in list(self._due.items()):
            if due <= now and not self._running and image not in self.held:
                self._write(image)

    def keep_mine(self, image: ImageRef) -> None:
        """Replace the file that another program has changed; a copy of it is made."""
        self._anyway.add(image)
        self.held.discard(image)
        self._due[image] = time.monotonic()

    def forget(self, image: ImageRef) -> None:
        """Do not write the label map of an image."""
        self._maps.pop(image, None)
        self._due.pop(image, None)
        self.held.discard(image)

    def do(
        self,
        task: Callable[[], object],
        done: Callable[[Exception | None], object],
        needs: ImageRef | None = None,
    ) -> None:
        """Run a task after all label maps were written.

        Args:
            task: what is to be done.
            done: called in ``tick`` with its error, else None.
            needs: an image without whose label map the task is not done: if that cannot be
                written, ``done`` gets a ``NotWrittenError``.
        """
        for image in list(self._due):
            if image not in self.held or image == needs:
                self._write(image)

        def work() -> None:
            error: Exception | None = None
            try:
                if needs in self._broken:
                    raise NotWrittenError(f"The label map of {needs} is not written.")
                task()
            except Exception as raised:
                error = raised
            self._done.put(lambda: done(error))

        self._submit(work)

    def flush(self) -> None:
        """Write everything now, and wait for it; for the end of the mode and of the window."""
        for image in list(self._due):
            self._write(image)
        self._pool.shutdown(wait=True)
        self._pool = ThreadPoolExecutor(1, "labels")
        self._tell()

    def close(self) -> None:
        """End the thread, after what it does."""
        self._pool.shutdown(wait=True)

    def _write(self, image: ImageRef) -> None:
        self._due.pop(image)
        live = self._maps[image]
        copy, anyway = live.copy(), image in self._anyway
        self._anyway.discard(image)

        def work() -> None:
            error: Exception | None = None
            try:
                self._store.write(image, copy, anyway=anyway)
                self._broken.discard(image)
            except Exception as raised:
                self._broken.add(image)
                error = raised
            self._done.put(lambda: self._written(image, live, error))

        self._submit(work)

    def _written(self, image: ImageRef, live: Classes, error: Exception | None) -> None:
        if error is not None:
            self._due.setdefault(image, time.monotonic() + _AGAIN)
            self._failed(image, error)
            return
        self.held.discard(image)
        if image not in self._due and self._maps.get(image) is live:
            del self._maps[image]
            self._saved(image)

    def _submit(self, work: Callable[[], None]) -> None:
        self._running += 1
        self._pool.submit(work)

    def _tell(self) -> None:
        while True:
            try:
                answer = self._done.get_nowait()
            except queue.Empty:
                return
            self._running -= 1
            answer()
