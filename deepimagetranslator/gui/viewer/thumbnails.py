"""Small pictures of image files, made in threads for what is in view only."""

from __future__ import annotations

import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageTk

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.viewer.shading import levels_of, to_rgb

_KEPT = 600
_AT_ONCE = 2
_POLL_MS = 20


def thumbnail(path: Path, side: int) -> Array:
    """An image (h, w, 3) uint8 of at most ``side`` pixels each way, as the panes would show it.

    Raises:
        UserError: the file cannot be read.
    """
    image = read_image(path)
    scale = min(1.0, side / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    # Levels first: in a shrunk label map classes would mix.
    step = max(1, int(max(image.shape[:2]) // (4 * side)))
    rgb = to_rgb(image[::step, ::step], levels_of(image))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


class Thumbnails:
    """Keeps the last few hundred pictures, and makes those that are wanted now.

    Args:
        widget: whose root shows them.
        side: largest width and height in pixels.
        arrived: called when another one is there.
    """

    def __init__(self, widget: tk.Misc, side: int, arrived: Callable[[], object]) -> None:
        self._widget = widget
        self._side = side
        self._arrived = arrived
        self._background = Background()
        self._pictures: OrderedDict[Path, ImageTk.PhotoImage | None] = OrderedDict()
        self._wanted: list[Path] = []
        self._running: set[Path] = set()
        self._poll_id = ""

    def get(self, path: Path) -> ImageTk.PhotoImage | None:
        """The picture; None while it is not there, or if the file cannot be read."""
        if path in self._pictures:
            self._pictures.move_to_end(path)
        return self._pictures.get(path)

    def is_unreadable(self, path: Path) -> bool:
        """Whether reading it failed."""
        return path in self._pictures and self._pictures[path] is None

    def want(self, paths: Iterable[Path]) -> None:
        """Make these next, instead of those wanted before."""
        self._wanted = [path for path in paths if path not in self._pictures]
        self._go_on()

    @property
    def busy(self) -> bool:
        """Whether pictures are still to come."""
        return bool(self._wanted or self._running)

    def close(self) -> None:
        """End the threads."""
        if self._poll_id:
            self._widget.after_cancel(self._poll_id)
        self._wanted = []
        self._background.close()

    def _go_on(self) -> None:
        while self._wanted and len(self._running) < _AT_ONCE:
            path = self._wanted.pop(0)
            if path not in self._running:
                self._running.add(path)
                self._background.run(
                    str(path),
                    partial(thumbnail, path, self._side),
                    partial(self._made, path),
                    partial(self._failed, path),
                )
        if self._running and not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._poll)

    def _poll(self) -> None:
        self._poll_id = ""
        self._background.poll()
        self._go_on()

    def _made(self, path: Path, rgb: Array) -> None:
        self._keep(path, ImageTk.PhotoImage(Image.fromarray(rgb), master=self._widget))

    def _failed(self, path: Path, error: Exception) -> None:
        self._keep(path, None)
        if not isinstance(error, UserError):
            raise error

    def _keep(self, path: Path, picture: ImageTk.PhotoImage | None) -> None:
        self._running.discard(path)
        self._pictures[path] = picture
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self._arrived()
