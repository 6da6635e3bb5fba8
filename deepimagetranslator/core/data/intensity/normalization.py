"""Intensity normalization: file values to [0, 1] and back, one for a whole set of images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.intensity.histogram import (
    Distribution,
    ValueCounts,
    counted,
    without,
)
from deepimagetranslator.core.data.intensity.padding import padding_values
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.header import Header

TYPE_MAXIMUM = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
TYPE_WORDS = {"uint8": "8-bit", "uint16": "16-bit", "float32": "float"}
_SPANS = float(np.finfo(np.float32).smallest_normal), float(np.finfo(np.float32).max)
KINDS = ("type", "data", "window", "image")


@dataclass(frozen=True)
class IntensityNormalization:
    """Maps file values to [0, 1], and back to a type for writing.

    Attributes:
        kind: "type" divides an integer image by the largest value of its own type, so that 8-bit
            files suit weights trained on 16-bit ones too; "data" maps ``low``..``high`` to 0..1;
            "window" does so too and clips what lies outside; "image" maps each image's own lowest
            and highest value.
        low: the value that becomes 0, after adding the offset; 0 for "type".
        high: the value that becomes 1; the maximum of ``dtype`` for "type", 1 for float.
        dtype: of the written images: "uint8", "uint16" or "float32".
        offset: added first to the values of integer files, such as -1024 if they hold Hounsfield
            units + 1024; values of float files are already in real units.
    """

    kind: str
    low: float
    high: float
    dtype: str
    offset: float = 0.0

    def __post_init__(self) -> None:
        known = self.kind in KINDS and self.dtype in TYPE_MAXIMUM
        finite = np.isfinite([self.low, self.high, self.offset]).all()
        if not (known and finite and self.low < self.high):
            raise UserError(f"{self} is not a scaling; the weights or project file is damaged.")

    def to_unit(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """File values of any shape as float32, [0, 1] within the range; NaN becomes 0."""
        if self.kind == "image":
            return self.for_image(image).to_unit(image)
        values = image.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # becomes infinite or NaN: see below
            if self.kind != "type":
                values -= np.float32(self.low - self.offset_of(image))
                values /= np.float32(self.high - self.low)
            elif image.dtype != np.float32:
                values /= np.float32(TYPE_MAXIMUM[image.dtype.name])
        if image.dtype == np.float32:
            np.nan_to_num(values, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        if self.kind == "window":
            np.clip(values, 0, 1, out=values)
        return values

    def from_unit(self, values: NDArray[Any]) -> NDArray[Any]:
        """[0, 1] as file values of ``dtype``: integers rounded and clipped, floats not clipped.

        With a window, floats are clipped to its limits too.
        """
        result = self.meaning(values)
        if self.dtype != "float32":
            result -= np.float32(self.offset)
            np.rint(result, out=result)
            np.clip(result, 0, TYPE_MAXIMUM[self.dtype], out=result)
        return result.astype(self.dtype)

    def meaning(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """[0, 1] as values in real units, such as Hounsfield units: the offset is included."""
        result = values.astype(np.float32)
        if self.kind == "window":
            np.clip(result, 0, 1, out=result)
        with np.errstate(over="ignore", invalid="ignore"):
            result *= np.float32(self.high - self.low)
            result += np.float32(self.low)
        return result

    def for_image(self, image: NDArray[Any]) -> IntensityNormalization:
        """The normalization for all parts of one image: this one, unless ``kind`` is "image"."""
        if self.kind != "image":
            return self
        values = ValueRange()
        values.add(image)
        return replace(choose_normalization(values, "data"), dtype=self.dtype)

    def offset_of(self, image: NDArray[Any]) -> float:
        """The offset that applies to an image of this dtype."""
        return 0.0 if image.dtype == np.float32 else self.offset

    def fits(self, dtype: str) -> bool:
        """Whether the normalization applies to files of this dtype.

        A window is in real units, so it applies to 16-bit and float files. A range of file values
        applies to its own dtype only ("uint8", "uint16" or "float32").
        """
        if self.kind in ("type", "image"):
            return True
        if self.kind == "window" and self.dtype != "uint8":
            return dtype != "uint8"
        return dtype == self.dtype

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> IntensityNormalization:
        """The inverse of ``to_json``.

        Raises:
            UserError: the data are not a normalization.
        """
        try:
            data = {"offset": 0.0, **data}  # weights of version 2.0 have no offset
            low, high, offset = (float(data[key]) for key in ("low", "high", "offset"))
            found = cls(str(data["kind"]), low, high, str(data["dtype"]), offset)
            if not _SPANS[0] <= high - low <= _SPANS[1]:
                raise ValueError("a range that cannot be divided by")
            return found
        except (TypeError, KeyError, ValueError) as error:
            message = f"{data!r:.200} is not a scaling; the weights or project file is damaged."
            raise UserError(message) from error


def conversion(
    source: IntensityNormalization, destination: IntensityNormalization
) -> tuple[float, float]:
    """Gain and shift from [0, 1] of one normalization to [0, 1] of another: the same file value.

    Two ranges of file types are both the whole range of their images' type, whichever it is.

    Args:
        source, destination: none of kind "image", which has no constants.
    """
    if source.kind == destination.kind == "type":
        return 1.0, 0.0
    span = destination.high - destination.low
    return (source.high - source.low) / span, (source.low - destination.low) / span


BYTES = IntensityNormalization("type", 0.0, 255.0, "uint8")
"""8-bit values divided by 255, as the 2021 program read all its images."""


@dataclass
class ValueRange:
    """Lowest and highest value, types and channels of a set, gathered image by image.

    Attributes:
        low: lowest finite value so far; infinity before the first.
        high: highest finite value so far.
        dtypes: names of the types that occurred.
        channels: numbers of channels that occurred.
        values: (256,) which values occurred in 8-bit images.
        integers: counts of the values of 8-bit and 16-bit images.
        floats: counts of the values of float images.
        units: what the values are, such as "CT, HU"; an empty text for unknown ones.
        padded: some images have padding (``padding_values``), which counts in none of the above.
    """

    low: float = np.inf
    high: float = -np.inf
    dtypes: set[str] = field(default_factory=set)
    channels: set[int] = field(default_factory=set)
    values: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(256, np.bool_))
    integers: ValueCounts = field(default_factory=ValueCounts)
    floats: ValueCounts = field(default_factory=ValueCounts)
    units: set[str] = field(default_factory=set)
    padded: bool = False

    @classmethod
    def of(cls, images: Iterable[NDArray[Any]]) -> ValueRange:
        """The values of a few images (height, width, channels)."""
        result = cls()
        for image in images:
            result.add(image)
        return result

    def add(self, image: NDArray[Any], header: Header | None = None) -> None:
        """Add one image (height, width, channels) without its padding.

        Args:
            image: its pixels.
            header: of its file; None for pixels that come from no file.
        """
        padding: tuple[float, ...] = ()
        if header is not None:
            padding = padding_values(image, header)
            self.units.add(header.unit)
        self.dtypes.add(image.dtype.name)
        self.channels.add(image.shape[2])
        self.padded |= bool(padding)
        found = without(counted(image), padding)
        counts = self.floats if image.dtype == np.float32 else self.integers
        if image.dtype == np.uint8:
            self.values[found[0].astype(np.intp)] = True
            image = found[0]
        elif padding:
            image = image[np.isfinite(image) & ~np.isin(image, padding)]
        elif image.dtype == np.float32:
            image = image[np.isfinite(image)]
        if image.size:
            low, high = float(image.min()), float(image.max())
            self.low, self.high = min(self.low, low), max(self.high, high)
            counts.add(found, low, high)

    def merge(self, other: ValueRange) -> None:
        """Add the values of another set."""
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.dtypes |= other.dtypes
        self.channels |= other.channels
        self.values |= other.values
        self.integers.merge(other.integers)
        self.floats.merge(other.floats)
        self.units |= other.units
        self.padded |= other.padded

    def distribution(self, offset: float = 0.0) -> Distribution:
        """The distribution of the values, with ``offset`` added to those of integer images."""
        values, counts = self.integers.table()
        more, more_counts = self.floats.table()
        values = np.concatenate([values + np.float32(offset), more])
        counts = np.concatenate([counts, more_counts])
        order = np.argsort(values, kind="stable")
        low = min(self.integers.low + offset, self.floats.low)
        high = max(self.integers.high + offset, self.floats.high)
        low, high = (low, high) if low <= high else (0.0, 1.0)
        return Distribution(values[order], counts[order], low, high)

    @property
    def unit(self) -> str:
        """What all values are, such as "CT, HU"; empty if that differs or is unknown."""
        return next(iter(self.units)) if len(self.units) == 1 else ""

    @property
    def dtype(self) -> str:
        """The type that holds all of the set's values."""
        return max(self.dtypes, key=lambda name: list(TYPE_MAXIMUM).index(name), default="uint8")


