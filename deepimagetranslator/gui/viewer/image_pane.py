"""One pane: a title, an image or the program's logo, and a caption.

``PaneGroup`` in ``pane_group.py`` combines three of them.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, replace
from tkinter import font as tkfont
from tkinter import ttk

from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer import shading
from deepimagetranslator.gui.viewer.banner import Banner
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas, Place
from deepimagetranslator.gui.viewer.shading import Levels
from deepimagetranslator.gui.viewer.viewport import View


@dataclass(frozen=True)
class Caption:
    """The texts around an image.

    Attributes:
        name: the file's name; its middle is shortened if it does not fit.
        position: for instance "7 / 12".
        note: text after the name, for instance "epoch 12".
        unit: what the image's values are, such as "CT, HU"; empty if unknown.
    """

    name: str = ""
    position: str = ""
    note: str = ""
    unit: str = ""


class ImagePane(ttk.Frame):
    """A title, an ``ImageCanvas`` and a caption.

    Args:
        parent: the parent widget.
        title: the text above the image.
        on_view, on_pointer, on_window: as in ``ImageCanvas``.

    Attributes:
        canvas: the canvas with the image.
        banner: a warning over the image, until another one is shown.
        offset: added to the file's values where the pane shows values as text.
    """

    def __init__(
        self,
        parent: tk.Misc,
        title: str,
        *,
        on_view: Callable[[View], None] | None = None,
        on_pointer: Callable[[Place | None], None] | None = None,
        on_window: Callable[[int, int], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._caption = title, Caption()
        self.offset = 0.0
        self._minus: Array | None = None
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        head, foot = ttk.Frame(self), ttk.Frame(self)
        self._foot = foot
        # Labels request the width of one letter, so that long texts never move the sashes.
        self.title = ttk.Label(head, style="Bold.TLabel", width=1)
        self.position = ttk.Label(head, style="Muted.TLabel", anchor="e")
        self.canvas = ImageCanvas(self, on_view=on_view, on_pointer=on_pointer, on_window=on_window)
        self.banner = Banner(self.canvas)
        self.name = ttk.Label(foot, width=1)
        self.note = ttk.Label(foot, style="Muted.TLabel", anchor="e")
        self.details = ttk.Label(self, style="Small.TLabel", width=1)
        for frame, left, right in ((head, self.title, self.position), (foot, self.name, self.note)):
            right.pack(side="right")
            left.pack(side="left", fill="x", expand=True)
            frame.grid(row=0 if frame is head else 2, column=0, sticky="ew", padx=px(2))
        self.canvas.grid(row=1, column=0, sticky="nsew", pady=px(4))
        self.details.grid(row=3, column=0, sticky="ew", padx=px(2))
        for label in (self.title, self.name, self.details):
            label.bind("<Configure>", lambda _: self._fit_words())

    @property
    def image(self) -> Array | None:
        """The image; None if there is none."""
        return self.canvas.image

    @property
    def levels(self) -> Levels:
        """The values that are drawn black and white."""
        return self.canvas.levels

    def show(
        self,
        image: Array | None,
        caption: Caption | None = None,
        *,
        levels: Levels | None = None,
        hint: str = "",
    ) -> None:
        """Show an image and its caption; the arguments are those of ``ImageCanvas.show``."""
        self._caption = caption or Caption()
        self.banner.show("")
        self.canvas.show(image, levels, hint)
        self._write()

    def set_position(self, text: str) -> None:
        """Set the text above the image's right corner."""
        self._caption = replace(self._caption, position=text)
        self._write()

    def dim(self, note: str) -> None:
        """Draw the image faintly, since another one is awaited; the note says so."""
        self.canvas.dim()
        self.banner.show("")
        self._caption = Caption(note=note)
        self._write()

    def set_brief(self, on: bool) -> None:
        """Hide the texts below the image, or show them again."""
        for widget in (self._foot, self.details):
            if on:
                widget.grid_remove()
            else:
                widget.grid()

    def set_title(self, title: str) -> None:
        """Set the text above the image."""
        self._title = title
        self._fit_words()

    def set_levels(self, levels: Levels, offset: float = 0.0) -> None:
        """Set the values drawn black and white, and the offset of values shown as text."""
        self.offset = offset
        self.canvas.set_levels(levels)
        self._write()

    def set_minus(self, image: Array | None) -> None:
        """Show the difference of this image minus another one; None shows the image itself."""
        self._minus = image
        self.canvas.set_minus(image)
        self._write()

    def _write(self) -> None:
        self.position.configure(text=self._caption.position)
        self.note.configure(text=self._caption.note)
        self._fit_words()

    def _fit_words(self) -> None:
        details = ""
        if self.image is not None:
            if self._minus is None:
                unit = self._caption.unit
                details = shading.image_words(self.image, self.levels, self.offset, unit)
            else:
                details = shading.difference_words(self.image, self.levels)
        font = theme_of(self).font
        for label, words, face in (
            (self.title, self._title, font("bold")),
            (self.name, self._caption.name, font()),
            (self.details, details, font("small")),
        ):
            label.configure(text=elided(words, face, label.winfo_width()))


def elided(text: str, font: tkfont.Font, room: int) -> str:
    """The text with its middle replaced by "…" if it is wider than ``room`` pixels."""
    if font.measure(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:  # finds the largest number of letters that fits
        kept = (low + high + 1) // 2
        if font.measure(_shortened(text, kept)) <= room:
            low = kept
        else:
            high = kept - 1
    return _shortened(text, low)


def _shortened(text: str, kept: int) -> str:
    tail = kept // 2
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"
