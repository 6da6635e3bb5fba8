"""The labelling as a whole, in the left column while labels are painted: how many are done."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.gui.theme.theme import theme_of


class LoopPanel(ttk.Frame):
    """Shows how far the labelling of all images is.

    Args:
        parent: the left column.
        labelling: the state.

    Attributes:
        count: how many images are labelled.
    """

    def __init__(self, parent: tk.Misc, labelling: Labelling) -> None:
        super().__init__(parent)
        self._labelling = labelling
        self.columnconfigure(0, weight=1)
        px = theme_of(self).px
        self.count = ttk.Label(self, style="Bold.TLabel")
        self.count.grid(row=0, column=0, sticky="w", pady=(px(8), 0))

    def write(self) -> None:
        """Show the state as it is."""
        self.count.configure(text=self._labelling.states.images.words)
