"""Reads the images and values for the dialog "Values and window" in threads."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Sequence

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.data.intensity.normalization import ValueRange
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.statistics import gather_statistics
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array

_POLL_MS = 30
_log = logging.getLogger(__name__)

ReadPair = Callable[[], tuple[Array | None, Array | None]]
"""Returns the pixels of the input and the target in view; called in a thread."""


class ValuesReader:
    """Reads the pair in view, and the distribution of values of all training pairs.

    Args:
        widget: its event loop delivers the results; ``close`` the reader before it is destroyed.
        pairs: the training pairs.
        read_pair: returns the pair in view.
        on_news: called in the window's thread when there is more to show.
        on_progress: called in the window's thread, often, while the training pairs are being read.

    Attributes:
        images: the input and the target in view; None if there is none yet.
        ranges: the values of the training inputs and targets; None until all have been read.
        done, count: the number of pairs that have been read, and of all pairs.
        trouble: a sentence that says why something cannot be read; else empty.
    """

    def __init__(
        self,
        widget: tk.Misc,
        pairs: Sequence[ImagePair],
        read_pair: ReadPair,
        on_news: Callable[[], object],
        on_progress: Callable[[], object],
    ) -> None:
        self.images: tuple[Array | None, Array | None] = (None, None)
        self.ranges: tuple[ValueRange, ValueRange] | None = None
        self.done, self.count = 0, len(pairs)
        self.trouble = ""
        self._widget = widget
        self._on_news, self._on_progress = on_news, on_progress
        self._closed = False
        self._background = Background()
        self._background.run("pair", read_pair, self._on_pair, self._on_failure)
        if pairs:
            self._background.run("set", lambda: self._gather(pairs), self._on_set, self._on_failure)
        self._poll_id = widget.after(_POLL_MS, self._poll)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._background.busy

    def close(self) -> None:
        """End the threads."""
        self._closed = True
        if self._poll_id:
            self._widget.after_cancel(self._poll_id)
        self._background.close()

    def _gather(self, pairs: Sequence[ImagePair]) -> tuple[ValueRange, ValueRange]:
        found = gather_statistics(pairs, lambda: self._closed, self._note)
        return found.input_range, found.target_range

    def _note(self, done: int, _count: int) -> None:
        self.done = done  # set in the thread; the window reads it when it polls

    def _poll(self) -> None:
        self._poll_id = ""
        self._background.poll()
        if self.busy:
            self._poll_id = self._widget.after(_POLL_MS, self._poll)
        if self.ranges is None:
            self._on_progress()

    def _on_pair(self, images: tuple[Array | None, Array | None]) -> None:
        self.images = images
        self._on_news()

    def _on_set(self, ranges: tuple[ValueRange, ValueRange]) -> None:
        self.ranges = ranges
        self._on_news()

    def _on_failure(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            _log.error("The values could not be read.", exc_info=error)
        self.trouble = str(error)
        self._on_news()
