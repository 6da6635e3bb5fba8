"""Predictions of a few fixed images, with a slider through the epochs."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk

import cv2
import numpy as np
from PIL import Image, ImageTk

from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.gui.monitor.preview_window import (
    VALIDATION_IMAGES,
    PreviewWindow,
    title_of,
)
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.widgets.centred_text import draw_centred_text
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics

NONE_YET = "Predictions of some images appear here after each epoch."
SMALLEST = 4
FEWEST = 2
LARGE, MUCH_LARGER = 130, 1.3
"""Fewer images are shown if all are below ``LARGE`` pixels (at 100 per cent), and fewer would be
``MUCH_LARGER`` times as large."""
TOOLS = 38
"""Height of the line above the images in pixels at 100 per cent; ``CurvesView`` uses it, too."""
NOT_KEPT = "There is no checkpoint of this epoch."
Row = tuple[str, list[np.ndarray]]


class PreviewStrip(ttk.Frame):
    """Shows predictions beside inputs and targets, of the newest epoch or of a chosen one.

    Args:
        parent: the parent widget.
        mnemonics: assigns the underlined letters of the window.
        use: called with an epoch and its checkpoint when the user wants these weights.

    Attributes:
        enlarged: the window with one of the images; None if it was never opened.
    """

    def __init__(
        self, parent: tk.Misc, mnemonics: Mnemonics, use: Callable[[int, Path], object]
    ) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self._use = use
        self._state: MonitorState | None = None
        self._epochs: list[int] = []
        self._pinned: int | None = None
        self._drawn: object = None
        self._photo: ImageTk.PhotoImage | None = None
        self._tiles: list[tuple[tuple[int, int, int, int], int]] = []
        self.enlarged: PreviewWindow | None = None
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, minsize=px(TOOLS))
        self.rowconfigure(1, weight=1)
        heading = ttk.Frame(self)
        heading.grid(row=0, column=0, sticky="ew")
        heading.columnconfigure(1, weight=1)
        self.heading = ttk.Label(heading, text=VALIDATION_IMAGES, style="Bold.TLabel")
        self.heading.grid(row=0, column=0)
        self.caption = ttk.Label(heading, style="Muted.TLabel")
        self.caption.grid(row=0, column=1, sticky="e")
        self.canvas = tk.Canvas(self, width=px(200), height=px(60))
        self.canvas.grid(row=1, column=0, sticky="nsew")
        back = ttk.Frame(self)
        back.grid(row=2, column=0, sticky="ew", pady=px(8))
        back.columnconfigure(1, weight=1)
        ttk.Label(back, text="Epoch").grid(row=0, column=0, padx=(0, px(10)))
        self.slider = ttk.Scale(back, from_=0, to=1, command=self._on_slide)
        self.slider.grid(row=0, column=1, sticky="ew")
        foot = ttk.Frame(self)
        foot.grid(row=3, column=0, sticky="ew")
        foot.columnconfigure(1, weight=1)
        words = "Use this epoch's weights"
        self.use_button = ttk.Button(foot, text=words, command=self._on_use)
        self.use_button.configure(underline=mnemonics.add(words, self.use_button.invoke))
        self.use_button.grid(row=0, column=0)
        self.hint = ttk.Label(foot, style="Small.TLabel")
        self.hint.grid(row=0, column=1, sticky="w", padx=(px(10), 0))
        foot.bind("<Configure>", self._wrap_hint)
        words = "Enlarge..."
        self.enlarge_button = ttk.Button(foot, text=words, command=self.enlarge)
        underline = mnemonics.add(words, self.enlarge_button.invoke)
        self.enlarge_button.configure(underline=underline)
        self.enlarge_button.grid(row=0, column=2, sticky="e")
        self.canvas.bind("<Configure>", lambda _event: self._draw())
        self.canvas.bind("<Button-1>", self._on_click)
        self.canvas.bind("<Motion>", self._on_motion)
        self.bind(PALETTE_CHANGED, lambda _event: self._draw(redo=True))

    @property
    def epoch(self) -> int | None:
        """The epoch in view; None before the first."""
        if self._pinned in self._epochs:
            return self._pinned
        return self._epochs[-1] if self._epochs else None

    def show(self, state: MonitorState) -> None:
        """Show the state; returns quickly if nothing has changed."""
        self._state = state
        self.heading.configure(text=title_of(state))
        self._epochs = sorted(state.previews.epochs)
        if self._pinned is not None and self._pinned not in self._epochs:
            self._pinned = None
        last = len(self._epochs) - 1
        self.slider.configure(to=max(1, last))
        self.slider.state(["!disabled" if last > 0 else "disabled"])
        if self.epoch is not None:
            # With one epoch the slider has one position: the right end.
            at = self._epochs.index(self.epoch) if last else 1
            if round(float(self.slider.get())) != at:
                self.slider.configure(value=at)
        self._draw()

    def destroy(self) -> None:
        """Close; drops the Tk image here, since it must not be collected in another thread."""
        self._photo = None
        super().destroy()

    def _wrap_hint(self, event: tk.Event[tk.Misc]) -> None:
        buttons = self.use_button.winfo_reqwidth() + self.enlarge_button.winfo_reqwidth()
        room = event.width - buttons - self.theme.px(12)
        self.hint.configure(wraplength=max(1, room))

    def _on_slide(self, value: str) -> None:
        if len(self._epochs) < 2:
            return
        index = min(round(float(value)), len(self._epochs) - 1)
        newest = index == len(self._epochs) - 1
        self._pinned = None if newest else self._epochs[index]
        self._draw()

    def _on_use(self) -> None:
        if self._state is not None and self.epoch is not None:
            path = self._state.weights_of(self.epoch)
            if path is not None:
                self._use(self.epoch, path)

    def _draw(self, redo: bool = False) -> None:
        state, epoch = self._state, self.epoch
        if state is None:
            return
        path = None if epoch is None else state.weights_of(epoch)
        best = epoch is not None and epoch == state.best_epoch
        shown = (
            ""
            if epoch is None
            else f"epoch {epoch}, the best so far"
            if best
            else (f"epoch {epoch}")
        )
        self.caption.configure(text=shown)
        self.use_button.state(["!disabled" if path is not None else "disabled"])
        self.hint.configure(text=NOT_KEPT if epoch is not None and path is None else "")
        size = self.canvas.winfo_width(), self.canvas.winfo_height()
        # Since ``show``, a new training may have started, or previews may have been dropped.
        predicted = [] if epoch is None else state.previews.epochs.get(epoch, [])
        key = size, epoch, id(predicted), id(state.previews.inputs), id(state.previews.targets)
        if key == self._drawn and not redo:
            return
        self._drawn = key
        self._tiles = []
        self.enlarge_button.state(["!disabled" if predicted else "disabled"])
        if self.enlarged is not None and self.enlarged.winfo_exists():
            self.enlarged.show(epoch)
        self.canvas.delete("all")
        if not predicted:
            draw_centred_text(self.canvas, NONE_YET, *size)
            return
        rows = [
            (words, images)
            for words, images in (
                ("Input", state.previews.inputs),
                ("Predicted", predicted),
                ("Target", state.previews.targets),
            )
            if len(images) == len(predicted)
        ]
        self._draw_tiles(rows, *size)

    def _draw_tiles(self, rows: list[Row], width: int, height: int) -> None:
        """Draw input, prediction and target as rows or columns, whichever gives larger images."""
        gap, font = self.theme.px(6), self.theme.font("small")
        line = font.metrics("linespace") + self.theme.px(3)
        margin = max(font.measure(text) for text, _ in rows) + gap
        ratio = rows[0][1][0].shape[1] / rows[0][1][0].shape[0]
        size, room = (len(rows), len(rows[0][1])), (width, height)
        tiles = tiles_of(size, ratio, room, gap, margin, line, self.theme.px(LARGE))
        if tiles.side < SMALLEST:
            return
        wide = max(1, int(tiles.side * ratio))
        kinds, images = len(rows), tiles.images
        columns, down = (kinds, images) if tiles.in_columns else (images, kinds)
        beside, above = (0, line) if tiles.in_columns else (margin, 0)
        left = (width - beside - columns * wide - (columns - 1) * gap) // 2 + beside
        top = (height - above - down * tiles.side - (down - 1) * gap) // 2 + above
        picture = Image.new("RGB", (width, height), self.theme.palette.pane)
        places = []
        self._tiles = []
        for kind, (_, pictures) in enumerate(rows):
            for number, image in enumerate(pictures[:images]):
                column, row = (kind, number) if tiles.in_columns else (number, kind)
                x, y = left + column * (wide + gap), top + row * (tiles.side + gap)
                picture.paste(Image.fromarray(_fitted(image, wide, tiles.side)), (x, y))
                self._tiles.append(((x, y, x + wide, y + tiles.side), number))
                if number == 0:
                    places.append((x, y))
        self._photo = ImageTk.PhotoImage(picture, master=self)
        self.canvas.create_image(0, 0, image=self._photo, anchor="nw")
        for (x, y), (text, _) in zip(places, rows, strict=True):
            self.canvas.create_text(
                x if tiles.in_columns else x - gap,
                y - self.theme.px(2) if tiles.in_columns else y + tiles.side // 2,
                text=text,
                anchor="sw" if tiles.in_columns else "e",
                fill=self.theme.palette.text,
                font=font,
            )

    # ---- enlarging -------------------------------------------------------------------------

    def enlarge(self, number: int = 0) -> None:
        """Show one of the images in a window of its own."""
        if self._state is None or self.epoch is None:
            return
        if self.enlarged is None or not self.enlarged.winfo_exists():
            self.enlarged = PreviewWindow(self, self._state)
        self.enlarged.show(self.epoch, number)
        self.enlarged.lift()
        self.enlarged.focus_set()

    def _number_at(self, x: int, y: int) -> int | None:
        for (left, top, right, bottom), number in self._tiles:
            if left <= x < right and top <= y < bottom:
                return number
        return None

    def _on_click(self, event: tk.Event[tk.Misc]) -> None:
        number = self._number_at(event.x, event.y)
        if number is not None:
            self.enlarge(number)

    def _on_motion(self, event: tk.Event[tk.Misc]) -> None:
        over = self._number_at(event.x, event.y) is not None
        self.canvas.configure(cursor="hand2" if over else "")


@dataclass(frozen=True)
class Tiles:
    """How the images are arranged.

    Attributes:
        images: how many of the images are shown.
        side: the height of an image in pixels.
        in_columns: whether input, prediction and target are columns.
    """

    images: int
    side: int
    in_columns: bool


def tiles_of(
    count: tuple[int, int],
    ratio: float,
    room: tuple[int, int],
    gap: int,
    beside: int,
    above: int,
    enough: int,
) -> Tiles:
    """The arrangement with large images: fewer of them if all are small and fewer much larger.

    Args:
        count: the number of kinds (input, prediction, target) and of images.
        ratio: width divided by height of an image.
        room: width and height of all in pixels.
        gap: between the images in pixels.
        beside, above: the room for labels beside rows and above columns, in pixels.
        enough: the height in pixels of an image that is large enough.
    """
    kinds, images = count

    def side_of(columns: int, down: int, left: int, top: int) -> int:
        across = (room[0] - left - gap * (columns + 1)) / columns / ratio
        return int(min(across, (room[1] - top - gap * (down + 1)) / down))

    best = Tiles(images, 0, False)
    for shown in range(images, min(images, FEWEST) - 1, -1):
        if best.side >= enough:
            break
        for in_columns in (False, True):
            size = (kinds, shown, 0, above) if in_columns else (shown, kinds, beside, 0)
            side = side_of(*size)
            if side > best.side * (1 if shown == best.images else MUCH_LARGER):
                best = Tiles(shown, side, in_columns)
    return best


def _fitted(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image (height, width, 1 or 3) as RGB of that size; enlarged pixels stay square."""
    shrinks = width < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    resized = np.asarray(cv2.resize(image, (width, height), interpolation=how))
    if resized.ndim == 2 or resized.shape[2] == 1:
        return np.repeat(resized.reshape(height, width, 1), 3, axis=2)
    return resized
