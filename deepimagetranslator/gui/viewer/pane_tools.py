"""The tools below the panes: zoom buttons, overlay, difference."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import TYPE_CHECKING

from deepimagetranslator.gui.theme.theme import theme_of

if TYPE_CHECKING:
    from deepimagetranslator.gui.viewer.pane_group import PaneGroup

ROLES = ("image", "target", "prediction")
OUTLINES, CONFIDENCE = "outlines", "confidence"
OVERLAYS = {
    "none": "None",
    "target": "Target",
    "prediction": "Prediction",
    OUTLINES: "Outlines",
    CONFIDENCE: "Confidence",
}


class PaneTools(ttk.Frame):
    """Zoom buttons, the choice and slider of the overlay, the check box of the difference."""

    def __init__(self, group: PaneGroup) -> None:
        super().__init__(group)
        self.group = group
        px = theme_of(self).px
        self._overlay = tk.StringVar(self)
        self._part = tk.DoubleVar(self)
        self._difference = tk.BooleanVar(self)
        near, far = ttk.Frame(self), ttk.Frame(self)
        self.zoom_out = self._button(near, "−", group.zoom_out)
        self.percent = ttk.Label(near, width=7, anchor="center")
        self.percent.pack(side="left")
        self.zoom_in = self._button(near, "+", group.zoom_in)
        self.fit = self._button(near, "Fit", group.fit)
        self.true_size = self._button(near, "1:1", group.true_size)
        ttk.Label(far, text="Overlay").pack(side="left", padx=(0, px(8)))
        self.overlay = ttk.Combobox(
            far,
            state="readonly",
            width=11,
            values=list(OVERLAYS.values()),
            textvariable=self._overlay,
        )
        self.overlay.bind("<<ComboboxSelected>>", self._on_overlay)
        self.overlay.pack(side="left")
        self.part = ttk.Scale(
            far, from_=0, to=100, length=px(120), variable=self._part, command=self._on_part
        )
        self.part.pack(side="left", padx=(px(10), px(6)))
        self.part_words = ttk.Label(far, width=6, anchor="w")
        self.part_words.pack(side="left")
        self.difference = ttk.Checkbutton(
            far,
            text="Difference",
            variable=self._difference,
            command=lambda: group.set_difference(self._difference.get()),
        )
        self.difference.pack(side="left", padx=(px(14), 0))
        self.near, self.far = near, far
        self.columnconfigure(1, weight=1)
        near.grid(row=0, column=0, sticky="w")
        far.grid(row=0, column=1, sticky="e")
        self.bind("<Configure>", lambda _: self._fold())
        self.write()

    def write(self) -> None:
        """Show the group's state."""
        group = self.group
        self._overlay.set(OVERLAYS[group.overlay])
        self._part.set(round(group.overlay_part * 100))
        self._difference.set(group.difference)
        self.part_words.configure(text=f"{group.overlay_part * 100:.0f} %")
        offered = [OVERLAYS[key] for key in OVERLAYS if key != OUTLINES or group.classes.classes]
        self.overlay.configure(values=offered)
        state = "!disabled" if group.overlay in (*ROLES, CONFIDENCE) else "disabled"
        self.part.state([state])
        self.part_words.state([state])
        both = group.image("target") is not None and group.image("prediction") is not None
        self.difference.state(["!disabled" if both or group.difference else "disabled"])
        self.write_zoom()

    def write_zoom(self) -> None:
        """Show the zoom, and grey the zoom buttons if there is no image."""
        scale = self.group.scale()
        self.percent.configure(text="" if scale is None else f"{scale * 100:.0f} %")
        for button in (self.zoom_out, self.zoom_in, self.fit, self.true_size):
            button.state(["disabled" if scale is None else "!disabled"])

    def _button(self, parent: ttk.Frame, text: str, command: Callable[[], None]) -> ttk.Button:
        button = ttk.Button(parent, text=text, style="Tool.TButton", command=command)
        button.pack(side="left", padx=(0, theme_of(self).px(2)))
        return button

    def _on_overlay(self, _event: object) -> None:
        self.overlay.selection_clear()
        role = next(role for role, words in OVERLAYS.items() if words == self._overlay.get())
        self.group.set_overlay(role)

    def _on_part(self, value: str) -> None:
        self.group.set_overlay(self.group.overlay, float(value) / 100)

    def _fold(self) -> None:
        """Arrange the tools in two rows if one is too narrow."""
        needed = self.near.winfo_reqwidth() + self.far.winfo_reqwidth() + theme_of(self).px(16)
        narrow = self.winfo_width() < needed
        self.far.grid_configure(
            row=1 if narrow else 0, column=0 if narrow else 1, sticky="w" if narrow else "e"
        )
