"""A layer over the image of a canvas, of which small parts are drawn again quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.viewer import viewport
from deepimagetranslator.gui.viewer.viewport import Area, Rect

if TYPE_CHECKING:
    from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas


class Layer(Protocol):
    """What is drawn over an image and changes often, such as labels that are painted."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width; it covers the image, whatever size that has."""

    @property
    def margin(self) -> int:
        """How many screen pixels beside a change may look otherwise."""

    def over(self, pixels: Array, rect: Rect, area: Area) -> Array:
        """RGB pixels of an area of the pane with the layer over them."""

    def drawn(self, canvas: ImageCanvas) -> None:
        """The whole canvas was drawn again: items over it must be too."""


def patch(
    layer: Layer,
    below: Array,
    part: tuple[int, int, int, int],
    rect: Rect,
    room: tuple[int, int],
) -> tuple[Array, tuple[int, int]] | None:
    """A changed part of a layer over what lies below it; None if it is not visible.

    Args:
        layer: the layer.
        below: RGB pixels of all that is visible of the image.
        part: top, left, bottom, right in pixels of the layer.
        rect: the rectangle of the whole image in the pane.
        room: width and height of the pane.

    Returns:
        Its RGB pixels, and its place (x, y) in ``below``.
    """
    low_x, low_y, high_x, high_y = rect.visible(*room)
    left, top, right, bottom = viewport.area_of(part, layer.shape, rect, room)
    left, top = max(low_x, left - layer.margin), max(low_y, top - layer.margin)
    right, bottom = min(high_x, right + layer.margin), min(high_y, bottom + layer.margin)
    if right <= left or bottom <= top:
        return None
    x, y = left - low_x, top - low_y
    pixels = below[y : y + bottom - top, x : x + right - left]
    return layer.over(pixels, rect, (left, top, right, bottom)), (x, y)
