"""The visible part of an image in a pane, and its pixels at screen resolution.

A ``View`` is relative to the image (zoom 1 fits the pane, the centre is given in fractions), so
panes of different sizes can share one. Does not import Tk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from deepimagetranslator.core.typing import Array

NEAREST_FROM = 2.0  # screen pixels per image pixel from which pixels are drawn as squares
_LARGEST_PIXEL = 64.0


@dataclass(frozen=True)
class View:
    """Zoom and centre.

    Attributes:
        zoom: 1 fits the whole image into the pane, 2 is twice as large.
        x, y: the position at the pane's centre, as fractions of the image's width and height.
    """

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


FIT = View()


@dataclass(frozen=True)
class Rect:
    """The rectangle of a whole image in a pane, in screen pixels; it may exceed the pane."""

    left: float
    top: float
    width: float
    height: float

    def scale(self, image: Array) -> float:
        """Screen pixels per image pixel."""
        return self.width / float(image.shape[1])

    def relative(self, x: float, y: float) -> tuple[float, float] | None:
        """The position in the image, in fractions, at a screen pixel's centre; None outside."""
        u, v = (x + 0.5 - self.left) / self.width, (y + 0.5 - self.top) / self.height
        return (u, v) if 0 <= u < 1 and 0 <= v < 1 else None

    def visible(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The part inside a pane of that size: left, top, right, bottom in pixels."""
        return (
            max(0, round(self.left)),
            max(0, round(self.top)),
            min(width, max(1, round(self.left + self.width))),
            min(height, max(1, round(self.top + self.height))),
        )


def fit_scale(image: Array, width: int, height: int) -> float:
    """Screen pixels per image pixel when the whole image just fits."""
    rows, columns = (int(side) for side in image.shape[:2])
    return max(1e-6, min(width / columns, height / rows))


def zoom_limits(image: Array, width: int, height: int) -> tuple[float, float]:
    """The smallest and largest useful zoom: fit or 1:1, and 64 screen pixels per image pixel."""
    fit = fit_scale(image, width, height)
    return min(1.0, 1 / fit), max(1.0, _LARGEST_PIXEL / fit)


def clamped(view: View, image: Array, width: int, height: int) -> View:
    """The nearest view within the zoom limits that shows no unnecessary empty border."""
    low, high = zoom_limits(image, width, height)
    zoom = min(max(view.zoom, low), high)
    scale = fit_scale(image, width, height) * zoom

    def centre(at: float, pane: int, side: int) -> float:
        half = pane / (2 * scale * side)
        return 0.5 if half >= 0.5 else min(max(at, half), 1 - half)

    return View(zoom, centre(view.x, width, image.shape[1]), centre(view.y, height, image.shape[0]))


def place(image: Array, width: int, height: int, view: View) -> Rect:
    """The rectangle of the image in a pane of that size."""
    view = clamped(view, image, width, height)
    scale = fit_scale(image, width, height) * view.zoom
    wide, high = image.shape[1] * scale, image.shape[0] * scale
    return Rect(width / 2 - view.x * wide, height / 2 - view.y * high, wide, high)


def zoomed(
    view: View, factor: float, image: Array, width: int, height: int, at: tuple[float, float]
) -> View:
    """The view after zooming by ``factor`` about the screen point ``at``, which stays fixed."""
    before = place(image, width, height, view)
    view = clamped(view, image, width, height)
    view = clamped(replace(view, zoom=view.zoom * factor), image, width, height)
    u, v = (at[0] - before.left) / before.width, (at[1] - before.top) / before.height
    scale = fit_scale(image, width, height) * view.zoom
    wide, high = image.shape[1] * scale, image.shape[0] * scale
    moved = View(view.zoom, u + (width / 2 - at[0]) / wide, v + (height / 2 - at[1]) / high)
    return clamped(moved, image, width, height)


def panned(view: View, dx: float, dy: float, image: Array, width: int, height: int) -> View:
    """The view after dragging the image by ``dx`` and ``dy`` screen pixels."""
    view = clamped(view, image, width, height)
    rect = place(image, width, height, view)
    moved = replace(view, x=view.x - dx / rect.width, y=view.y - dy / rect.height)
    return clamped(moved, image, width, height)


def sample(image: Array, rect: Rect, width: int, height: int) -> Array:
    """The visible part of an image at screen resolution, with the image's dtype and channels.

    Enlarged pixels become squares of their exact value; reduced ones are averaged. Only the
    visible part is processed.

    Args:
        image: (height, width, channels).
        rect: the rectangle of the whole image in the pane.
        width, height: the size of the pane in pixels.

    Returns:
        An array as large as ``rect.visible(width, height)``.
    """
    left, top, right, bottom = rect.visible(width, height)
    columns = _Axis(rect.left, rect.width, image.shape[1], left, right)
    rows = _Axis(rect.top, rect.height, image.shape[0], top, bottom)
    if min(columns.scale, rows.scale) >= NEAREST_FROM:
        nearest: Array = image[rows.nearest()].take(columns.nearest(), axis=1)
        return nearest
    part = image[rows.source, columns.source]
    size = (columns.resized, rows.resized)
    smaller = size[0] < part.shape[1]
    resized = cv2.resize(
        np.ascontiguousarray(part),
        size,
        interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR,
    ).reshape(size[1], size[0], image.shape[2])
    if resized.shape[:2] == (bottom - top, right - left):
        return np.asarray(resized)
    cut: Array = resized.take(rows.cut(), axis=0, mode="clip").take(
        columns.cut(), axis=1, mode="clip"
    )
    return cut


def sample_labels(image: Array, rect: Rect, width: int, height: int) -> Array:
    """As ``sample``, but every pixel has an exact value of the image, however small it is drawn."""
    left, top, right, bottom = rect.visible(width, height)
    columns = _Axis(rect.left, rect.width, image.shape[1], left, right)
    rows = _Axis(rect.top, rect.height, image.shape[0], top, bottom)
    nearest: Array = image[rows.nearest()].take(columns.nearest(), axis=1)
    return nearest


Area = tuple[int, int, int, int]
"""A part of a pane: left, top, right, bottom in screen pixels."""


def sample_numbers(numbers: Array, rect: Rect, area: Area) -> Array:
    """The numbers (height, width) of a label map that are drawn in an area of the pane; beyond the
    image those at its edge."""
    left, top, right, bottom = area
    columns = _Axis(rect.left, rect.width, numbers.shape[1], left, right)
    rows = _Axis(rect.top, rect.height, numbers.shape[0], top, bottom)
    nearest: Array = numbers[rows.nearest()].take(columns.nearest(), axis=1)
    return nearest


def area_of(
    part: tuple[int, int, int, int], shape: tuple[int, ...], rect: Rect, room: tuple[int, int]
) -> Area:
    """Where a part of an image is drawn; empty if it is not visible.

    Args:
        part: top, left, bottom, right in pixels of the image.
        shape: height and width of the image.
        rect: the rectangle of the whole image in the pane.
        room: width and height of the pane.
    """
    low_x, low_y, high_x, high_y = rect.visible(*room)
    across, down = rect.width / shape[1], rect.height / shape[0]
    return (
        max(low_x, int(np.floor(rect.left + part[1] * across)) - 1),
        max(low_y, int(np.floor(rect.top + part[0] * down)) - 1),
        min(high_x, int(np.ceil(rect.left + part[3] * across)) + 1),
        min(high_y, int(np.ceil(rect.top + part[2] * down)) + 1),
    )


class _Axis:
    """One axis of ``sample``: the source pixels and their positions on the screen."""

    def __init__(self, start: float, length: float, count: int, low: int, high: int) -> None:
        self.scale = length / count
        self.start, self.count, self.low, self.high = start, count, low, high
        step = max(1, int(0.25 / self.scale))  # with very many pixels, skip some before averaging
        first = min(max(int((low - start) / self.scale), 0), count - 1)
        last = min(max(int(np.ceil((high - start) / self.scale)), first + 1), count)
        self.source = slice(first, last, step)
        self.resized = max(1, round((last - first) * self.scale))
        self.offset = round((low - start) - first * self.scale)

    def nearest(self) -> Array:
        at = (np.arange(self.low, self.high) + 0.5 - self.start) / self.scale
        return np.clip(at.astype(np.intp), 0, self.count - 1)

    def cut(self) -> Array:
        return np.arange(self.offset, self.offset + self.high - self.low)
