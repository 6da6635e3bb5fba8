"""The loop in the left column while labels are painted: what is done, what is next, training."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.core.labelling.loop.corrections import Corrections
from deepimagetranslator.gui.labelling.loop_commands import LoopCommands
from deepimagetranslator.gui.theme.theme import theme_of

SCRATCH, CONTINUED = "from scratch", "from last weights"
_STARTS = (SCRATCH, CONTINUED)


class LoopPanel(ttk.Frame):
    """Shows how far the labelling of all images is, and passes on what is chosen.

    Args:
        parent: the left column.
        labelling: the state.
        commands: the actions.
        to_image: gives the keys back to the image.
        width: of its texts, in pixels at 100 per cent.

    Attributes:
        count: how many images are labelled.
        buttons: by their text without the key.
        start: from which weights a training begins.
        reason: why the image in view was proposed.
        validation: what validates in the next training.
        corrected: how much was corrected in the drafts of the last rounds.
        stop: stops the training or the drafts.
    """

    def __init__(
        self,
        parent: tk.Misc,
        labelling: Labelling,
        commands: LoopCommands,
        to_image: Callable[[], object],
        width: int,
    ) -> None:
        super().__init__(parent)
        self._labelling, self._commands, self._to_image = labelling, commands, to_image
        self._px = px = theme_of(self).px
        self._width = px(width)
        self._may_continue = False
        self.columnconfigure((0, 1), weight=1, uniform="halves")
        self.buttons: dict[str, ttk.Button] = {}
        self.count = ttk.Label(self, style="Bold.TLabel", wraplength=self._width, justify="left")
        self.count.grid(row=0, column=0, columnspan=2, sticky="w", pady=px(4))
        self._button("Next", "N", commands.next, 1, 0)
        self._button("Worst", "M", commands.least_sure, 1, 1)
        self.reason = self._text(2)
        self._button("Train again", "Shift+T", commands.train, 3, 0, 2)
        self._start = tk.StringVar(self)
        self.start = ttk.Combobox(
            self, values=_STARTS, state="readonly", width=10, textvariable=self._start
        )
        self.start.grid(row=4, column=0, columnspan=2, sticky="ew", pady=(px(1), 0))
        self.start.bind("<<ComboboxSelected>>", self._on_start)
        self.validation = self._text(5)
        self._button("Draft the rest", "A", commands.draft, 6, 0, 2)
        self.stop = ttk.Button(self, command=commands.stop, width=6)
        self.stop.grid(row=6, column=0, columnspan=2, sticky="ew", pady=px(1))
        self.corrected = self._text(7)
        self.write_job()

    def write(self) -> None:
        """Show the state as it is."""
        self.write_reason()
        labelling = self._labelling
        self.count.configure(text=labelling.states.images.words)
        rounds = labelling.rounds
        self._write(self.validation, rounds.validation)
        self._write(self.corrected, corrected_words(rounds.corrected))
        self._may_continue = rounds.may_continue
        rounds.continues = rounds.continues and self._may_continue
        self._start.set(CONTINUED if rounds.continues else SCRATCH)
        self.write_job()

    def write_reason(self) -> None:
        """Show why the image in view was proposed."""
        self._write(self.reason, self._labelling.proposals.reason)

    def write_job(self) -> None:
        """Show the button that stops the job that is running instead of that for drafts."""
        kind, draft = self._commands.job, self.buttons["Draft the rest"]
        if kind:
            self.stop.configure(text=f"Stop {kind}")
            draft.grid_remove()
            self.stop.grid()
        else:
            self.stop.grid_remove()
            draft.grid()
        self.buttons["Train again"].state(["disabled" if self._commands.busy else "!disabled"])
        may = self._may_continue
        self.start.state(["!disabled" if may else "disabled"])
        draft.state(["!disabled" if may and not self._commands.busy else "disabled"])

    def _button(
        self,
        text: str,
        key: str,
        action: Callable[[], object],
        row: int,
        column: int,
        span: int = 1,
    ) -> None:
        button = ttk.Button(self, text=f"{text} ({key})", command=action, width=6)
        gap = self._px(2) if column == 0 and span == 1 else 0
        button.grid(
            row=row, column=column, columnspan=span, sticky="ew", padx=(0, gap), pady=self._px(1)
        )
        self.buttons[text] = button

    def _text(self, row: int) -> ttk.Label:
        label = ttk.Label(self, style="Small.TLabel", wraplength=self._width, justify="left")
        label.grid(row=row, column=0, columnspan=2, sticky="w")
        label.grid_remove()
        return label

    def _write(self, label: ttk.Label, text: str) -> None:
        if text != str(label.cget("text")):
            label.configure(text=text)
            label.grid() if text else label.grid_remove()

    def _on_start(self, _event: object) -> None:
        self.start.selection_clear()
        self._labelling.rounds.continues = self._start.get() == CONTINUED
        self._to_image()


def corrected_words(corrected: tuple[Corrections, ...]) -> str:
    """The corrected pixels of an image in the drafts of each round, oldest first; or nothing."""
    if not corrected:
        return ""
    listed = ", ".join(f"{one.mean:,.0f}" for one in corrected)
    rounds = "of the last round" if len(corrected) == 1 else "by round"
    return f"Corrected pixels per draft {rounds}: {listed}"
