"""A canvas with one image: fit, zoom, pan, and the position under the pointer."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.logo import draw_mark
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.viewer import shading, viewport
from deepimagetranslator.gui.viewer.layers import Layer, patch
from deepimagetranslator.gui.viewer.shading import Levels
from deepimagetranslator.gui.viewer.viewport import FIT, Rect, View
from deepimagetranslator.gui.widgets.keys import only

ZOOM_STEP = 1.25
_PAN_STEP = 48
_LINE = 2

Place = tuple[float, float]
"""A position in an image: x and y as fractions of its width and height, 0 to 1."""


class ImageCanvas(tk.Canvas):
    """Shows an image, or the program's logo if there is none.

    Wheel, + and - zoom; 0 and a double click fit the image; 1 shows one image pixel per screen
    pixel; dragging and Shift with an arrow key pan. Dragging with the right mouse button calls
    ``on_window``. All changes are drawn when Tk is next idle.

    Args:
        parent: the parent widget.
        on_view: called with the new view when the user zooms or pans.
        on_pointer: called with the position under the pointer, None when it leaves the image.
        on_window: called with the movement (right, down) in pixels of a drag with the right mouse
            button.

    Attributes:
        image: the image; None shows the logo.
        levels: the values that are drawn black and white.
        view: the visible part of the image.
        dimmed: whether the image is drawn faintly, since another one is awaited.
        layer: what is drawn over everything else, see ``set_layer``.
        redraws: the number of redraws so far, for tests.
    """

    def __init__(
        self,
        parent: tk.Misc,
        *,
        on_view: Callable[[View], None] | None = None,
        on_pointer: Callable[[Place | None], None] | None = None,
        on_window: Callable[[int, int], None] | None = None,
    ) -> None:
        px = theme_of(parent).px
        super().__init__(parent, takefocus=True, width=px(120), height=px(120))
        self.on_view, self.on_pointer, self.on_window = on_view, on_pointer, on_window
        self.image: Array | None = None
        self.levels: Levels = (0.0, 255.0)
        self.view = FIT
        self.dimmed = False
        self.redraws = 0
        self._hint = ""
        self._overlay: tuple[Array, Levels, float] | None = None
        self._minus: Array | None = None
        self._outlines: tuple[Array | None, Array | None] = (None, None)
        self._photo: ImageTk.PhotoImage | None = None
        self.layer: Layer | None = None
        self._base: Array | None = None
        self._patch: ImageTk.PhotoImage | None = None
        self._marker: Place | None = None
        self.inset = px(2)
        self._redraw_id = ""
        self._dragged_from: tuple[int, int] | None = None
        self._listen()
        self._recolour()

    def show(self, image: Array | None, levels: Levels | None = None, hint: str = "") -> None:
        """Show an image, not dimmed; the view stays.

        Args:
            image: (height, width, 1 or 3) of uint8, uint16 or float32; None shows the logo.
            levels: the values drawn black and white; None uses ``shading.levels_of``.
            hint: a sentence below the logo.
        """
        self.image, self._hint, self.dimmed = image, hint, False
        if image is not None:
            self.levels = levels or shading.levels_of(image)
        self.redraw()

    def set_levels(self, levels: Levels) -> None:
        """Set the values that are drawn black and white."""
        if levels != self.levels:
            self.levels = levels
            self.redraw()

    def dim(self) -> None:
        """Draw the image faintly until the next one is shown."""
        if not self.dimmed:
            self.dimmed = True
            self.redraw()

    def set_view(self, view: View) -> None:
        """Set the visible part; does not call ``on_view``."""
        if view != self.view:
            self.view = view
            self.redraw()

    def set_overlay(self, image: Array | None, levels: Levels = (0, 255), part: float = 0) -> None:
        """Draw another image over this one, stretched to its size.

        Args:
            image: the overlay; None removes it.
            levels: the overlay's values that are drawn black and white.
            part: the opacity of the overlay, 0 to 1.
        """
        overlay = None if image is None or part <= 0 else (image, levels, part)
        if not _same(overlay, self._overlay):
            self._overlay = overlay
            self.redraw()

    def set_outlines(self, target: Array | None, predicted: Array | None) -> None:
        """Draw the outlines of label maps over the image; None removes them."""
        outlines = (target, predicted)
        if any(one is not other for one, other in zip(outlines, self._outlines, strict=True)):
            self._outlines = outlines
            self.redraw()

    def set_minus(self, image: Array | None) -> None:
        """Show the difference of this image minus another one; None shows the image itself."""
        if image is not self._minus:
            self._minus = image
            self.redraw()

    def set_layer(self, layer: Layer | None) -> None:
        """Draw a layer over everything else; None removes it."""
        if layer is not None or self.layer is not None:
            self.layer = layer
            self.redraw()

    def redraw_part(self, part: tuple[int, int, int, int]) -> None:
        """Draw a part of the layer again, at once: top, left, bottom, right in its pixels."""
        layer, base, photo = self.layer, self._base, self._photo
        if layer is None or base is None or photo is None or self._redraw_id:
            return  # or all of it is drawn soon
        found = patch(layer, base, part, self.rect(), self.room)
        if found is not None:
            self._patch = ImageTk.PhotoImage(Image.fromarray(found[0]), master=self)
            self.tk.call(str(photo), "copy", str(self._patch), "-to", *found[1])

    def set_marker(self, place: Place | None) -> None:
        """Draw a small cross at a position of the image; None removes it."""
        if place != self._marker:
            self._marker = place
            self._draw_marker()

    @property
    def room(self) -> tuple[int, int]:
        """Width and height, in pixels, of the area for images."""
        inset = 2 * self.inset
        return (
            max(1, self.winfo_width() - inset),
            max(1, self.winfo_height() - inset),
        )

    def rect(self) -> Rect:
        """The rectangle of the whole image on the canvas; there must be an image."""
        assert self.image is not None
        return viewport.place(self.image, *self.room, self.view)

    def zoom(self, factor: float, at: tuple[float, float] | None = None) -> None:
        """Zoom about a screen point, by default the centre; calls ``on_view``."""
        if self.image is not None:
            width, height = self.room
            point = at or (width / 2, height / 2)
            self._take(viewport.zoomed(self.view, factor, self.image, width, height, point))

    def fit(self) -> None:
        """Show the whole image; calls ``on_view``."""
        self._take(FIT)

    def true_size(self) -> None:
        """Show one image pixel per screen pixel; calls ``on_view``."""
        if self.image is not None:
            self.zoom(1 / self.rect().scale(self.image))

    def pan(self, right: int, down: int) -> None:
        """Move the image by so many screen pixels; calls ``on_view``."""
        if self.image is not None:
            self._take(viewport.panned(self.view, right, down, self.image, *self.room))

    def redraw(self) -> None:
        """Redraw when Tk is next idle; several calls cause one redraw."""
        if not self._redraw_id:
            self._redraw_id = self.after_idle(self._redraw)

    def destroy(self) -> None:
        """Close, and cancel a pending redraw."""
        if self._redraw_id:
            self.after_cancel(self._redraw_id)
        super().destroy()

    def _listen(self) -> None:
        self.bind(PALETTE_CHANGED, self._recolour)
        self.bind("<Configure>", lambda _: self.redraw())
        self.bind("<MouseWheel>", self._on_wheel)
        if sys.platform not in ("win32", "darwin"):
            self.bind("<Button-4>", lambda event: self._on_turn(event, 1))
            self.bind("<Button-5>", lambda event: self._on_turn(event, -1))
        self.bind("<Button-1>", self._on_press)
        self.bind("<B1-Motion>", self._on_drag)
        self.bind("<ButtonRelease-1>", self._on_release)
        self.bind("<Double-Button-1>", lambda _: self.fit())
        right = 2 if sys.platform == "darwin" else 3
        self.bind(f"<Button-{right}>", self._on_press)
        self.bind(f"<B{right}-Motion>", self._on_drag_window)
        self.bind(f"<ButtonRelease-{right}>", self._on_release)
        self.bind("<Motion>", self._on_motion)
        self.bind("<Leave>", lambda _: self._point(None))
        keys: dict[str, Callable[[], None]] = {
            "plus equal KP_Add": lambda: self.zoom(ZOOM_STEP),
            "minus KP_Subtract": lambda: self.zoom(1 / ZOOM_STEP),
            "0 KP_0": self.fit,
            "1 KP_1": self.true_size,
            "Shift-Left": lambda: self._pan(1, 0),
            "Shift-Right": lambda: self._pan(-1, 0),
            "Shift-Up": lambda: self._pan(0, 1),
            "Shift-Down": lambda: self._pan(0, -1),
        }
        for names, action in keys.items():
            for name in names.split():
                self.bind(f"<Key-{name}>" if "Shift" not in name else f"<{name}>", only(action))

    def _take(self, view: View) -> None:
        if view != self.view:
            self.set_view(view)
            if self.on_view is not None:
                self.on_view(view)

    def _pan(self, across: int, down: int) -> None:
        step = theme_of(self).px(_PAN_STEP)
        self.pan(across * step, down * step)

    def _on_wheel(self, event: tk.Event[Any]) -> str:
        # One notch of the wheel is a delta of 120 on Windows, 1 or more on macOS.
        return self._on_turn(event, event.delta / (1 if sys.platform == "darwin" else 120))

    def _on_turn(self, event: tk.Event[Any], notches: float) -> str:
        factor = ZOOM_STEP ** max(-4.0, min(4.0, notches))
        self.zoom(factor, (event.x - self.inset, event.y - self.inset))
        self._on_motion(event)
        return "break"

    def _on_press(self, event: tk.Event[Any]) -> None:
        self.focus_set()
        self._dragged_from = (event.x, event.y)

    def _on_drag(self, event: tk.Event[Any]) -> None:
        if self._dragged_from is None or self.image is None:
            return
        dx, dy = event.x - self._dragged_from[0], event.y - self._dragged_from[1]
        self._dragged_from = (event.x, event.y)
        self.configure(cursor="fleur")
        self.pan(dx, dy)

    def _on_drag_window(self, event: tk.Event[Any]) -> None:
        if self._dragged_from is None or self.image is None or self.on_window is None:
            return
        moved = event.x - self._dragged_from[0], event.y - self._dragged_from[1]
        self._dragged_from = (event.x, event.y)
        self.on_window(*moved)

    def _on_release(self, _event: tk.Event[Any]) -> None:
        self._dragged_from = None
        self.configure(cursor="")

    def _on_motion(self, event: tk.Event[Any]) -> None:
        inside = self.image is not None
        x, y = event.x - self.inset, event.y - self.inset
        self._point(self.rect().relative(x, y) if inside else None)

    def _point(self, place: Place | None) -> None:
        if self.on_pointer is not None:
            self.on_pointer(place)

    def _recolour(self, _event: object = None) -> None:
        palette = theme_of(self).palette
        self.configure(
            background=palette.pane,
            highlightthickness=self.inset,
            highlightbackground=palette.pane,
            highlightcolor=palette.accent,
        )
        self.redraw()

    def _redraw(self) -> None:
        self._redraw_id = ""
        self.redraws += 1
        self.delete("all")
        self._base = None
        if min(self.room) < 8:
            return
        if self.image is None:
            self._draw_mark()
            return
        rect = self.rect()
        left, top, *_ = rect.visible(*self.room)
        pixels = self._pixels(self.image, rect)
        if self.layer is not None:
            self._base = pixels
            pixels = self.layer.over(pixels, rect, rect.visible(*self.room))
        self._put(Image.fromarray(pixels))
        at = (left + self.inset, top + self.inset)
        self.create_image(at, image=self._photo, anchor="nw", tags="image")
        self._draw_marker()
        if self.layer is not None:
            self.layer.drawn(self)

    def _pixels(self, image: Array, rect: Rect) -> Array:
        values = viewport.sample(image, rect, *self.room)
        if self._minus is not None:
            other = viewport.sample(self._minus, rect, *self.room)
            return shading.difference_to_rgb(values, other, self.levels)
        pixels = shading.to_rgb(values, self.levels)
        if self._overlay is not None:
            above, levels, part = self._overlay
            over = shading.to_rgb(viewport.sample(above, rect, *self.room), levels)
            pixels = shading.blended(pixels, over, part)
        if any(labels is not None for labels in self._outlines):
            pixels = shading.outlined(pixels, *(self._edges(one, rect) for one in self._outlines))
        if self.dimmed:
            pixels = shading.dimmed(pixels, self.winfo_rgb(theme_of(self).palette.pane))
        return pixels

    def _edges(self, labels: Array | None, rect: Rect) -> Array | None:
        if labels is None:
            return None
        thickness = theme_of(self).px(_LINE)
        return shading.edges(viewport.sample_labels(labels, rect, *self.room), thickness)

    def _put(self, picture: Image.Image) -> None:
        photo = self._photo
        if photo is not None and (photo.width(), photo.height()) == picture.size:
            photo.paste(picture)
        else:
            self._photo = ImageTk.PhotoImage(picture, master=self)

    def _draw_marker(self) -> None:
        self.delete("marker")
        place = self._marker
        if self.image is None or place is None:
            return
        rect, inset = self.rect(), self.inset
        x, y = rect.left + place[0] * rect.width, rect.top + place[1] * rect.height
        width, height = self.room
        if not (0 <= x < width and 0 <= y < height):
            return
        theme = theme_of(self)
        x, y, arm = x + inset, y + inset, theme.px(9)
        for colour, thick in (("#000000", theme.px(3)), ("#ffffff", theme.px(1))):
            for line in ((x - arm, y, x + arm, y), (x, y - arm, x, y + arm)):
                self.create_line(line, fill=colour, width=thick, tags="marker")

    def _draw_mark(self) -> None:
        theme = theme_of(self)
        width, height = self.room
        middle, gap = width / 2 + self.inset, theme.px(8)
        words = self.create_text(
            middle,
            0,
            text=self._hint,
            fill=theme.palette.muted,
            font=theme.font(),
            anchor="n",
            justify="center",
            width=max(1, width - 2 * gap),
        )
        _, top, _, bottom = self.bbox(words)
        below = bottom - top + 2 * gap if self._hint else 0
        side = min(width, height - below, theme.px(300))
        side = side if side >= theme.px(24) else 0
        top = max(0, (height - below - side) // 2) + self.inset
        if side:
            self._put(draw_mark(side, theme.palette))
            self.create_image(middle, top, image=self._photo, anchor="n")
        self.coords(words, middle, top + side + gap)


def _same(
    one: tuple[Array, Levels, float] | None, other: tuple[Array, Levels, float] | None
) -> bool:
    if one is None or other is None:
        return one is other
    return one[0] is other[0] and one[1:] == other[1:]