def choose_normalization(
    values: ValueRange,
    choice: str = "automatic",
    target: bool = False,
    *,
    window: tuple[float, float] = (0.0, 1.0),
    percentile: float = 0.5,
    offset: float = 0.0,
) -> IntensityNormalization:
    """The intensity normalization of a set of images.

    Args:
        values: of the whole training set.
        choice: "type", "data" (lowest to highest value), "percentiles" (percentile range),
            "window" (the given limits), "image" (each image's own range), or "automatic": "data"
            for 16-bit and float images, else "type". A mix of 8-bit and 16-bit images gets "type":
            each is divided by the maximum of its own type.
        target: whether "automatic" stretches grey 8-bit masks of two values, such as 0 and 1.
        window: for "window": the values that become 0 and 1, after adding the offset.
        percentile: for "percentiles": per cent of the values cut off at each end.
        offset: as in ``IntensityNormalization``.

    Returns:
        A normalization that never divides by zero, even for a constant set. The range of images
        with padding clips, as its values lie outside.
    """
    dtype = values.dtype
    if choice == "automatic":
        mask = values.dtypes == {"uint8"} and values.channels == {1} and values.values.sum() == 2
        stretched = target and mask and (values.low, values.high) != (0, 255)
        deep = values.dtypes == {"uint16"} or "float32" in values.dtypes
        choice = "data" if deep or stretched else "type"
    if choice == "type":
        return IntensityNormalization("type", 0.0, TYPE_MAXIMUM[dtype], dtype)
    if choice == "window":
        return IntensityNormalization("window", *window, dtype, offset)
    spread = values.distribution(offset)
    low, high = spread.low, spread.high
    if choice == "percentiles":
        inner = spread.quantile(percentile / 100), spread.quantile(1 - percentile / 100)
        # In sparse images nearly all values are equal, so the percentile range may be empty.
        low, high = inner if inner[0] < inner[1] else (low, high)
    high = high if low < high else low + max(1.0, abs(low))
    kind = {"percentiles": "window", "image": "image"}.get(choice, "data")
    if kind == "data" and values.padded:
        kind = "window"  # padding lies far outside and must be clipped
    return IntensityNormalization(kind, low, high, dtype, offset)
