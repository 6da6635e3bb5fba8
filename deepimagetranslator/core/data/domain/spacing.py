"""The pixel sizes of the training images, where their files state them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.imaging.header import Header

LEAST_FACTOR = 1.15
"""Pixel sizes may always differ by this factor."""


@dataclass(frozen=True)
class SpacingRange:
    """The range of pixel sizes, as the network sees them, and how far others may be.

    Attributes:
        low, high: the smallest and the largest side of a pixel of the network's input in mm.
        smaller, larger: the factors by which a pixel may be smaller than ``low`` and larger than
            ``high``; above 1.
    """

    low: float
    high: float
    smaller: float
    larger: float

    def score(self, pixel: tuple[float, float]) -> float:
        """How far a pixel (height, width in mm) is outside; 1 is the limit, 0 is within."""
        below = math.log(max(1.0, self.low / min(pixel))) / math.log(self.smaller)
        above = math.log(max(1.0, max(pixel) / self.high)) / math.log(self.larger)
        return max(below, above)

    def reason(self, pixel: tuple[float, float]) -> str:
        """A clause with the pixel size of an image and those of the training."""
        side = min(pixel) if self.low / min(pixel) > max(pixel) / self.high else max(pixel)
        usual = f"{self.low:.3g}"
        if f"{self.high:.3g}" != usual:
            usual = f"{usual} to {self.high:.3g}"
        return f"pixel size {side:.3g} mm, in training {usual} mm (at the network's size)"

    def to_json(self) -> list[float]:
        """The numbers for JSON."""
        return [self.low, self.high, self.smaller, self.larger]

    @classmethod
    def from_json(cls, data: Any) -> SpacingRange:
        """The inverse of ``to_json``.

        Raises:
            TypeError, ValueError: the data are no such numbers.
        """
        low, high, smaller, larger = map(float, data)
        if not (0 < low <= high < math.inf and 1 < smaller < math.inf and 1 < larger < math.inf):
            raise ValueError("no pixel sizes")
        return cls(low, high, smaller, larger)


def network_pixel(header: Header, size: tuple[int, int] | None) -> tuple[float, float] | None:
    """Height and width in mm of a pixel of the network's input; None if the file states none.

    Args:
        header: of an image's file.
        size: height and width in pixels to which the image is resized; None if it is not.
    """
    if header.spacing is None or size is None:
        return header.spacing
    (down, across), (height, width, _) = header.spacing, header.shape
    return down * height / size[0], across * width / size[1]


def spacing_range(
    pixels: Iterable[tuple[float, float] | None], smaller: float, larger: float
) -> SpacingRange | None:
    """The range of pixel sizes of images; None unless all files state theirs.

    Args:
        pixels: height and width in mm of a pixel of the network's input.
        smaller, larger: the factors by which the scale of an image may change.
    """
    found = list(pixels)
    known = [pixel for pixel in found if pixel is not None]
    if not known or len(known) < len(found):
        return None
    # A larger pixel shows the same thing smaller.
    return SpacingRange(
        min(map(min, known)),
        max(map(max, known)),
        max(LEAST_FACTOR, larger),
        max(LEAST_FACTOR, smaller),
    )
