"""Labels over an image: opacity, outlines only, hidden classes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.viewer import viewport
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.viewport import Area, Rect

_FULL = 256
_AROUND = np.ones((3, 3), np.uint8)


class LabelLayer:
    """Draws class numbers over the pixels of a pane.

    Args:
        on_drawn: called with the canvas when all of it was drawn again.

    Attributes:
        numbers: the class numbers, (height, width); None draws nothing.
        solid: whether labels hide the image, and the background is black.
        outline: the thickness of outlines in screen pixels if only these are drawn; else 0.
    """

    def __init__(self, on_drawn: Callable[[ImageCanvas], object], *, solid: bool = False) -> None:
        self._on_drawn = on_drawn
        self.numbers: Classes | None = None
        self.solid = solid
        self.outline = 0
        self._colours = np.zeros((256, 3), np.uint8)
        self._parts = np.zeros(256, np.int32)
        self._wanted: object = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the label map."""
        if self.numbers is None:
            return 1, 1
        height, width = self.numbers.shape
        return height, width

    @property
    def margin(self) -> int:
        """How far an outline changes beside a changed pixel."""
        return self.outline

    def changed(self, wanted: object) -> bool:
        """Whether it was last asked for something else; it then remembers this."""
        before, self._wanted = self._wanted, wanted
        return before != wanted

    def set_classes(self, table: ClassTable, opacity: float, unseen: Collection[int]) -> None:
        """Set the colours, the opacity (0 to 1), and the classes that are not drawn."""
        self._parts[:] = _FULL if self.solid else 0
        for number in table.numbers:
            self._colours[number] = table.shown_colour(number) if number else 0
            if number and not self.solid:
                self._parts[number] = round(_FULL * opacity)
            if number in unseen:
                self._parts[number] = 0

    def over(self, pixels: Array, rect: Rect, area: Area) -> Array:
        """RGB pixels of an area with the labels over them."""
        if self.numbers is None or not self._parts.any():
            return np.ascontiguousarray(pixels)
        if self.outline and not self.solid:
            numbers, parts = self._edges(rect, area)
        else:
            numbers = viewport.sample_numbers(self.numbers, rect, area)
            parts = self._parts[numbers]
        return _blended(pixels, self._colours[numbers], parts)

    def drawn(self, canvas: ImageCanvas) -> None:
        """The whole canvas was drawn again."""
        self._on_drawn(canvas)

    def _edges(self, rect: Rect, area: Area) -> tuple[Array, NDArray[Any]]:
        """The numbers of an area, and full opacity at the inner edge of each class that is seen."""
        assert self.numbers is not None
        grown, (left, top, right, bottom) = self.outline, area
        wide = (left - grown, top - grown, right + grown, bottom + grown)
        numbers = np.ascontiguousarray(viewport.sample_numbers(self.numbers, rect, wide))
        highest = cv2.dilate(numbers, _AROUND, iterations=grown, borderType=cv2.BORDER_REPLICATE)
        lowest = cv2.erode(numbers, _AROUND, iterations=grown, borderType=cv2.BORDER_REPLICATE)
        seen = (highest != lowest) & (self._parts[numbers] > 0)
        inner = slice(grown, -grown), slice(grown, -grown)
        return numbers[inner], np.where(seen, _FULL, 0)[inner]


def _blended(below: Array, colours: Array, parts: NDArray[Any]) -> Array:
    """Colours over pixels, both (height, width, 3), with opacities of 0 to 256 (height, width)."""
    difference = colours.astype(np.int32) - below
    mixed = below + ((difference * parts[..., None]) >> 8)
    return np.ascontiguousarray(mixed, np.uint8)
