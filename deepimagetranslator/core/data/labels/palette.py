"""The palette of label maps: converts exact colours to class numbers and back.

Colours are tuples of one (grey) or three integers, as stored in the files. Classes are numbered in
the palette's order: black or zero first, then by value, unless the user chooses another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import MAX_COLOURS, Colour, LabelClass, colour_of
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.exclusive import channels_of_classes, decide
from deepimagetranslator.core.data.labels.nearest import closest, nearest_colours
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.pixels import to_channels
from deepimagetranslator.core.typing import Array

TOPS = {"uint8": 255, "uint16": 65535}


@dataclass(frozen=True)
class Palette:
    """The colours of a label map; their order numbers the classes.

    Attributes:
        colours: 1 to 32 different colours of 1 or 3 values each, which are learnt.
        dtype: of the label maps, "uint8" or "uint16".
        names: of the classes, possibly empty; () if no class has a name.
        written: the colours in translated images, 1 or 3 values each; () means ``colours``.
        snap: whether a pixel of an unknown colour gets the nearest class instead of an error.
        also: further colours of a class in the files, each with the class number.
        rest: the class of all other colours; -1 if there is none.
        exclusive: whether predicted values are decided among the classes, if these are exclusive
            (``exclusive``); else each pixel gets the nearest label colour.
    """

    colours: tuple[Colour, ...]
    dtype: str
    names: tuple[str, ...] = ()
    written: tuple[Colour, ...] = ()
    snap: bool = False
    also: tuple[tuple[Colour, int], ...] = ()
    rest: int = -1
    exclusive: bool = False

    def __post_init__(self) -> None:
        count = len(self.colours)
        further = tuple(colour for colour, _ in self.also)
        read = {colour_of(colour, 3) for colour in (*self.colours, *further)}
        top = TOPS.get(self.dtype, -1)
        held = [(colour, top) for colour in (*self.colours, *self.written)]
        held += [(colour, TOPS["uint16"]) for colour in further]
        good = (
            1 <= count <= MAX_COLOURS
            and len(read) == count + len(further)
            and {len(colour) for colour in (*self.colours, *further)} in ({1}, {3})
            and {len(colour) for colour in self.written} in (set(), {1}, {3})
            and all(0 <= value <= most for colour, most in held for value in colour)
            and all(len(listed) in (0, count) for listed in (self.names, self.written))
            and all(0 <= number < count for _, number in self.also)
            and -1 <= self.rest < count
        )
        if not good:
            raise UserError(f"{self!r:.200} is no palette; the weights or project file is damaged.")

    @classmethod
    def of(cls, classes: Sequence[LabelClass], dtype: str, snap: bool = False) -> Palette:
        """The palette of user-defined classes.

        Args:
            classes: 2 to 32.
            dtype: of the files; values above 255 make it "uint16", a class of the rest "uint8".
            snap: as the attribute.
        """
        read = [colour for one in classes for colour in (*one.colours, one.learnt)]
        channels = max(map(len, read))
        learnt = tuple(colour_of(one.learnt, channels) for one in classes)
        written: tuple[Colour, ...] = ()
        if any(one.written is not None for one in classes):
            chosen = [one.written or one.learnt for one in classes]
            written = tuple(colour_of(colour, max(map(len, chosen))) for colour in chosen)
        deep = any(value > TOPS["uint8"] for colour in (*read, *written) for value in colour)
        return cls(
            learnt,
            "uint16" if deep else "uint8" if any(one.rest for one in classes) else dtype,
            tuple(one.name for one in classes) if any(one.name for one in classes) else (),
            written if written != learnt else (),
            snap,
            tuple(
                (colour_of(colour, channels), number)
                for number, one in enumerate(classes)
                for colour in one.colours[1:]
            ),
            next((number for number, one in enumerate(classes) if one.rest), -1),
        )

    @property
    def channels(self) -> int:
        """1 for grey label maps, 3 for coloured ones."""
        return len(self.colours[0])

    @property
    def plain(self) -> bool:
        """Whether the files hold exactly ``colours``."""
        return not (self.snap or self.also or self.rest >= 0)

    @property
    def array(self) -> Array:
        """The colours as an image (1, classes, 1 or 3) of ``dtype``."""
        return np.array([self.colours], self.dtype)

    @property
    def class_names(self) -> tuple[str, ...]:
        """A unique name for every class: the user's, or class0, class1 and so on."""
        found: list[str] = []
        for number in range(len(self.colours)):
            name = (self.names[number] if self.names else "") or f"class{number}"
            found.append(name if name not in found else f"{name} {number}")
        return tuple(found)

    def is_pure(self, scaling: IntensityNormalization) -> bool:
        """Whether each channel of each colour is 0 or 1 after normalization."""
        units = scaling.to_unit(np.array(self.colours, self.dtype))
        return bool(np.isin(units, (0.0, 1.0)).all())

    def class_channels(self, scaling: IntensityNormalization) -> tuple[int, ...]:
        """The channel of each class (see ``exclusive``) by which predicted values are decided;
        empty if each pixel gets the nearest label colour."""
        return channels_of_classes(scaling.to_unit(self.array)[0]) if self.exclusive else ()

    def class_of(self, colour: Colour) -> int:
        """The class of an exact colour of the files; -1 if it has none."""
        read = {colour_of(c, 3): number for c, number in self.also}
        read |= {colour_of(c, 3): number for number, c in enumerate(self.colours)}
        return read.get(colour_of(colour, 3), self.rest)

    def encode(self, image: Array, name: str) -> NDArray[np.uint8]:
        """Class numbers (height, width) of a label map (height, width, 1 or 3).

        Args:
            image: integer values of any dtype; grey is converted to RGB if the palette is RGB.
            name: the file's name, for the message.

        Raises:
            UserError: it holds other values, or a colour without a class.
        """
        numbers = whole_numbers(image)
        if numbers is None and self.rest >= 0:
            numbers = self._without_large_numbers(image)
        if numbers is None:
            raise UserError(
                f"{name} holds fractions or values outside 0..65535 where label colours are "
                "expected; save it with whole numbers, or treat the targets as values."
            )
        values = to_channels(numbers, 3, name) if self.channels == 3 else numbers
        packed = pack(values)
        classes = np.full(packed.shape, MAX_COLOURS, np.uint8)
        for colour, number in (*zip(self.colours, range(MAX_COLOURS), strict=False), *self.also):
            key = pack_colour(colour_of(colour, values.shape[2]), values.dtype.name)
            if key is not None:
                classes[packed == key] = number
        unknown = classes == MAX_COLOURS
        if not unknown.any():
            return classes
        if self.rest >= 0:
            classes[unknown] = self.rest
        elif self.snap:
            classes[unknown] = self._snapped(values[unknown])
        else:
            raise self._refusal(image, unknown, name)
        return classes

    def exact(self, image: Array, name: str) -> Array:
        """The label map with each class in its learnt colour, of ``dtype``.

        Raises:
            UserError: as ``encode``; an image that needs no conversion is not checked.
        """
        if self.plain and image.dtype.name == self.dtype:
            return image
        learnt: Array = self.array[0].take(self.encode(image, name), axis=0)
        return learnt

    def decode(self, classes: NDArray[Any]) -> Array:
        """The label map (height, width, 1 or 3) of class numbers (height, width), as written."""
        written: Array = np.array(self.written or self.colours, self.dtype)
        return written.take(classes, axis=0)

    def nearest(self, values: NDArray[np.floating[Any]], scaling: IntensityNormalization) -> Array:
        """The label map of predicted values, see ``nearest_classes``.

        Args:
            values: (height, width, channels) in the unit range of ``scaling``.
            scaling: the targets' normalization.
        """
        return self.decode(self.nearest_classes(values, scaling))

    def nearest_classes(
        self, values: NDArray[np.floating[Any]], scaling: IntensityNormalization
    ) -> NDArray[np.uint8]:
        """The class numbers (height, width) of predicted values.

        They are those of the nearest colours or, if classes are ``exclusive``, of the likeliest
        class.

        Args:
            values: (height, width, channels) in the unit range of ``scaling``.
            scaling: the targets' normalization.
        """
        exclusive = self.class_channels(scaling)
        if exclusive:
            return decide(values, exclusive)
        height, width, channels = values.shape
        flat = values.reshape(-1, channels).astype(np.float32, copy=False)
        classes = closest(flat, scaling.to_unit(self.array)[0])
        return classes.reshape(height, width)

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON; default values are left out."""
        data: dict[str, Any] = {"colours": [list(c) for c in self.colours], "dtype": self.dtype}
        if self.names:
            data["names"] = list(self.names)
        if self.written:
            data["written"] = [list(colour) for colour in self.written]
        if self.also:
            data["also"] = [[list(colour), number] for colour, number in self.also]
        if self.snap:
            data["snap"] = True
        if self.rest >= 0:
            data["rest"] = self.rest
        if self.exclusive:
            data["exclusive"] = True
        return data

    @classmethod
    def from_json(cls, data: Any) -> Palette:
        """The palette written by ``to_json`` of this or an older version.

        Raises:
            UserError: the data are not a palette.
        """
        try:
            return cls(
                _colours(data["colours"]),
                str(data["dtype"]),
                tuple(str(name) for name in data.get("names", ())),
                _colours(data.get("written", ())),
                bool(data.get("snap", False)),
                tuple((_colours([c])[0], int(number)) for c, number in data.get("also", ())),
                int(data.get("rest", -1)),
                bool(data.get("exclusive", False)),
            )
        except (AttributeError, TypeError, KeyError, ValueError, OverflowError) as error:
            message = f"{data!r:.200} is no palette; the weights or project file is damaged."
            raise UserError(message) from error

    def _snapped(self, pixels: Array) -> NDArray[np.uint8]:
        colours = [*self.colours, *(colour for colour, _ in self.also)]
        numbers = [*range(len(self.colours)), *(number for _, number in self.also)]
        wide = [colour_of(colour, pixels.shape[1]) for colour in colours]
        return np.array(numbers, np.uint8)[nearest_colours(pixels, wide)]

    def _without_large_numbers(self, image: Array) -> Array | None:
        """The image as uint16; numbers above 65535 become one that belongs to the rest class."""
        numbers = large_numbers(image)
        if numbers is None:
            return None
        read = {c[0] for c in (*self.colours, *(colour for colour, _ in self.also))}
        other = next(value for value in range(TOPS["uint16"], 0, -1) if value not in read)
        large = numbers > TOPS["uint16"]
        return np.where(large, np.uint16(other), numbers.astype(np.uint16))

    def _refusal(self, image: Array, unknown: NDArray[np.bool_], name: str) -> UserError:
        row, column = np.argwhere(unknown)[0]
        colour = ", ".join(f"{value:g}" for value in image[row, column])
        return UserError(
            f"{name} has the colour ({colour}) at row {row}, column {column}, which is none of the "
            f"{len(self.colours)} label colours; correct it, take the nearest label colour, or "
            "treat the targets as values."
        )


def whole_numbers(image: Array) -> Array | None:
    """The image as uint8 or uint16 if its values are integers from 0 to 65535, else None."""
    if image.dtype.name in TOPS:
        return image
    # A few values first, as most float images hold fractions.
    for part in (image.ravel()[:: max(1, image.size // 512)], image):
        if not (np.isfinite(part).all() and part.min(initial=0) >= 0):
            return None
        if part.max(initial=0) > TOPS["uint16"] or (part != np.rint(part)).any():
            return None
    return image.astype(np.uint16)


def large_numbers(image: Array) -> NDArray[np.uint32] | None:
    """A grey image as uint32 if it holds integers from 0, some above 65535, as of many numbered
    objects; else None. float32 images hold them exactly up to 16,777,216."""
    top = image.max(initial=0)
    if image.shape[2] != 1 or not (TOPS["uint16"] < top < 2**32 and image.min(initial=0) >= 0):
        return None
    numbers: NDArray[np.uint32] = image.astype(np.uint32)
    return numbers if (numbers == image).all() else None


def pack(image: Array) -> Array:
    """A uint8 or uint16 image's colours packed into one integer per pixel, (height, width)."""
    if image.shape[2] == 1:
        return image[..., 0]
    bits, kind = (8, np.uint32) if image.dtype == np.uint8 else (16, np.uint64)
    packed: Array = image[..., 0].astype(kind)
    for channel in (1, 2):
        packed <<= kind(bits)
        packed |= image[..., channel]
    return packed


def pack_colour(colour: Colour, dtype: str) -> int | None:
    """A colour packed as by ``pack``; None if the dtype cannot hold it."""
    if max(colour) > TOPS[dtype]:
        return None
    bits = 8 if dtype == "uint8" else 16
    return sum(value << bits * place for place, value in enumerate(reversed(colour)))


def _colours(data: Any) -> tuple[Colour, ...]:
    return tuple(tuple(int(value) for value in colour) for colour in data)
