"""The curves of all cells in the view of a study."""

from __future__ import annotations

import time
import tkinter as tk
from tkinter import ttk

from PIL import ImageTk

from deepimagetranslator.app.study.study_state import StudyState
from deepimagetranslator.gui.monitor.curves import CurvesRenderer
from deepimagetranslator.gui.monitor.curves_view import NONE_YET, SECONDS_BETWEEN
from deepimagetranslator.gui.study.study_plot import (
    CellLine,
    Known,
    StudyPlot,
    lines_of,
    render_study,
)
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.widgets.centred_text import draw_centred_text
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics


class StudyCurves(ttk.Frame):
    """A picture of all curves, drawn anew when they or the widget's size change.

    Args:
        parent: the parent widget.
        mnemonics: assigns the underlined letters of the window.

    Attributes:
        picture: the picture; None before the first epoch.
    """

    def __init__(self, parent: tk.Misc, mnemonics: Mnemonics) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self._renderer: CurvesRenderer[StudyPlot] = CurvesRenderer(render_study)
        self._state: StudyState | None = None
        self._known: Known = {}
        self._lines: tuple[CellLine, ...] = ()
        self._seen: object = None
        self._asked: object = None
        self._asked_at = 0.0
        self.picture: ImageTk.PhotoImage | None = None
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        words = "Logarithmic"
        self.log_button = ttk.Checkbutton(self, text=words)
        self.log_button.state(["!alternate"])
        self.log_button.configure(underline=mnemonics.add(words, self.log_button.invoke))
        self.canvas = tk.Canvas(self, width=px(300), height=px(60), highlightthickness=0)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self.log_button.grid(row=0, column=0, sticky="ne", padx=px(8))
        self.log_button.lift(self.canvas)
        self.canvas.bind("<Configure>", lambda _event: self.tick())
        self.bind(PALETTE_CHANGED, lambda _event: self.tick())

    def show(self, state: StudyState) -> None:
        """Show the curves of a state; a later ``tick`` displays them."""
        seen = id(state), state.epochs_version
        if seen != self._seen:
            if state is not self._state:
                self._known.clear()
            self._state, self._lines, self._seen = state, lines_of(state, self._known), seen

    def tick(self) -> None:
        """Ask for a picture if another is wanted, and display a finished one; call it often."""
        self._ask()
        picture = self._renderer.take()
        if picture is not None and self._lines:
            self.picture = ImageTk.PhotoImage(picture, master=self)
            self.canvas.delete("all")
            self.canvas.create_image(0, 0, image=self.picture, anchor="nw")

    def destroy(self) -> None:
        """Close, and end the drawing thread."""
        self._renderer.close()
        self.picture = None  # Tk images must not be collected in another thread
        super().destroy()

    def _ask(self) -> None:
        state = self._state
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        if state is None or width < 2:
            return
        logarithmic = self.log_button.instate(["selected"])
        wanted = StudyPlot(
            self._lines,
            tuple(variation.name for variation in state.plan.variations),
            len(state.plan.folds[0]),
            width,
            height,
            self.theme.scaling,
            self.theme.palette,
            logarithmic,
            self.log_button.winfo_reqwidth(),
        )
        now = time.monotonic()
        if wanted == self._asked:
            return
        if not self._lines:
            self._asked, self.picture = wanted, None
            self.canvas.delete("all")
            draw_centred_text(self.canvas, NONE_YET, width, height)
            return
        if self._asked is None or now - self._asked_at >= SECONDS_BETWEEN:
            self._asked, self._asked_at = wanted, now
            self._renderer.ask(wanted)
