"""A widget's own threads, whose results are handed over while the widget lives."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.background import Background, Result

_POLL_MS = 15


class WidgetBackground(Background):
    """A ``Background`` that polls itself as long as an answer is to come.

    Args:
        widget: in whose thread, and until whose end, answers are handed over; it calls ``close``.
    """

    def __init__(self, widget: tk.Misc) -> None:
        super().__init__()
        self._widget = widget
        self._poll_id = ""

    def run(
        self,
        key: str,
        work: Callable[[], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """As ``Background.run``; nobody has to poll."""
        super().run(key, work, done, failed)
        if not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._tick)

    def close(self) -> None:
        """Forget what waits, and stop polling."""
        super().close()
        if self._poll_id:
            self._widget.after_cancel(self._poll_id)
            self._poll_id = ""

    def _tick(self) -> None:
        self._poll_id = ""
        self.poll()  # an answer may ask again, or close
        if self.busy and not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._tick)
