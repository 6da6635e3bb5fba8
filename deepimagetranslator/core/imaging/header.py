"""What an image file says about its image before it is decoded, and why one cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 200_000_000
"""The largest image that is opened: above 10,000 x 15,000; anything larger is taken for a bomb."""
MAX_SLICES = 20_000
"""The most slices of one file; a larger number is taken for damage."""
_PRINT = frozenset((1, 72, 75, 96, 100, 120, 144, 150, 180, 200, 240, 300, 360, 400, 600, 1200))


class UnreadableError(Exception):
    """A reason and a remedy, without the file's name."""

    def __init__(self, reason: str, remedy: str = "copy it again or take it out") -> None:
        super().__init__(f"{reason}; {remedy}.")


@dataclass(frozen=True)
class Header:
    """What a file says about its image before it is decoded.

    Attributes:
        shape: height, width, channels of each slice, as ``read_image`` returns it.
        dtype: of the array that ``read_image`` returns.
        slices: how many images the file holds.
        spacing: millimetres from row to row and from column to column; None if not known.
    """

    shape: tuple[int, int, int]
    dtype: str
    slices: int = 1
    spacing: tuple[float, float] | None = None

    def check_slice(self, number: int) -> None:
        """Refuse a slice that is not there (they count from 1).

        Raises:
            UnreadableError: the file has fewer slices.
        """
        if not 1 <= number <= self.slices:
            reason = f"has {self.slices:,} slices and no slice {number:,}"
            raise UnreadableError(reason, "choose another one")


def check_size(height: int, width: int, slices: int = 1) -> None:
    """Refuse what is too large to be decoded.

    Raises:
        UnreadableError: no pixels, more than ``MAX_PIXELS``, or more slices than ``MAX_SLICES``.
    """
    if height < 1 or width < 1 or slices < 1:
        raise UnreadableError("has no pixels")
    if height * width > MAX_PIXELS:
        reason = f"has {width} x {height} pixels, more than the {MAX_PIXELS:,} that are allowed"
        raise UnreadableError(reason, "crop or reduce it")
    if slices > MAX_SLICES:
        reason = f"has {slices:,} slices, more than the {MAX_SLICES:,} that are allowed"
        raise UnreadableError(reason, "divide it")


def for_print(per_inch: float) -> bool:
    """Whether a resolution is one that screens and printers are set to, which says nothing of what
    was imaged."""
    nearest = round(per_inch)
    return nearest in _PRINT and abs(per_inch - nearest) < 0.02
