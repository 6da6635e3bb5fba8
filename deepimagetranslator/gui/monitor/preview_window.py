"""A window with one of the monitor's validation images, as large as wanted."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

import numpy as np

from deepimagetranslator.app.shown_classes import ShownClasses
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_pane import Caption
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.pane_tools import ROLES
from deepimagetranslator.gui.widgets.in_front import place_over, show_above

VALIDATION_IMAGES = "Validation images"
TRAINING_IMAGES = "Training images (there are no validation images)"
_TITLES = ("Input", "Target", "Predicted")
_WIDTH, _HEIGHT = 1080, 560


def title_of(state: MonitorState) -> str:
    """Which images the monitor shows predictions of."""
    return VALIDATION_IMAGES if state.validated else TRAINING_IMAGES


class PreviewWindow(tk.Toplevel):
    """Input, target and prediction of one validation image, with zoom, overlay and difference.

    Args:
        parent: a widget of the monitor.
        state: the training.

    Attributes:
        number: the index of the image.
        panes: the three panes.
    """

    def __init__(self, parent: tk.Misc, state: MonitorState) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(title_of(state))
        self._state = state
        self._epoch: int | None = None
        self.number = 0
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.panes = PaneGroup(self, _TITLES, on_pointer=self._write_pointer)
        self.panes.grid(row=0, column=0, sticky="nsew", padx=px(12), pady=(px(12), 0))
        foot = ttk.Frame(self, padding=(px(12), px(8)))
        foot.grid(row=1, column=0, sticky="ew")
        foot.columnconfigure(0, weight=1)
        self.pointer = ttk.Label(foot, style="Muted.TLabel", width=1)
        self.pointer.grid(row=0, column=0, sticky="ew")
        self.steps: list[ttk.Button] = []
        for column, (text, by) in enumerate((("<", -1), (">", 1)), 1):
            button = ttk.Button(foot, text=text, command=lambda by=by: self.step(by))  # type: ignore[misc]
            button.grid(row=0, column=column, padx=(px(6), 0))
            self.steps.append(button)
        close = ttk.Button(foot, text="Close", command=self.destroy)
        close.grid(row=0, column=3, padx=(px(16), 0))
        width = min(px(_WIDTH), self.winfo_screenwidth() - px(20))
        height = min(px(_HEIGHT), self.winfo_screenheight() - px(80))
        self.geometry(f"{width}x{height}")
        below = str(parent.winfo_toplevel())
        place_over(self, below, width, height, px(40))
        show_above(self, below)
        self.bind("<Escape>", lambda _event: self.destroy())
        self.bind("<Left>", lambda _event: self.step(-1))
        self.bind("<Right>", lambda _event: self.step(1))

    def show(self, epoch: int | None, number: int | None = None) -> None:
        """Show an image of an epoch.

        Args:
            epoch: from 1; None if there are no predictions yet.
            number: the index of the image; None keeps it.
        """
        self._epoch = epoch
        self.number = self.number if number is None else number
        state = self._state
        self.title(title_of(state))
        predicted = [] if epoch is None else state.previews.epochs.get(epoch, [])
        count = len(state.previews.inputs) or len(predicted)
        self.number = min(self.number, max(0, count - 1))
        self.panes.set_classes(ShownClasses(tuple(state.classes.values())))
        for button in self.steps:
            button.state(["!disabled" if count > 1 else "disabled"])
        listed = (state.previews.inputs, state.previews.targets, predicted)
        for role, images in zip(ROLES, listed, strict=True):
            position = f"{self.number + 1} / {count}" if count else ""
            note = f"epoch {epoch}" if role == "prediction" and epoch is not None else ""
            self.panes.show(role, self._image(images), Caption("", position, note))

    def step(self, by: int) -> None:
        """Show the image ``by`` positions further; wraps around."""
        count = max(1, len(self._state.previews.inputs))
        self.show(self._epoch, (self.number + by) % count)

    def _image(self, images: Sequence[np.ndarray]) -> np.ndarray | None:
        return images[self.number] if self.number < len(images) else None

    def _write_pointer(self, text: str) -> None:
        self.pointer.configure(text=text)
