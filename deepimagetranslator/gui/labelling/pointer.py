"""What the mouse does on the panes while labels are painted.

The events are bound to a tag that the canvases have only then, before their own bindings: outside
the mode nothing changes. Whatever is not painting, such as the wheel, goes on to the canvas.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from typing import Any

from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas

TAG = "Labelling"
_SHIFT = 0x1
_FAR = 1e6


class Pointer:
    """Binds the mouse on some canvases.

    Args:
        canvases: by role.
        point_shape: returns height and width of the label map; None while there is none.
        on_press: called with a point (y, x) of the label map, the role, and whether Shift is held.
        on_drag, on_release: called while the button is down with the point, and at its end.
        on_double: called at a double click.
        on_move: called with the role and the point under the pointer; None outside the panes.
        on_size: called with the notches of the wheel that was turned with Ctrl.
    """

    def __init__(
        self,
        canvases: Mapping[str, ImageCanvas],
        point_shape: Callable[[], tuple[int, int] | None],
        *,
        on_press: Callable[[Point, str, bool], object],
        on_drag: Callable[[Point], object],
        on_release: Callable[[], object],
        on_double: Callable[[], object],
        on_move: Callable[[str, Point | None], object],
        on_size: Callable[[float], object],
    ) -> None:
        self._canvases, self._shape = canvases, point_shape
        self._on_press, self._on_drag, self._on_release = on_press, on_drag, on_release
        self._on_double, self._on_move, self._on_size = on_double, on_move, on_size
        self._panned_from: tuple[int, int] | None = None
        self._pressed = False
        self.space = False
        first = next(iter(canvases.values()))
        events: dict[str, Callable[[tk.Event[Any], ImageCanvas, str], str | None]] = {
            "<ButtonPress-1>": self._press,
            "<B1-Motion>": self._drag,
            "<ButtonRelease-1>": self._release,
            "<Double-Button-1>": self._double,
            "<ButtonPress-2>": self._begin_pan,
            "<B2-Motion>": self._pan,
            "<ButtonRelease-2>": self._end_pan,
            "<Motion>": self._move,
            "<Leave>": self._leave,
            "<Control-MouseWheel>": lambda event, *_: self._turn(event.delta / 120),
            "<Control-Button-4>": lambda *_: self._turn(1),
            "<Control-Button-5>": lambda *_: self._turn(-1),
        }
        for name, action in events.items():
            first.bind_class(TAG, name, self._handler(action))

    def attach(self) -> None:
        """Paint with the mouse from now on."""
        for canvas in self._canvases.values():
            canvas.bindtags((TAG, *canvas.bindtags()))

    def detach(self) -> None:
        """Let the mouse do what it does elsewhere."""
        self.space = self._pressed = False
        for canvas in self._canvases.values():
            canvas.bindtags(tuple(tag for tag in canvas.bindtags() if tag != TAG))
            canvas.configure(cursor="")

    def _handler(
        self, action: Callable[[tk.Event[Any], ImageCanvas, str], str | None]
    ) -> Callable[[tk.Event[Any]], str | None]:
        def handle(event: tk.Event[Any]) -> str | None:
            for role, canvas in self._canvases.items():
                if event.widget is canvas:
                    return action(event, canvas, role)
            return None

        return handle

    def _press(self, event: tk.Event[Any], canvas: ImageCanvas, role: str) -> str:
        canvas.focus_set()
        if self.space:
            return self._begin_pan(event, canvas, role)
        point = self._point(event, canvas)
        if point is not None:
            self._pressed = True
            self._on_press(point, role, bool(int(event.state) & _SHIFT))
        return "break"

    def _drag(self, event: tk.Event[Any], canvas: ImageCanvas, role: str) -> str:
        if self._panned_from is not None:
            return self._pan(event, canvas, role)
        point = self._point(event, canvas)
        if point is not None and self._pressed:
            self._on_drag(point)
            self._on_move(role, point)
        return "break"

    def _release(self, event: tk.Event[Any], canvas: ImageCanvas, role: str) -> str:
        if self._panned_from is not None:
            return self._end_pan(event, canvas, role)
        if self._pressed:
            self._pressed = False
            self._on_release()
        return "break"

    def _double(self, event: tk.Event[Any], canvas: ImageCanvas, role: str) -> str:
        self._press(event, canvas, role)
        self._on_double()
        return "break"

    def _begin_pan(self, event: tk.Event[Any], canvas: ImageCanvas, _role: str) -> str:
        self._panned_from = event.x, event.y
        canvas.configure(cursor="fleur")
        return "break"

    def _pan(self, event: tk.Event[Any], canvas: ImageCanvas, _role: str) -> str:
        if self._panned_from is not None:
            canvas.pan(event.x - self._panned_from[0], event.y - self._panned_from[1])
            self._panned_from = event.x, event.y
        return "break"

    def _end_pan(self, _event: tk.Event[Any], canvas: ImageCanvas, _role: str) -> str:
        self._panned_from = None
        canvas.configure(cursor="")
        return "break"

    def _move(self, event: tk.Event[Any], canvas: ImageCanvas, role: str) -> None:
        self._on_move(role, self._point(event, canvas))

    def _leave(self, _event: tk.Event[Any], _canvas: ImageCanvas, role: str) -> None:
        self._on_move(role, None)

    def _turn(self, notches: float) -> str:
        self._on_size(notches)
        return "break"

    def _point(self, event: tk.Event[Any], canvas: ImageCanvas) -> Point | None:
        """The point of the label map under the pointer; it may lie outside the image."""
        shape = self._shape()
        if shape is None or canvas.image is None:
            return None
        rect, inset = canvas.rect(), canvas.inset
        y = (event.y - inset + 0.5 - rect.top) / rect.height * shape[0]
        x = (event.x - inset + 0.5 - rect.left) / rect.width * shape[1]
        return min(max(y, -_FAR), _FAR), min(max(x, -_FAR), _FAR)
