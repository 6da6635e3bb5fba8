"""A target before and after encoding, zoomed to the region that changes most."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk

from deepimagetranslator.app.label_editor import BeforeAfter, before_and_after
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.viewport import View
from deepimagetranslator.gui.widgets.background import WidgetBackground

ReadTarget = Callable[[], tuple[Array, str] | None]
"""Returns the target in view and its file's name, None if there is none; called in a thread."""

NO_TARGET = "Load training targets to see one here."
AS_VALUES = "The targets are treated as values; their colours are not changed."
_SIDE = 230
_log = logging.getLogger(__name__)


class BeforeAfterView(ttk.Frame):
    """Two images with a common view.

    Args:
        parent: the parent widget.
        read_target: returns the target.

    Attributes:
        shown: the encoded target in view; None if there is none.
    """

    def __init__(self, parent: tk.Misc, read_target: ReadTarget) -> None:
        super().__init__(parent)
        self._read_target = read_target
        self._target: tuple[Array, str] | None = None
        self._background = WidgetBackground(self)
        self._asked: Palette | str | None = "nothing yet"
        self._zoomed_to: tuple[float, float, float] | None = None
        self.shown: BeforeAfter | None = None
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.words = ttk.Label(self, style="Muted.TLabel", anchor="e")
        self.before, self.after_ = (ImageCanvas(self, on_view=self._set_view) for _ in "ba")
        for row, (title, canvas) in enumerate((("Before", self.before), ("After", self.after_))):
            canvas.configure(width=px(_SIDE), height=px(_SIDE))
            label = ttk.Label(self, text=title, style="Bold.TLabel")
            label.grid(row=2 * row, column=0, sticky="w", pady=(px(8) if row else 0, px(4)))
            canvas.grid(row=2 * row + 1, column=0, sticky="nsew")
            self.rowconfigure(2 * row + 1, weight=1, uniform="canvas")
        self.words.grid(row=2, column=0, sticky="se", pady=(0, px(4)))

    def ask(self, palette: Palette | None) -> None:
        """Show the target before and after encoding with a palette; None shows it unchanged.

        If it is called again before the image is ready, only the newest palette is shown.
        """
        if palette == self._asked:
            return
        self._asked = palette

        def work() -> BeforeAfter | tuple[Array, str] | None:
            target = self._target = self._target or self._read_target()
            if target is None or palette is None:
                return target
            return before_and_after(target[0], palette, target[1])

        self._background.run("target", work, self._on_done, partial(self._on_failure, palette))

    @property
    def busy(self) -> bool:
        """Whether an image is still to come."""
        return self._background.busy

    def destroy(self) -> None:
        """Close, and end the thread."""
        self._background.close()
        super().destroy()

    def _on_done(self, found: BeforeAfter | tuple[Array, str] | None) -> None:
        self.shown = found if isinstance(found, BeforeAfter) else None
        self.words.configure(text="")
        if self.shown is None:
            self.before.show(found[0] if isinstance(found, tuple) else None)
            self.after_.show(None, hint=NO_TARGET if found is None else AS_VALUES)
            return
        self.before.show(self.shown.before)
        self.after_.show(self.shown.after)
        changed = self.shown.changed
        share = "less than 0.1 %" if 0 < changed < 0.001 else f"{changed:.1%}".replace("%", " %")
        self.words.configure(
            text=f"{share} of its pixels change" if changed else "no pixel changes"
        )
        if changed and self.shown.region != self._zoomed_to:
            x, y, zoom = self._zoomed_to = self.shown.region
            self._set_view(View(zoom / 2, x, y))

    def _on_failure(self, palette: Palette | None, error: Exception) -> None:
        if not isinstance(error, UserError):
            _log.error("The target could not be shown.", exc_info=error)
        self.shown = None
        self.words.configure(text="")
        self.before.show(None if self._target is None else self._target[0])
        self.after_.show(None, hint=str(error))

    def _set_view(self, view: View) -> None:
        self.before.set_view(view)
        self.after_.set_view(view)
