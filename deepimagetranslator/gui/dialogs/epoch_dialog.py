"""The dialog for loading weights of an epoch: epoch, value, date and preview image."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tkinter import ttk
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.core.runs.run_folder import Improvement, RunFolder
from deepimagetranslator.gui.widgets.dialog import Dialog

NAME = "epoch"
_THUMBNAIL = 40


class EpochDialog(Dialog[Path]):
    """A table of the epochs with saved weights; OK gives the chosen file.

    Args:
        parent: a widget of the main window.
        improvements: the saved weights files.
        on_ok: called with the chosen file.
    """

    def __init__(
        self,
        parent: tk.Misc,
        improvements: Sequence[Improvement],
        on_ok: Callable[[Path], object],
    ) -> None:
        super().__init__(parent, NAME, "Load weights of an epoch", "Load", on_ok)
        px = self.theme.px
        columns = ("epoch", "value", "date", "run")
        ttk.Style(self).configure("Epochs.Treeview", rowheight=px(_THUMBNAIL + 8))
        self.table = ttk.Treeview(
            self.body, columns=columns, height=7, selectmode="browse", style="Epochs.Treeview"
        )
        self.table.heading("#0", text="Prediction")
        self.table.column("#0", width=px(_THUMBNAIL + 60), stretch=False)
        heads = ("Epoch", "val_loss", "Saved", "Run")
        for name, title, wide in zip(columns, heads, (70, 110, 150, 180), strict=True):
            self.table.heading(name, text=title)
            self.table.column(name, width=px(wide))
        self._pictures: list[Any] = []
        self._files: dict[str, Path] = {}
        for improvement in reversed(improvements):
            self._add(improvement)
        self.table.grid(row=0, column=0, sticky="nsew")
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        first = self.table.get_children()[0]
        self.table.selection_set(first)
        self.table.focus(first)
        self.table.bind("<Double-1>", lambda _event: self.accept())
        self.place(self.table)

    def value(self) -> Path | None:
        """The chosen file."""
        chosen = self.table.selection()
        return self._files[chosen[0]] if chosen else None

    def _add(self, improvement: Improvement) -> None:
        options: dict[str, Any] = {}
        picture = RunFolder(improvement.path.parent).preview(improvement.epoch)
        if picture.exists():
            side = self.theme.px(_THUMBNAIL)
            with Image.open(picture) as image:
                small = image.resize((side, side))
            self._pictures.append(ImageTk.PhotoImage(small, master=self))
            options["image"] = self._pictures[-1]
        saved = datetime.fromtimestamp(improvement.path.stat().st_mtime)
        values = (
            improvement.epoch,
            f"{improvement.value:.4f}",
            saved.strftime("%Y-%m-%d %H:%M"),
            improvement.path.parent.name,
        )
        item = self.table.insert("", "end", values=values, **options)
        self._files[item] = improvement.path
