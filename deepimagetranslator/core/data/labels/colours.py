"""Counts the colours of a set of targets, and decides whether they are label maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.classes import MAX_COLOURS, Colour, colour_of
from deepimagetranslator.core.data.labels.encodings import palette_of_encodings
from deepimagetranslator.core.data.labels.palette import (
    TOPS,
    Palette,
    large_numbers,
    pack,
    whole_numbers,
)
from deepimagetranslator.core.data.labels.sketch import Sketch
from deepimagetranslator.core.typing import Array

_SOLID = 0.1  # minimum fraction of a label colour's pixels in flat 2 x 2 squares
_MOST_GROUPS = 64
_INSTANCES_FLAT, _INSTANCES_SMOOTH = 0.6, 0.3


@dataclass(frozen=True)
class Regions:
    """Counts that distinguish instance masks from smooth grey images of integers.

    Attributes:
        grey: whether all images are grey and hold integers.
        inside: number of pixels that are not 0.
        flat: of these, pixels equal to their right, lower and diagonal neighbours.
        changes: number of pixels that differ from their right neighbour.
        small: of these, differences of 1 or 2 between two nonzero pixels.
    """

    grey: bool = True
    inside: int = 0
    flat: int = 0
    changes: int = 0
    small: int = 0

    def joined(self, other: Regions) -> Regions:
        """The sum of both."""
        return Regions(
            self.grey and other.grey,
            self.inside + other.inside,
            self.flat + other.flat,
            self.changes + other.changes,
            self.small + other.small,
        )

    @property
    def numbered(self) -> bool:
        """Whether regions are flat, without the small steps of a smooth image."""
        flat = self.flat >= _INSTANCES_FLAT * max(1, self.inside)
        return self.grey and flat and self.small <= _INSTANCES_SMOOTH * max(1, self.changes)


@dataclass
class ColourCount:
    """The colours of a set of images, counted image by image.

    Attributes:
        pixels: number of pixels of each colour; emptied when there are too many colours.
        flat: number of these that equal their right, lower and diagonal neighbours.
        groups: sets of colours that occur together in a file; subsets of others are left out.
        dtypes: names of the dtypes; floats with integer values count as uint16.
        many: there are more than 32 colours, or fractions, so no exact palette.
        sketch: colours of 8-bit images of many colours, to recognize blurred label maps.
        regions: of grey images, to recognize instance masks.
    """

    pixels: dict[Colour, int] = field(default_factory=dict)
    flat: dict[Colour, int] = field(default_factory=dict)
    groups: tuple[frozenset[Colour], ...] = ()
    dtypes: set[str] = field(default_factory=set)
    many: bool = False
    sketch: Sketch = field(default_factory=Sketch)
    regions: Regions = Regions()

    def add(self, image: Array) -> None:
        """Add one image (height, width, 1 or 3)."""
        self.merge(_count(image))

    def merge(self, other: ColourCount) -> None:
        """Add the counts of another set; grey becomes (v, v, v) if one of the sets has colours."""
        self.dtypes |= other.dtypes
        self.sketch.merge(other.sketch)
        self.regions = self.regions.joined(other.regions)
        ours, theirs = (max(map(len, each), default=0) for each in (self.pixels, other.pixels))
        channels = max(ours, theirs, 1)
        for name in ("pixels", "flat"):
            total: dict[Colour, int] = getattr(self, name)
            if ours not in (0, channels):
                total = {colour_of(colour, channels): count for colour, count in total.items()}
            for colour, count in getattr(other, name).items():
                key = colour if theirs == channels else colour_of(colour, channels)
                total[key] = total.get(key, 0) + count
            setattr(self, name, total)
        self.groups = _joined_groups(self.groups, other.groups, channels)
        if self.many or other.many or len(self.pixels) > MAX_COLOURS:
            if self.dtypes == {"uint8"}:
                self.sketch.add_counts(self.pixels, self.flat)
            self.many, self.pixels, self.flat, self.groups = True, {}, {}, ()

    @property
    def dtype(self) -> str:
        """The smallest dtype for label maps in these colours."""
        small = (
            max((value for colour in self.pixels for value in colour), default=0) <= TOPS["uint8"]
        )
        return "uint8" if "uint8" in self.dtypes and (small or self.many) else "uint16"

    def palette(self) -> Palette | None:
        """The palette of all colours, if there are at most 32; whether or not they are labels.

        Files that encode the same classes as 0, 1, 2 ... and stretched to 255 give one palette.
        """
        if self.many or not self.pixels:
            return None
        small = "uint8" in self.dtypes
        return palette_of_encodings(self.pixels, self.groups, small) or Palette(
            tuple(sorted(self.pixels)), self.dtype
        )

    def label_palette(self) -> Palette | None:
        """The palette if the set looks like label maps, else None.

        Two colours always count as labels. With more colours, one that rarely fills a 2 x 2 square
        and is a mixture of two others comes from smoothing or noise, so these are not labels.
        Class numbers (0, 1, 2 ...) may have thin contours, so up to half of them may be like that.
        """
        palette = self.palette()
        if palette is None or len(palette.colours) < 2:
            return None
        thin = [c for c in palette.colours if self.flat.get(c, 0) < _SOLID * self.pixels[c]]
        doubtful = sum(_is_mixture(colour, palette.colours) for colour in thin)
        numbers = palette.colours == tuple((n,) for n in range(len(palette.colours)))
        allowed = (len(palette.colours) - 1) / 2 if numbers else 0
        return palette if doubtful <= allowed else None

    def blurred_palette(self) -> Palette | None:
        """The palette of label maps blurred by smoothing or JPEG; None if they are not.

        It assigns each pixel to the nearest colour.
        """
        if self.dtypes != {"uint8"}:
            return None
        sketch = self.sketch
        if not self.many:
            sketch = Sketch()
            sketch.add_counts(self.pixels, self.flat)
        colours = sketch.label_colours()
        if not 2 <= len(colours) <= MAX_COLOURS:
            return None
        if all(len(set(colour)) == 1 for colour in colours):
            colours = tuple(colour[:1] for colour in colours)
        return Palette(colours, "uint8", snap=True)

    def shares(self, palette: Palette) -> list[float]:
        """The approximate fraction of the pixels of each class; nan if not counted."""
        count = len(palette.colours)
        if self.many and self.dtypes != {"uint8"}:
            return [float("nan")] * count
        pixels = [0.0] * count
        if self.many:
            pixels = self.sketch.pixels_near(palette.colours)
        for colour, number in self.pixels.items():
            if (at := palette.class_of(colour)) >= 0:
                pixels[at] += number
        whole = float(sum(self.pixels.values())) or sum(pixels) or 1.0
        return [part / whole for part in pixels]

    @property
    def instances(self) -> bool:
        """Whether the images look like instance masks: flat regions of many different greys."""
        return self.many and self.blurred_palette() is None and self.regions.numbered


def _count(image: Array) -> ColourCount:
    numbers = whole_numbers(image)
    if numbers is None:
        return ColourCount(dtypes={image.dtype.name}, many=True, regions=_large_regions(image))
    result = ColourCount(dtypes={numbers.dtype.name})
    packed = pack(numbers)
    flat = _flat(packed)
    result.regions = _regions(packed, flat) if image.shape[2] == 1 else Regions(grey=False)
    common = np.unique(packed.ravel()[:: max(1, packed.size // 2048)])
    if len(common) > MAX_COLOURS or not _count_colours(result, numbers, packed, flat, common):
        result.many, result.pixels, result.flat = True, {}, {}
        if numbers.dtype == np.uint8:
            result.sketch.add_image(packed, flat, grey=image.shape[2] == 1)
    result.groups = (frozenset(result.pixels),) if result.pixels else ()
    return result


def _count_colours(
    result: ColourCount, numbers: Array, packed: Array, flat: NDArray[np.bool_], common: Array
) -> bool:
    """Count every colour, the ``common`` ones first; False if there are more than 32."""
    bits, channels = 8 * numbers.dtype.itemsize, numbers.shape[2]

    def note(key: int, pixels: int, solid: int) -> None:
        places = range(bits * (channels - 1), -1, -bits)
        colour = tuple(key >> place & (1 << bits) - 1 for place in places)
        result.pixels[colour], result.flat[colour] = pixels, solid

    rest = np.ones(packed.shape, np.bool_)
    for key in common:
        same = packed == key
        rest &= ~same
        note(int(key), int(np.count_nonzero(same)), int(np.count_nonzero(same & flat)))
    keys, counts = np.unique(packed[rest], return_counts=True)
    if len(common) + len(keys) > MAX_COLOURS:
        return False
    for key, count in zip(keys, counts, strict=True):
        note(int(key), int(count), int(np.count_nonzero((packed == key) & flat)))
    return True


def _flat(packed: Array) -> NDArray[np.bool_]:
    """Which pixels are equal to their right, lower and diagonal neighbours."""
    flat: NDArray[Any] = np.zeros(packed.shape, np.bool_)
    across, down = packed[:-1, :-1] == packed[:-1, 1:], packed[:-1] == packed[1:]
    flat[:-1, :-1] = across & down[:, :-1] & down[:, 1:]
    return flat


def _large_regions(image: Array) -> Regions:
    """The regions of an image of numbers above 65535; of others that nothing is numbered."""
    numbers = large_numbers(image)
    if numbers is None:
        return Regions(grey=False)
    return _regions(numbers[..., 0], _flat(numbers[..., 0]))


def _regions(packed: Array, flat: NDArray[np.bool_]) -> Regions:
    inside = packed > 0
    left, right = packed[:, :-1], packed[:, 1:]
    changes = left != right
    step = np.maximum(left, right) - np.minimum(left, right)
    small = (step <= 2) & changes & inside[:, :-1] & inside[:, 1:]
    counts = (inside, flat & inside, changes, small)
    return Regions(True, *(int(np.count_nonzero(part)) for part in counts))


def _joined_groups(
    groups: tuple[frozenset[Colour], ...], further: tuple[frozenset[Colour], ...], channels: int
) -> tuple[frozenset[Colour], ...]:
    """All groups without subsets of others; merged into one group if there are too many."""
    largest: list[frozenset[Colour]] = []
    for colours in (*groups, *further):
        group = frozenset(colour_of(colour, channels) for colour in colours)
        if not any(group <= other for other in largest):
            largest = [other for other in largest if not other < group] + [group]
    if len(largest) > _MOST_GROUPS:
        return (frozenset().union(*largest),)
    return tuple(largest)


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
