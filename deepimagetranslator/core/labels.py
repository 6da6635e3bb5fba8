"""Label maps: images of a few exact colours, as class numbers and back.

Colours are tuples of one (grey) or three values of the files themselves, uint8 or uint16. Classes
are numbered in the palette's order: black or zero first, then by value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.pixels import Array, to_channels
from deepimagetranslator.core.problem import UserError
from deepimagetranslator.core.scaling import Scaling

Colour = tuple[int, ...]

MAX_COLOURS = 32
_SOLID = 0.1  # of a label colour's pixels at least this part lies in flat squares of 2x2


@dataclass(frozen=True)
class Palette:
    """The colours of a label map; their order numbers the classes.

    Attributes:
        colours: 1 to 32 different colours of 1 or 3 values each.
        dtype: of the files, "uint8" or "uint16".
    """

    colours: tuple[Colour, ...]
    dtype: str

    def __post_init__(self) -> None:
        lengths = {len(colour) for colour in self.colours}
        top = {"uint8": 255, "uint16": 65535}.get(self.dtype, -1)
        known = 1 <= len(set(self.colours)) == len(self.colours) <= MAX_COLOURS
        inside = all(0 <= value <= top for colour in self.colours for value in colour)
        if not (known and inside and lengths in ({1}, {3})):
            raise UserError(f"{self!r:.200} is no palette; the weights or project file is damaged.")

    @property
    def channels(self) -> int:
        """1 for grey label maps, 3 for coloured ones."""
        return len(self.colours[0])

    def encode(self, image: Array, name: str) -> NDArray[np.uint8]:
        """Class numbers (height, width) of a label map (height, width, 1 or 3).

        Args:
            image: of the palette's dtype; grey is taken as colour where the palette has colours.
            name: the file's, for the message.

        Raises:
            UserError: the image is of another type or has a colour that is not in the palette.
        """
        if image.dtype.name != self.dtype:
            message = f"{name} holds {image.dtype.name} values where the label maps hold "
            raise UserError(f"{message}{self.dtype}; save it as those.")
        packed = _packed(to_channels(image, self.channels, name) if self.channels == 3 else image)
        if image.shape[2] > self.channels:  # colours where grey is meant: only grey ones can fit
            keys = _packed(np.array([[colour * 3 for colour in self.colours]], image.dtype))[0]
        else:
            keys = _packed(self._array()[None])[0]
        classes = np.full(packed.shape, MAX_COLOURS, np.uint8)
        for number, key in enumerate(keys):
            classes[packed == key] = number
        if (classes == MAX_COLOURS).any():
            row, column = np.argwhere(classes == MAX_COLOURS)[0]
            colour = ", ".join(map(str, image[row, column]))
            message = (
                f"{name} has the colour ({colour}) at row {row}, column {column}, which is none of "
                f"the {len(keys)} label colours; correct it or treat the targets as values."
            )
            raise UserError(message)
        return classes

    def decode(self, classes: NDArray[Any]) -> Array:
        """The label map (height, width, 1 or 3) of class numbers (height, width)."""
        return self._array().take(classes, axis=0)

    def nearest(self, values: NDArray[np.floating[Any]], scaling: Scaling) -> Array:
        """The label map whose colours are nearest to predicted values, so that none is new.

        Args:
            values: (height, width, channels) in the unit range of ``scaling``.
            scaling: the targets'.
        """
        height, width, channels = values.shape
        flat = values.reshape(-1, channels).astype(np.float32, copy=False)
        planes = np.ascontiguousarray(flat.T)
        classes = np.zeros(height * width, np.uint8)
        best = np.full(height * width, np.inf, np.float32)
        for number, colour in enumerate(scaling.to_unit(self._array())):
            distance = np.zeros_like(best)
            for plane, value in zip(planes, colour, strict=True):
                distance += (plane - value) ** 2
            np.copyto(classes, np.uint8(number), where=distance < best)
            np.minimum(best, distance, out=best)
        return self.decode(classes.reshape(height, width))

    def to_json(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"colours": [list(colour) for colour in self.colours], "dtype": self.dtype}

    @classmethod
    def from_json(cls, data: Any) -> Palette:
        """The palette that ``to_json`` wrote.

        Raises:
            UserError: it is none.
        """
        try:
            colours = tuple(tuple(int(value) for value in colour) for colour in data["colours"])
            return cls(colours, str(data["dtype"]))
        except (TypeError, KeyError, ValueError) as error:
            message = f"{data!r:.200} is no palette; the weights or project file is damaged."
            raise UserError(message) from error

    def _array(self) -> Array:
        return np.array(self.colours, self.dtype)


@dataclass
class ColourCount:
    """The colours of a set of images with their pixels, gathered image by image.

    Attributes:
        pixels: how many pixels have each colour; emptied when there are too many colours.
        flat: how many of them are equal to their right, lower and diagonal neighbours.
        dtypes: names of the types that occurred.
        many: more than 32 colours, or float values: no palette.
    """

    pixels: dict[Colour, int] = field(default_factory=dict)
    flat: dict[Colour, int] = field(default_factory=dict)
    dtypes: set[str] = field(default_factory=set)
    many: bool = False

    def add(self, image: Array) -> None:
        """Take in one image (height, width, 1 or 3)."""
        if not self.many:
            self.merge(_count(image))

    def merge(self, other: ColourCount) -> None:
        """Take in what another one gathered; grey joins coloured images as equal triples."""
        self.dtypes |= other.dtypes
        colours = self.pixels.keys() | other.pixels.keys()
        wide = any(len(colour) == 3 for colour in colours)
        for name in ("pixels", "flat"):
            total: dict[Colour, int] = {}
            for counts in (getattr(self, name), getattr(other, name)):
                for colour, count in counts.items():
                    key = colour * 3 if wide and len(colour) == 1 else colour
                    total[key] = total.get(key, 0) + count
            setattr(self, name, total)
        if self.many or other.many or len(self.pixels) > MAX_COLOURS or len(self.dtypes) > 1:
            self.many, self.pixels, self.flat = True, {}, {}

    def palette(self) -> Palette | None:
        """All colours that occurred, if there are at most 32; whether or not they are labels."""
        if self.many or not self.pixels:
            return None
        return Palette(tuple(sorted(self.pixels)), next(iter(self.dtypes)))

    def label_palette(self) -> Palette | None:
        """The palette if the set looks like label maps, else None.

        Two colours are labels. Of more, a colour that hardly ever fills a square of 2x2 pixels
        and is a mixture of two others comes from smoothing or noise: then these are no labels.
        Class numbers (0, 1, 2 ...) may have thin contours: up to half of them may look like that.
        """
        palette = self.palette()
        if palette is None or len(palette.colours) < 2:
            return None
        thin = [c for c in palette.colours if self.flat.get(c, 0) < _SOLID * self.pixels[c]]
        doubtful = sum(_is_mixture(colour, palette.colours) for colour in thin)
        numbers = palette.colours == tuple((n,) for n in range(len(palette.colours)))
        allowed = (len(palette.colours) - 1) / 2 if numbers else 0
        return palette if doubtful <= allowed else None


def find_palette(images: Iterable[Array]) -> Palette | None:
    """The palette of a set of label maps, None if it is none (see ``label_palette``)."""
    count = ColourCount()
    for image in images:
        count.add(image)
    return count.label_palette()


def _count(image: Array) -> ColourCount:
    result = ColourCount(dtypes={image.dtype.name})
    if image.dtype == np.float32:
        result.many = True
        return result
    packed = _packed(image)
    some = packed.ravel()[:: max(1, packed.size // 2048)]
    if len(np.unique(some)) > MAX_COLOURS:
        result.many = True
        return result
    flat: NDArray[Any] = np.zeros(packed.shape, np.bool_)
    across, down = packed[:-1, :-1] == packed[:-1, 1:], packed[:-1] == packed[1:]
    flat[:-1, :-1] = across & down[:, :-1] & down[:, 1:]
    packed, flat, pixels = packed.ravel(), flat.ravel(), image.reshape(-1, image.shape[2])
    rest = np.arange(packed.size)
    while rest.size:
        same = packed[rest] == packed[rest[0]]
        colour = tuple(int(value) for value in pixels[rest[0]])
        if len(result.pixels) == MAX_COLOURS:
            return ColourCount(dtypes=result.dtypes, many=True)
        result.pixels[colour] = int(np.count_nonzero(same))
        result.flat[colour] = int(np.count_nonzero(flat[rest[same]]))
        rest = rest[~same]
    return result


def _packed(image: Array) -> Array:
    """One number per pixel, (height, width), equal where the colours are equal."""
    if image.shape[2] == 1:
        return image[..., 0]
    step, kind = (2**8, np.uint32) if image.dtype == np.uint8 else (2**16, np.uint64)
    wide: Any = image.astype(kind)
    packed: Array = (wide[..., 0] * kind(step) + wide[..., 1]) * kind(step) + wide[..., 2]
    return packed


def _is_mixture(colour: Colour, colours: Iterable[Colour]) -> bool:
    """Whether a colour lies on the line between two others, up to rounding."""
    middle = np.array(colour, float)
    others = [np.array(other, float) for other in colours if other != colour]
    for one, other in combinations(others, 2):
        way = other - one
        part = float((middle - one) @ way / (way @ way))
        if 0 < part < 1 and np.abs(one + part * way - middle).max() <= 1:
            return True
    return False
