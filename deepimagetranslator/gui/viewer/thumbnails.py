"""Thumbnails of image files, made in threads, for visible files only."""

from __future__ import annotations

import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageTk

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.viewer.shading import levels_of, to_rgb

_KEPT = 600
_AT_ONCE = 2
_POLL_MS = 20


Pictured = ImageRef | tuple[ImagePair, tuple[str, ...]]
"""An image; or a target that is read with changes: its pair and these changes."""


def target_picture(pair: ImagePair) -> Pictured:
    """What to show of a pair's target."""
    return (pair, pair.changes) if pair.changes else pair.target


def thumbnail(image: Pictured, side: int) -> Array:
    """A thumbnail, (height, width, 3) uint8 with at most ``side`` pixels each way.

    Raises:
        UserError: the file cannot be read.
    """
    pixels = read_target(image[0] if isinstance(image, tuple) else image)
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    # Convert to colours before shrinking: shrinking class numbers would mix classes.
    step = max(1, int(max(pixels.shape[:2]) // (4 * side)))
    rgb = to_rgb(pixels[::step, ::step], levels_of(pixels))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


class Thumbnails:
    """Makes the thumbnails that are wanted, and keeps the last few hundred.

    Args:
        widget: the widget that shows them.
        side: largest width and height in pixels.
        arrived: called when another thumbnail is finished.
    """

    def __init__(self, widget: tk.Misc, side: int, arrived: Callable[[], object]) -> None:
        self._widget = widget
        self._side = side
        self._arrived = arrived
        self._background = Background()
        self._pictures: OrderedDict[Pictured, ImageTk.PhotoImage | None] = OrderedDict()
        self._wanted: list[Pictured] = []
        self._running: set[Pictured] = set()
        self._poll_id = ""

    def get(self, image: Pictured) -> ImageTk.PhotoImage | None:
        """The thumbnail; None if it is not finished or the file cannot be read."""
        if image in self._pictures:
            self._pictures.move_to_end(image)
        return self._pictures.get(image)

    def is_unreadable(self, image: Pictured) -> bool:
        """Whether the file could not be read."""
        return image in self._pictures and self._pictures[image] is None

    def want(self, images: Iterable[Pictured]) -> None:
        """Make these thumbnails next; earlier wanted ones that have not started are dropped."""
        self._wanted = [image for image in images if image not in self._pictures]
        self._go_on()

    @property
    def busy(self) -> bool:
        """Whether thumbnails are still to come."""
        return bool(self._wanted or self._running)

    def close(self) -> None:
        """End the threads."""
        if self._poll_id:
            self._widget.after_cancel(self._poll_id)
        self._wanted = []
        self._background.close()

    def _go_on(self) -> None:
        while self._wanted and len(self._running) < _AT_ONCE:
            image = self._wanted.pop(0)
            if image not in self._running:
                self._running.add(image)
                self._background.run(
                    str(image),
                    partial(thumbnail, image, self._side),
                    partial(self._made, image),
                    partial(self._failed, image),
                )
        if self._running and not self._poll_id:
            self._poll_id = self._widget.after(_POLL_MS, self._poll)

    def _poll(self) -> None:
        self._poll_id = ""
        self._background.poll()
        self._go_on()

    def _made(self, image: Pictured, rgb: Array) -> None:
        self._keep(image, ImageTk.PhotoImage(Image.fromarray(rgb), master=self._widget))

    def _failed(self, image: Pictured, error: Exception) -> None:
        self._keep(image, None)
        if not isinstance(error, UserError):
            raise error

    def _keep(self, image: Pictured, picture: ImageTk.PhotoImage | None) -> None:
        self._running.discard(image)
        self._pictures[image] = picture
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self._arrived()
