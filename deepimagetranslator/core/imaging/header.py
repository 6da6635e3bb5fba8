"""The header of an image file, its size limits, and the error for unreadable files."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 200_000_000
"""The most pixels of an image, more than 10,000 x 15,000; larger ones are refused as
decompression bombs."""
MAX_SLICES = 20_000
"""The most slices of one file; a larger number means a damaged header."""
_LARGEST_FLOAT = 3.4e38
_PRINT = frozenset((1, 72, 75, 96, 100, 120, 144, 150, 180, 200, 240, 300, 360, 400, 600, 1200))


class UnreadableError(Exception):
    """A file cannot be read: the reason and the remedy, without the file's name."""

    def __init__(self, reason: str, remedy: str = "copy it again or take it out") -> None:
        super().__init__(f"{reason}; {remedy}.")


@dataclass(frozen=True)
class Header:
    """The properties of a file's images, known before pixels are decoded.

    Attributes:
        shape: height, width, channels of each slice, as ``read_image`` returns it.
        dtype: of the array that ``read_image`` returns.
        slices: how many images the file holds.
        spacing: row spacing and column spacing in mm; None if unknown.
        unit: the modality and the unit of its values, such as "CT, HU"; empty if unknown.
        padding: ranges (lowest, highest) of values that a scanner writes where it measured nothing.
        placed: whether the file states the place of an image in the patient.
        note: what the file holds besides and is not read, as a sentence without its subject.
    """

    shape: tuple[int, int, int]
    dtype: str
    slices: int = 1
    spacing: tuple[float, float] | None = None
    unit: str = ""
    padding: tuple[tuple[float, float], ...] = ()
    note: str = ""
    placed: bool = False

    def check_slice(self, number: int) -> None:
        """Refuse a slice number that does not exist (slices count from 1).

        Raises:
            UnreadableError: the file has fewer slices.
        """
        if not 1 <= number <= self.slices:
            reason = f"has {self.slices:,} slices and no slice {number:,}"
            raise UnreadableError(reason, "choose another one")


def check_size(height: int, width: int, slices: int = 1) -> None:
    """Refuse an image or a volume that is too large to decode.

    Raises:
        UnreadableError: there are no pixels, more than ``MAX_PIXELS``, or more than ``MAX_SLICES``
            slices.
    """
    if height < 1 or width < 1 or slices < 1:
        raise UnreadableError("has no pixels")
    if height * width > MAX_PIXELS:
        reason = f"has {width} x {height} pixels, more than the {MAX_PIXELS:,} that are allowed"
        raise UnreadableError(reason, "crop or reduce it")
    if slices > MAX_SLICES:
        reason = f"has {slices:,} slices, more than the {MAX_SLICES:,} that are allowed"
        raise UnreadableError(reason, "divide it")


def check_rescale(slope: float, intercept: float, bits: int) -> None:
    """Refuse a slope and an intercept that give integers of so many bits no value in float32.

    Raises:
        UnreadableError: they are too large.
    """
    if not abs(slope) * 2.0**bits + abs(intercept) <= _LARGEST_FLOAT:
        reason = (
            f"has a slope of {slope:g} and an intercept of {intercept:g}, which give values beyond "
            "all that 32 bits can hold"
        )
        raise UnreadableError(reason, "export it again or take it out")


def for_print(per_inch: float) -> bool:
    """Whether a resolution (pixels per inch) is a usual setting of screens and printers. Such a
    value is not the pixel spacing of the imaged object."""
    nearest = round(per_inch)
    return nearest in _PRINT and abs(per_inch - nearest) < 0.02
