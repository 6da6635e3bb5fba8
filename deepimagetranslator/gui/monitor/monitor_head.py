"""The head of the training monitor: headline, progress bars and a row of figures."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

from deepimagetranslator.app.training import words
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.wrapping import wrap_at_width


class MonitorHead(ttk.Frame):
    """Headline and remark, progress of all epochs and of this one, and a row of figures.

    Attributes:
        remedies: a frame beside the headline for buttons that help after a failure.
    """

    def __init__(self, parent: tk.Misc, state: MonitorState) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self._file = ""
        px = self.theme.px
        self.configure(padding=(px(18), px(14), px(18), px(12)))
        self.columnconfigure((1, 4), weight=1, uniform="bars")
        self._build_sentence().grid(row=0, column=0, columnspan=6, sticky="ew")
        self.bars: list[tuple[ttk.Progressbar, ttk.Label]] = []
        for column, text in ((0, "All epochs"), (3, "This epoch")):
            label = ttk.Label(self, text=text)
            label.grid(row=2, column=column, padx=(px(24) if column else 0, px(8)))
            bar = ttk.Progressbar(self, maximum=1.0)
            bar.grid(row=2, column=column + 1, sticky="ew")
            count = ttk.Label(self, style="Muted.TLabel", anchor="w")
            count.grid(row=2, column=column + 2, padx=(px(8), 0), sticky="w")
            self.bars.append((bar, count))
        row = ttk.Frame(self)
        row.grid(row=3, column=0, columnspan=6, sticky="ew", pady=(px(12), 0))
        self.facts: list[tuple[ttk.Label, ttk.Label]] = []
        names = [label for label, _ in words.facts(state)] + ["Best checkpoint"]
        for column, name in enumerate(names):
            label = ttk.Label(row, text=name, style="Small.TLabel")
            value = ttk.Label(row, style="Bold.TLabel")
            for place, widget in enumerate((label, value)):
                widget.grid(row=place, column=column, sticky="ew", padx=(0, px(24)))
            self.facts.append((label, value))
        row.columnconfigure(len(names) - 1, weight=1)
        # A long file name must not widen the window: it is shortened to the remaining width.
        self.facts[-1][1].configure(width=1)
        self.facts[-1][1].bind("<Configure>", lambda _event: self._show_file())

    def show(self, state: MonitorState) -> None:
        """Show the state."""
        self._file = state.current_file
        failed = state.phase is Phase.FAILED
        self.headline.configure(text=words.headline(state))
        style = "Error.TLabel" if failed else "Muted.TLabel"
        problems = remedies.all_sentences(state.problems) if failed else ""
        self.remark.configure(text=problems or words.remark(state), style=style)
        parts = state.overall_part, state.epoch_part
        texts = words.overall_text(state), words.epoch_text(state)
        for (bar, count), part, text in zip(self.bars, parts, texts, strict=True):
            bar.configure(value=part)
            count.configure(text=text)
        for (label, value), (name, text) in zip(self.facts, words.facts(state), strict=False):
            label.configure(text=name)
            value.configure(text=text)
        self._show_file()

    def _show_file(self) -> None:
        value = self.facts[-1][1]
        text = Path(self._file).name if self._file else words.NOTHING
        value.configure(text=_shortened(text, value.winfo_width(), self.theme.font("bold").measure))

    def _build_sentence(self) -> ttk.Frame:
        """Build headline and remark, with the frame for buttons beside them."""
        px = self.theme.px
        frame = ttk.Frame(self)
        frame.columnconfigure(0, weight=1)
        self.headline = ttk.Label(frame, style="Heading.TLabel")
        self.headline.grid(row=0, column=0, sticky="w")
        self.remark = ttk.Label(frame, style="Muted.TLabel")
        self.remark.grid(row=1, column=0, sticky="ew", pady=(px(2), px(10)))
        wrap_at_width(self.remark)
        self.remedies = ttk.Frame(frame)
        self.remedies.grid(row=0, column=1, rowspan=2, sticky="ne")
        return frame


def _shortened(text: str, width: int, measure: Callable[[str], int]) -> str:
    """The text with its middle replaced by "…" if it is wider than ``width`` pixels."""
    if width <= 1 or measure(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
        if measure(short) <= width:
            return short
    return "…"
