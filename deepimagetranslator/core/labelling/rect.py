"""A rectangle of pixels: where a tool has changed a label map."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rect(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``; the last ones are left out."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index of its pixels in an image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    @property
    def empty(self) -> bool:
        """Whether it has no pixel."""
        return self.bottom <= self.top or self.right <= self.left

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        if self.empty or other.empty:
            return other if self.empty else self
        return Rect(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def grown(self, pixels: int, shape: tuple[int, ...]) -> Rect:
        """It with a margin of so many pixels, inside an image of that shape."""
        return Rect(
            max(0, self.top - pixels),
            max(0, self.left - pixels),
            min(shape[0], self.bottom + pixels),
            min(shape[1], self.right + pixels),
        )


NOTHING = Rect(0, 0, 0, 0)


def whole(image: NDArray[Any]) -> Rect:
    """The rectangle of all pixels of an image (height, width, ...)."""
    return Rect(0, 0, *image.shape[:2])


def around(mask: NDArray[np.bool_]) -> Rect:
    """The smallest rectangle with all pixels of a mask (height, width)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return NOTHING
    return Rect(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
