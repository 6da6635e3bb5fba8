"""Threads of a widget, whose results are delivered as long as the widget exists."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.background import Background, Result

_POLL_MS = 15


class WidgetBackground(Background):
    """A ``Background`` that polls itself while a result is to come.

    Args:
        widget: its event loop delivers the results; the widget calls ``close`` when it is
            destroyed.
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
        """Like ``Background.run``, without the need to call ``poll``."""
        super().run(key, work, done, failed)
        if not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._tick)

    def close(self) -> None:
        """Cancel waiting tasks and stop polling."""
        super().close()
        if self._poll_id:
            self._widget.after_cancel(self._poll_id)
            self._poll_id = ""

    def _tick(self) -> None:
        self._poll_id = ""
        self.poll()  # a callback may start a new task, or close
        if self.busy and not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._tick)
