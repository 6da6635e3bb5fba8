"""The curves in the training monitor: choice of curves, logarithmic axis, saving the picture."""

from __future__ import annotations

import threading
import time
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

from PIL import ImageTk

from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.gui.monitor.charts import chart_names, charts_of
from deepimagetranslator.gui.monitor.curves import (
    CurvesRenderer,
    CurvesRequest,
    render,
    write_curves,
)
from deepimagetranslator.gui.monitor.preview_strip import TOOLS
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.widgets.centred_text import draw_centred_text
from deepimagetranslator.gui.widgets.dialog import AskFile
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics
from deepimagetranslator.gui.widgets.words import shown_word

ALL = "All"
NONE_YET = "The curves appear after the first epoch."
SECONDS_BETWEEN = 0.5
FILE_TYPES = (("PNG picture", "*.png"), ("SVG drawing", "*.svg"))


class CurvesView(ttk.Frame):
    """A picture of the curves, redrawn when the state or the widget's size changes.

    Args:
        parent: the parent widget.
        mnemonics: assigns the underlined letters of the window.
        ask_file: asks where to save.
        saved: called with the file that was written, and an error or "".

    Attributes:
        picture: the picture; None before the first epoch has ended.
    """

    def __init__(
        self,
        parent: tk.Misc,
        mnemonics: Mnemonics,
        ask_file: AskFile,
        saved: Callable[[Path, str], object],
    ) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self._ask_file = ask_file
        self._saved = saved
        self._renderer = CurvesRenderer(render)
        self._state: MonitorState | None = None
        self._names: list[str] = []
        self._asked: object = None
        self._asked_at = 0.0
        self.picture: ImageTk.PhotoImage | None = None
        self._writes: list[tuple[Path, str]] = []
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, minsize=px(TOOLS))
        self.rowconfigure(1, weight=1)
        tools = ttk.Frame(self)
        tools.grid(row=0, column=0, sticky="ew", padx=(0, px(8)))
        tools.columnconfigure(3, weight=1)
        ttk.Label(tools, text="Curves", style="Bold.TLabel").grid(row=0, column=0)
        self.choice = ttk.Combobox(tools, values=[ALL], state="readonly", width=16)
        self.choice.current(0)
        self.choice.grid(row=0, column=1, padx=px(10))
        words = "Logarithmic"
        self.log_button = ttk.Checkbutton(tools, text=words, command=self._ask)
        self.log_button.state(["!alternate"])
        self.log_button.configure(underline=mnemonics.add(words, self.log_button.invoke))
        self.log_button.grid(row=0, column=2)
        words = "Save picture..."
        self.save_button = ttk.Button(tools, text=words, command=self._on_save)
        self.save_button.configure(underline=mnemonics.add("Picture", self.save_button.invoke))
        self.save_button.configure(underline=words.index("p"))
        self.save_button.grid(row=0, column=3, sticky="e")
        self.canvas = tk.Canvas(self, width=px(240), height=px(60))
        self.canvas.grid(row=1, column=0, sticky="nsew", padx=(0, px(8)))
        self.choice.bind("<<ComboboxSelected>>", self._on_choose)
        self.canvas.bind("<Configure>", lambda _event: self._ask())
        self.bind(PALETTE_CHANGED, lambda _event: self._ask())

    def show(self, state: MonitorState) -> None:
        """Show the state's curves; a later ``tick`` displays the picture."""
        self._state = state
        names = chart_names(state)
        if names != self._names:
            before = self._chosen()
            self._names = names
            self.choice.configure(values=[ALL, *map(shown_word, names)])
            self.choice.current(names.index(before) + 1 if before in names else 0)
        self._ask()

    def tick(self) -> None:
        """Display a finished picture and report saved files; call it often."""
        self._ask()
        picture = self._renderer.take()
        if picture is not None and self._names:
            self.picture = ImageTk.PhotoImage(picture, master=self)
            self.canvas.delete("all")
            self.canvas.create_image(0, 0, image=self.picture, anchor="nw")
        while self._writes:
            self._saved(*self._writes.pop(0))

    def destroy(self) -> None:
        """Close, and end the drawing thread."""
        self._renderer.close()
        self.picture = None  # Tk images must not be collected in another thread
        super().destroy()

    def _chosen(self) -> str | None:
        index = self.choice.current()
        return self._names[index - 1] if 0 < index <= len(self._names) else None

    def _on_choose(self, _event: object) -> None:
        self.choice.selection_clear()
        self._ask()

    def _request(self, state: MonitorState) -> CurvesRequest:
        return CurvesRequest(
            charts_of(state, self._chosen()),
            self.canvas.winfo_width(),
            self.canvas.winfo_height(),
            self.theme.scaling,
            self.theme.palette,
            self.log_button.instate(["selected"]),
            state.best_epoch,
        )

    def _ask(self) -> None:
        """Request a new picture if the current one is outdated, at most every 0.5 s."""
        state = self._state
        if state is None:
            return
        self.save_button.state(["!disabled" if state.rows else "disabled"])
        wanted = (
            (
                (len(state.rows), state.epochs_done, state.best_epoch),
                (*state.classes, *state.inputs),
            ),
            (self._chosen(), self.log_button.instate(["selected"]), self.theme.palette.name),
            (self.canvas.winfo_width(), self.canvas.winfo_height()),
        )
        if wanted == self._asked:
            return
        if not state.rows:
            self._asked = wanted
            self._write_none_yet()
            return
        now = time.monotonic()
        if self._asked is not None and now - self._asked_at < SECONDS_BETWEEN:
            return  # the next tick tries again
        self._asked, self._asked_at = wanted, now
        self._renderer.ask(self._request(state))

    def _write_none_yet(self) -> None:
        self.picture = None
        self.canvas.delete("all")
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        draw_centred_text(self.canvas, NONE_YET, width, height)

    def _on_save(self) -> None:
        state = self._state
        if state is None or not state.rows:
            return
        path = self._ask_file("Save the curves", "curves.png", FILE_TYPES)
        if path is not None:
            request = self._request(state)
            threading.Thread(
                target=self._write, args=(request, path), name="save curves", daemon=True
            ).start()

    def _write(self, request: CurvesRequest, path: Path) -> None:
        problem = ""
        try:
            write_curves(request, path)
        except UserError as error:
            problem = str(error)
        self._writes.append((path, problem))
